"""Leave somebody alone for a while."""

from __future__ import annotations

__all__ = ["Rest"]


class Rest:
    """Remember until when somebody is to be left alone. Of two wishes the longer one holds."""

    def __init__(self) -> None:
        self._until = 0.0
        self._longest = 0.0

    def rest(self, seconds: float, now: float) -> None:
        """Leave them alone for *seconds* from *now*, or for as long as was wished before."""
        seconds = max(seconds, self.remaining(now))
        self._until, self._longest = now + seconds, seconds

    def remaining(self, now: float) -> float:
        """Return the seconds that are left; 0 if there are none."""
        left = self._until - now
        if left > self._longest:  # the clock is another one, and behind
            self._until, left = now + self._longest, self._longest
        return max(0.0, left)
