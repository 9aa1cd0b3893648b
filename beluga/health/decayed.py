"""A mean of what has been seen of late."""

from __future__ import annotations

import math

__all__ = ["Decayed"]


class Decayed:
    """Keep a mean in which older samples count less, by their age and by how many followed.

    Args:
        half_life: Seconds after which a sample counts half.
        most: How many samples the mean rests on at most, so that a new one always moves it.
    """

    def __init__(self, half_life: float, most: float = 20.0) -> None:
        self._half_life, self._most = half_life, most
        self._mean = self._weight = self._at = 0.0

    def add(self, value: float, now: float) -> None:
        """Take in a sample."""
        weight = min(self.weight(now), self._most - 1.0)
        self._mean += (value - self._mean) / (weight + 1.0)
        self._weight, self._at = weight + 1.0, now

    def weight(self, now: float) -> float:
        """Return how many samples of this moment the mean is worth."""
        age = max(0.0, now - self._at)
        return self._weight * math.exp2(-age / self._half_life)

    def mean(self, now: float, least: float = 0.1) -> float | None:
        """Return the mean; `None` once it is worth less than *least* samples."""
        return self._mean if self._weight and self.weight(now) >= least else None
