"""How long something takes, by what has been seen of late."""

from __future__ import annotations

from collections import deque

__all__ = ["Latencies"]


class Latencies:
    """Estimate quantiles of a time from recent samples, each of which counts less as it ages.

    Args:
        half_life: Seconds in which a sample comes to count half.
        kept: How many of the newest samples are kept.
        least: How many samples an estimate needs, each counted by its weight.
    """

    def __init__(self, *, half_life: float = 300.0, kept: int = 128, least: float = 10.0) -> None:
        self._half_life, self._least = half_life, least
        self._samples: deque[tuple[float, float]] = deque(maxlen=kept)
        self._now = 0.0

    def add(self, seconds: float, now: float) -> None:
        """Take in that something took *seconds*."""
        self._follow(now)
        self._samples.append((now, seconds))

    def quantile(self, share: float, now: float) -> float | None:
        """Return the time that *share* (0 to 1) of all stay within; `None` if too little is known.

        It is the smallest sample by which so much of the weight is reached.
        """
        self._follow(now)
        if len(self._samples) < self._least:
            return None
        weighted = sorted(
            [(seconds, 0.5 ** ((now - at) / self._half_life)) for at, seconds in self._samples]
        )
        total = sum([weight for _, weight in weighted])
        if total < self._least:
            return None
        reached = 0.0
        for seconds, weight in weighted:
            reached += weight
            if reached >= share * total:
                return seconds
        return weighted[-1][0]

    def _follow(self, now: float) -> None:
        if now < self._now:  # another clock: the samples are as old as they were
            shift = now - self._now
            self._samples = deque(
                [(at + shift, seconds) for at, seconds in self._samples], self._samples.maxlen
            )
        self._now = now
