"""How much of the gap between two models a router recovers, over all shares of dear calls.

APGR (average performance gap recovered) of I. Ong et al., "RouteLLM: Learning to Route LLMs with
Preference Data", 2024: the area under (quality - weak) / (strong - weak) over the share of requests
that go to the stronger model. Choosing by chance has 0.5. Here it is exact: every threshold counts,
and what scores the same goes to the stronger model by chance.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import groupby

__all__ = ["Interval", "Ranking", "compared"]

Interval = tuple[float, float]

_DRAWS = 400


class Ranking:
    """Gains in the order in which requests would go to the stronger model.

    Args:
        scores: How much each request should; more is earlier.
        gains: How much better the stronger model's answer was.
    """

    def __init__(self, scores: Sequence[float], gains: Sequence[float]) -> None:
        order = sorted(range(len(scores)), key=lambda i: -scores[i])
        self._groups = [list(g) for _, g in groupby(order, key=lambda i: scores[i])]
        self._gains = gains

    def curve(self) -> Iterator[tuple[float, float]]:
        """Give the share of requests that go to the stronger model, and the mean gain by it."""
        count, gained, size = 0, 0.0, len(self._gains)
        yield 0.0, 0.0
        for group in self._groups:
            count += len(group)
            gained += sum(self._gains[i] for i in group)
            yield count / size, gained / size

    def apgr(self, counts: Sequence[int] | None = None) -> float:
        """Return the area.

        Args:
            counts: How often each request counts; once if not given.
        """
        area, gained, size = 0.0, 0.0, 0
        for group in self._groups:
            times = [1 if counts is None else counts[i] for i in group]
            more = sum(n * self._gains[i] for n, i in zip(times, group, strict=True))
            area += sum(times) * (gained + more / 2)
            gained += more
            size += sum(times)
        return area / size / gained


def compared(ranking: Ranking, other: Ranking, size: int) -> tuple[Interval, Interval]:
    """Return 95 % intervals: of one ranking's area, and of by how much it is above another's.

    Both are of the same requests, drawn anew with replacement, the same for both.
    """
    chance = random.Random(1)
    areas, above = [], []
    for _ in range(_DRAWS):
        counts = [0] * size
        for place in chance.choices(range(size), k=size):
            counts[place] += 1
        areas.append(ranking.apgr(counts))
        above.append(areas[-1] - other.apgr(counts))
    return _middle(areas), _middle(above)


def _middle(values: Sequence[float]) -> Interval:
    ordered = sorted(values)
    cut = round(len(ordered) * 0.025)
    return ordered[cut], ordered[-cut - 1]
