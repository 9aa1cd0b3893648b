"""Leave somebody alone for a while: until when, and for what."""

from __future__ import annotations

import math

import msgspec

from beluga.errors import invalid_input
from beluga.schema import Failure

__all__ = ["Cooldown", "Rest"]


class Cooldown(msgspec.Struct, frozen=True, repr_omit_defaults=True):
    """Say for what a model is left alone, and for how long.

    Attributes:
        failures: How many in a row, of a provider that is overloaded, slow, down or breaks off.
        seconds: For how long then; after it one request is let through, by which it is judged.
        rate_limited: Seconds after a 429 that names no time of its own.
        refused: Seconds after what will not pass by itself: a wrong key, an unknown model, an
            account without money.
        longest: Seconds; for no longer than that, whatever a provider asks.

    Raises:
        InvalidInputError: A number is out of its range.
    """

    failures: int = 3
    seconds: float = 30.0
    rate_limited: float = 5.0
    refused: float = 60.0
    longest: float = 600.0

    def __post_init__(self) -> None:
        count = self.failures
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise invalid_input(
                f"Cooldown: failures says how many in a row are too many, 1 or more; got {count!r}"
            )
        for name in ("seconds", "rate_limited", "refused", "longest"):
            value = getattr(self, name)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not 0 <= value < math.inf or (name == "seconds" and not value):
                least = "above 0" if name == "seconds" else "0 or more"
                raise invalid_input(f"Cooldown: {name} is in seconds, {least}; got {value!r}")

    def after(self, failure: Failure) -> float:
        """Return seconds for which a model is left alone because of this failure by itself."""
        if failure.local:
            return 0.0
        if failure.code in {"auth_error", "not_found", "budget_exhausted"}:
            return self.refused
        if failure.code == "rate_limit":
            hint = failure.retry_after
            return min(self.rate_limited if hint is None else hint, self.longest)
        if failure.code in {"provider_unavailable", "timeout", "incomplete_stream"}:
            return min(failure.retry_after or 0.0, self.longest)
        return 0.0


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
