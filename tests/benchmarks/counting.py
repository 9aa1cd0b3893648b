"""How long counting a megabyte keeps others from running, and how much is counted in a second."""

from __future__ import annotations

import sys
import time
from collections.abc import Awaitable, Callable

import anyio

from beluga import ContextManager, HumanMessage, apply_middleware, preload, with_limits
from beluga.stores import ProviderLimits
from beluga.testing import ScriptedModel
from beluga.tokens.encodings import encoded

__all__ = ["MEGABYTE", "lags", "main", "speed"]

MEGABYTE = 1_000_000

_TICK = 0.001


async def lags(turns: int) -> dict[str, float]:
    """Return the longest wait of another task, in milliseconds, for each way to count."""
    await preload()
    return {
        "nothing": max([await _lag(_nothing, turn, 1) for turn in range(turns)]),
        "fitting one message": max([await _lag(_fit, turn, 1) for turn in range(turns)]),
        "fitting 250 messages": max([await _lag(_fit, turn, 250) for turn in range(turns)]),
        "waiting at a limit": max([await _lag(_limited, turn, 1) for turn in range(turns)]),
    }


def speed(turns: int) -> float:
    """Return millions of characters counted in a second of CPU."""
    text = _text(turns)
    start = time.process_time()
    for _ in range(turns):
        encoded(text, "o200k")
    return turns * len(text) / (time.process_time() - start) / 1e6


async def _lag(count: Callable[[list[str]], Awaitable[object]], turn: int, parts: int) -> float:
    longest, text = 0.0, _text(turn)
    size = len(text) // parts
    texts = [text[i * size : (i + 1) * size] for i in range(parts)]

    async def tick() -> None:
        nonlocal longest
        while True:
            start = time.perf_counter()
            await anyio.sleep(_TICK)
            longest = max(longest, time.perf_counter() - start - _TICK)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tick)
        await anyio.sleep(10 * _TICK)
        longest = 0.0
        await count(texts)
        tasks.cancel_scope.cancel()
    return longest * 1e3


async def _nothing(_texts: list[str]) -> object:
    return await anyio.sleep(0.2)


async def _fit(texts: list[str]) -> object:
    history = [HumanMessage(text) for text in texts]
    return await ContextManager("semantic").fit([*history, HumanMessage("Which?")], 4000)


async def _limited(texts: list[str]) -> object:
    limits = with_limits(ProviderLimits(tpm=10**9))
    return await apply_middleware(ScriptedModel(["ok"]), limits).generate(f"Sum up: {texts[0]}")


def _text(turn: int) -> str:
    """Return a megabyte that nobody has counted before."""
    line = "recording {n} of {turn}: the whale dives under ice while scientists measure its songs\n"
    lines = [line.format(n=n, turn=turn) for n in range(MEGABYTE // 80)]
    return "".join(lines)[:MEGABYTE]


def main() -> None:
    """Print the figures."""
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print(f"counting: {speed(turns):.1f} million characters a second")
    for backend in ("asyncio", "trio"):
        print(f"the longest wait of another task while a megabyte is counted, {backend}")
        for name, milliseconds in anyio.run(lags, turns, backend=backend).items():
            print(f"  {name:<24} {milliseconds:6.1f} ms")


if __name__ == "__main__":
    main()
