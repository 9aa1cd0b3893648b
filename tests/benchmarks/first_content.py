"""The wait for a stream's first content on a connection that is open already."""

from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable

import httpx

import beluga
from tests.benchmarks.measure import Figure, figure

EVENTS = 10
STREAMS = 50
"""In a turn."""


async def measure(base_url: str, turns: int) -> dict[str, Figure]:
    """Return microseconds by the clock, since it is a wait; the median of each turn."""
    async with (
        httpx.AsyncClient(timeout=None, trust_env=False) as client,
        beluga.new("openai-compatible:gpt-5-mini", base_url=base_url) as model,
    ):

        async def raw() -> float:
            began = time.perf_counter()
            async with client.stream(
                "POST", f"{base_url}/chat/completions", content=b'{"stream":true}'
            ) as response:
                pieces = response.aiter_bytes()
                await anext(pieces)
                waited = time.perf_counter() - began
                async for _ in pieces:
                    pass
            return waited

        async def chunks() -> float:
            began = time.perf_counter()
            async with model.stream("Tell a story.") as stream:
                await anext(stream)
                waited = time.perf_counter() - began
                async for _ in stream:
                    pass
            return waited

        reference: list[float] = []
        mine: list[float] = []
        for turn in range(turns + 1):
            for program, waits in ((raw, reference), (chunks, mine)):
                wait = await _median(program)
                if turn:
                    waits.append(wait * 1e6)
        return {"reference": figure(reference, reference), "chunks": figure(reference, mine)}


async def _median(program: Callable[[], Awaitable[float]]) -> float:
    return statistics.median([await program() for _ in range(STREAMS)])
