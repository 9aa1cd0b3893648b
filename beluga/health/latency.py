"""How long something takes, by what has been seen of late."""

from __future__ import annotations

from collections import deque

__all__ = ["Latencies"]


class Latencies:
    """Estimate quantiles of a time from recent samples, of which older ones count less.

    Args:
        half_life: Seconds by which a sample is older than the newest one when it counts half.
        kept: How many of the newest samples are kept.
        least: How many samples an estimate needs.
    """

    def __init__(self, *, half_life: float = 300.0, kept: int = 128, least: int = 10) -> None:
        self._half_life, self._least = half_life, least
        self._samples: deque[tuple[float, float]] = deque(maxlen=kept)

    def add(self, seconds: float, now: float) -> None:
        """Take in that something took *seconds*."""
        newest = self._samples[-1][0] if self._samples else now
        if now < newest:  # another clock: the samples are as far apart as they were
            shifted = [(at + now - newest, known) for at, known in self._samples]
            self._samples = deque(shifted, self._samples.maxlen)
        self._samples.append((now, seconds))

    def quantile(self, share: float) -> float | None:
        """Return the time that *share* (0 to 1) of all stay within; `None` if too little is known.

        It is the smallest sample by which so much of the weight is reached.
        """
        if len(self._samples) < self._least:
            return None
        newest = self._samples[-1][0]
        weighted = sorted(
            [(seconds, 0.5 ** ((newest - at) / self._half_life)) for at, seconds in self._samples]
        )
        wanted = share * sum([weight for _, weight in weighted])
        reached = 0.0
        for seconds, weight in weighted:
            reached += weight
            if reached >= wanted:
                return seconds
        return weighted[-1][0]
