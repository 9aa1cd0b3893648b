"""CPU time of fitting a history of about 14,000 tokens to 4,000, new and known."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable

from beluga import AIMessage, ContextManager, HumanMessage, Message, preload

__all__ = ["STRATEGIES", "measure"]

STRATEGIES = ("truncate", "sliding", "semantic", "adaptive")

MESSAGES = 320
BUDGET = 4000

_WORDS = (
    "{name}: the whale dives under ice while {n} scientists measure songs, depth and pressure; "
    "they write what they hear in notebook {n}, and compare it with recording {m} of last winter."
)


async def measure(turns: int) -> dict[str, tuple[float, float]]:
    """Return for each strategy milliseconds of CPU: for a new history, and for one turn more."""
    return {strategy: await _times(strategy, turns) for strategy in STRATEGIES}


async def _times(strategy: str, turns: int) -> tuple[float, float]:
    cold: list[float] = []
    warm: list[float] = []
    await preload()
    for turn in range(turns):
        manager, history = ContextManager(strategy), _history(f"{strategy} {turn}")
        grown = [*history, AIMessage("It sang."), HumanMessage("And recording 12?")]
        gc.collect()
        for times, messages in ((cold, history), (warm, grown)):
            start = time.process_time()
            fitted = await manager.fit(messages, BUDGET)
            times.append((time.process_time() - start) * 1e3)
            assert fitted.dropped
    return statistics.median(cold), statistics.median(warm)


def _history(name: str) -> list[Message]:
    """Return a history whose texts nobody has counted before."""
    kinds: tuple[Callable[[str], Message], ...] = (HumanMessage, AIMessage)
    return [
        *[kinds[n % 2](_WORDS.format(n=n, m=n * 7 % 101, name=name)) for n in range(MESSAGES)],
        HumanMessage("What did recording 77 of the winter hold?"),
    ]
