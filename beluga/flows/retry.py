"""When to try again, and after how long."""

from __future__ import annotations

import math
from typing import Protocol, TypeVar

import msgspec

from beluga.effects import HasClock, HasRandom
from beluga.errors import invalid_input
from beluga.flows.tries import Flow
from beluga.outcomes import Ok, Outcome
from beluga.schema import Failure

__all__ = ["Attempt", "CanBackOff", "RetryPolicy", "retry"]

T = TypeVar("T")


class CanBackOff(HasClock, HasRandom, Protocol):
    """What a retry may do: read time and draw numbers."""


class RetryPolicy(msgspec.Struct, frozen=True):
    """Say how often to try, and how long to wait in between.

    Attributes:
        attempts: How many at most, the first included.
        base: Seconds; the ceiling of the first wait. It doubles with every wait.
        cap: Seconds; no ceiling is higher.
        retry_after_cap: Seconds; a provider that asks for more is not waited for.
    """

    attempts: int = 3
    base: float = 0.5
    cap: float = 30.0
    retry_after_cap: float = 120.0

    def __post_init__(self) -> None:
        attempts = self.attempts
        if isinstance(attempts, bool) or not isinstance(attempts, int) or attempts < 1:
            raise invalid_input(
                f"attempts counts the first one too, so it is 1 or more; got {attempts!r}"
            )
        for name in ("base", "cap"):
            seconds = getattr(self, name)
            if not _is_number(seconds) or not 0 <= seconds < math.inf:
                raise invalid_input(f"{name} is a number of seconds, 0 or more; got {seconds!r}")
        longest = self.retry_after_cap
        if not _is_number(longest) or not longest >= 0:
            raise invalid_input(
                "retry_after_cap is a number of seconds, 0 or more, or math.inf to wait as long "
                f"as a provider asks; got {longest!r}"
            )


class Attempt(msgspec.Struct, frozen=True):
    """Try once more.

    Attributes:
        number: Which attempt it is; the first is 1.
        delay: Seconds to wait before it.
        after: How the one before it failed.
    """

    number: int
    delay: float = 0.0
    after: Failure | None = None


def retry(policy: RetryPolicy, fx: CanBackOff, deadline: float = math.inf) -> Flow[Attempt, T]:
    """Decide on attempts until one succeeds or no other is worth while.

    The wait is drawn from zero to a ceiling that doubles ("full jitter": M. Brooker, Exponential
    Backoff and Jitter, AWS Architecture Blog, 2015), and is as long as the provider asked for at
    least. No attempt follows a failure that is not retryable, a provider's wish beyond
    `retry_after_cap`, or a wait that would last to the deadline; the failure is then returned as
    it came, its `retry_after` included.

    Args:
        policy: How often, and how long.
        fx: The time and chance.
        deadline: When all attempts must have ended, on that clock.
    """
    attempt = Attempt(1)
    ceiling = min(policy.base, policy.cap)
    while True:
        outcome: Outcome[T] = yield attempt
        if isinstance(outcome, Ok) or not outcome.retryable or attempt.number == policy.attempts:
            return outcome
        asked = outcome.retry_after
        if asked is not None and asked > policy.retry_after_cap:
            return outcome
        delay = _wait(fx.random.uniform(0.0, ceiling), asked)
        if fx.clock.now() + delay >= deadline:
            return outcome
        attempt = Attempt(attempt.number + 1, delay, outcome)
        ceiling = min(ceiling * 2, policy.cap)


def _wait(jittered: float, asked: float | None) -> float:
    return asked if asked is not None and asked > jittered else jittered


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
