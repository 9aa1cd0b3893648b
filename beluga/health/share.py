"""An allowance for something extra: a share of what happens anyway."""

from __future__ import annotations

__all__ = ["Share"]


class Share:
    """Allow something extra for at most a share of all occasions.

    At no time has more been spent than *share* times the occasions so far. What is not spent is
    kept for later, up to what *memory* occasions bring, so that a quiet time is not paid for by a
    burst.

    Args:
        share: From 0 to 1.
        memory: Occasions.
    """

    def __init__(self, share: float, *, memory: int = 100) -> None:
        self._share = share
        self._most = max(1.0, share * memory)
        self._saved = 0.0

    @property
    def affordable(self) -> bool:
        """Whether something extra may be had now."""
        return self._saved >= 1.0

    def earn(self) -> None:
        """Count an occasion."""
        self._saved = min(self._most, self._saved + self._share)

    def spend(self) -> bool:
        """Take something extra, and return whether it was allowed."""
        if not self.affordable:
            return False
        self._saved -= 1.0
        return True
