"""How a ratio is measured: two programs take turns in one process, and CPU time is compared."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple, TypeAlias

__all__ = ["Figure", "figure", "ratios"]

Program: TypeAlias = Callable[[], Awaitable[int]]
"""Does its work once and returns how many units of it there were."""


class Figure(NamedTuple):
    """Time of one program, and its ratio to the reference.

    Attributes:
        microseconds: For a unit of work, the median of all turns.
        ratio: To the reference's, in the same turn; the median.
        low: The lowest ratio of all turns.
        high: The highest.
    """

    microseconds: float
    ratio: float
    low: float
    high: float


async def ratios(
    reference: Program, others: Mapping[str, Program], *, turns: int
) -> dict[str, Figure]:
    """Run all programs in turn, *turns* times, after one that is not counted."""
    times: dict[str, list[float]] = {"reference": [], **{name: [] for name in others}}
    for turn in range(turns + 1):
        for name, program in {"reference": reference, **others}.items():
            gc.collect()
            start = time.process_time()
            units = await program()
            spent = (time.process_time() - start) / units * 1e6
            if turn:
                times[name].append(spent)
    return {name: figure(times["reference"], mine) for name, mine in times.items()}


def figure(reference: list[float], mine: list[float]) -> Figure:
    """Compare a program's times with the reference's, turn by turn."""
    shares = [a / b for a, b in zip(mine, reference, strict=True)]
    return Figure(statistics.median(mine), statistics.median(shares), min(shares), max(shares))
