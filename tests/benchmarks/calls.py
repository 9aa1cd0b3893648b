"""Calls that are not streamed, one at a time and many at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
import httpx

import beluga
from tests.benchmarks.measure import Figure, ratios

PROMPT = "x" * 400


async def measure(base_url: str, turns: int, *, calls: int, at_once: int) -> dict[str, Figure]:
    """Return CPU microseconds for each call."""
    async with (
        httpx.AsyncClient(timeout=None, trust_env=False) as client,
        beluga.new("openai-compatible:gpt-5-mini", base_url=base_url) as model,
    ):

        async def ask_raw() -> None:
            body = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": PROMPT}]}
            response = await client.post(f"{base_url}/chat/completions", json=body)
            assert response.json()["choices"]

        async def ask() -> None:
            assert (await model.generate(PROMPT)).text

        return await ratios(
            lambda: _many(ask_raw, calls, at_once),
            {"generate": lambda: _many(ask, calls, at_once)},
            turns=turns,
        )


async def _many(ask: Callable[[], Awaitable[None]], calls: int, at_once: int) -> int:
    async def worker() -> None:
        for _ in range(calls // at_once):
            await ask()

    async with anyio.create_task_group() as tasks:
        for _ in range(at_once):
            tasks.start_soon(worker)
    return calls
