"""A stream of many chunks, an HTTP chunk for each event: beluga against bytes thrown away."""

from __future__ import annotations

import httpx

import beluga
from tests.benchmarks.measure import Figure, ratios

EVENTS = 20_000


async def measure(base_url: str, turns: int) -> dict[str, Figure]:
    """Return CPU microseconds for each event."""
    async with (
        httpx.AsyncClient(timeout=None, trust_env=False) as client,
        beluga.new("openai-compatible:gpt-5-mini", base_url=base_url) as model,
    ):

        async def raw() -> int:
            async with client.stream(
                "POST", f"{base_url}/chat/completions", content=b'{"stream":true}'
            ) as response:
                async for _ in response.aiter_bytes():
                    pass
            return EVENTS

        async def chunks() -> int:
            count = 0
            async with model.stream("Tell a story.") as stream:
                async for _ in stream:
                    count += 1
            assert count == EVENTS + 1
            return EVENTS

        async def text() -> int:
            count = 0
            async with model.stream("Tell a story.") as stream:
                async for _ in stream.text():
                    count += 1
            assert count == EVENTS
            return EVENTS

        return await ratios(raw, {"chunks": chunks, "text": text}, turns=turns)
