"""A circuit breaker: closed, open, or half-open with a single probe.

After M. Nygard, Release It! (2007), chapter 5.
"""

from __future__ import annotations

import math
from typing import Literal, Protocol, TypeAlias

import msgspec

from beluga.effects import Clock
from beluga.errors import invalid_input
from beluga.health.cooldown import Rest
from beluga.schema import Failure
from beluga.schema.failure import RETRYABLE

__all__ = [
    "Breaker",
    "BreakerChange",
    "BreakerPolicy",
    "BreakerState",
    "LocalBreaker",
    "Permit",
    "Refusal",
    "Verdict",
    "verdict_on",
]

Verdict: TypeAlias = Literal["well", "failed", "unknown"]
"""How an attempt ended; unknown if it was cancelled, or failed in a way that tells nothing."""

BreakerChange: TypeAlias = Literal["opened", "closed"]


class BreakerPolicy(msgspec.Struct, frozen=True):
    """Say when to open and for how long.

    Attributes:
        failures: How many in a row open it.
        cooldown: Seconds until a probe is let through.
    """

    failures: int = 5
    cooldown: float = 30.0

    def __post_init__(self) -> None:
        count, seconds = self.failures, self.cooldown
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise invalid_input(
                f"failures says how many in a row open a breaker, 1 or more; got {count!r}"
            )
        number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
        if not number or not 0 < seconds < math.inf:
            raise invalid_input(f"cooldown is a number of seconds above 0; got {seconds!r}")


class Permit(msgspec.Struct, frozen=True):
    """The leave to make one attempt.

    Attributes:
        era: How often the breaker had changed by then; what began in another era tells nothing.
        probe: It is the one attempt by which an open breaker is judged.
    """

    era: int
    probe: bool = False


class Refusal(msgspec.Struct, frozen=True):
    """No leave.

    Attributes:
        remaining: Seconds until a probe may be made; `None` while one is under way.
    """

    remaining: float | None


class BreakerState(Protocol):
    """Where a breaker's state is kept. One that a fleet shares has a clock of its own."""

    async def admit(self, clock: Clock, /) -> Permit | Refusal:
        """Ask for leave to make an attempt."""

    async def settle(
        self, permit: Permit, verdict: Verdict, clock: Clock, /
    ) -> BreakerChange | None:
        """Tell how the attempt ended; return how that changed the breaker.

        It is called for every permit, also where the attempt was cancelled.
        """


class Breaker:
    """Count failures in a row; refuse attempts when there are too many.

    Attributes:
        policy: When it opens and for how long.
    """

    policy: BreakerPolicy

    def __init__(self, policy: BreakerPolicy) -> None:
        self.policy = policy
        self._era = 0
        self._failures = 0
        self._rest: Rest | None = None
        self._probing = False

    @property
    def state(self) -> Literal["closed", "open", "half-open"]:
        """What it is; an open breaker is half-open from its first probe on."""
        if self._rest is None:
            return "closed"
        return "half-open" if self._probing else "open"

    def wait(self, now: float) -> float:
        """Return seconds until it gives leave; `math.inf` while a probe is under way."""
        if self._rest is None:
            return 0.0
        return math.inf if self._probing else self._rest.remaining(now)

    def admit(self, now: float) -> Permit | Refusal:
        """Give leave to make an attempt, or not."""
        if self._rest is None:
            return Permit(self._era)
        remaining = self._rest.remaining(now)
        if self._probing or remaining > 0:
            return Refusal(None if self._probing else remaining)
        self._probing = True
        return Permit(self._era, probe=True)

    def settle(self, permit: Permit, verdict: Verdict, now: float) -> BreakerChange | None:
        """Take in how an attempt ended."""
        if permit.era != self._era:
            return None
        if verdict == "unknown":
            self._probing = self._probing and not permit.probe
            return None
        if verdict == "well":
            self._failures = 0
            return self._turn(None) if permit.probe else None
        self._failures += 1
        if permit.probe or self._failures >= self.policy.failures:
            rest = Rest()
            rest.rest(self.policy.cooldown, now)
            return self._turn(rest)
        return None

    def _turn(self, rest: Rest | None) -> BreakerChange:
        self._era += 1
        self._failures, self._probing, self._rest = 0, False, rest
        return "closed" if rest is None else "opened"


class LocalBreaker:
    """The state of a breaker in this process.

    Attributes:
        breaker: The breaker itself.
    """

    breaker: Breaker

    def __init__(self, policy: BreakerPolicy) -> None:
        self.breaker = Breaker(policy)

    async def admit(self, clock: Clock, /) -> Permit | Refusal:
        """Ask for leave to make an attempt. It does not wait."""
        return self.breaker.admit(clock.now())

    async def settle(
        self, permit: Permit, verdict: Verdict, clock: Clock, /
    ) -> BreakerChange | None:
        """Tell how the attempt ended. It does not wait."""
        return self.breaker.settle(permit, verdict, clock.now())


def verdict_on(failure: Failure) -> Verdict:
    """Return what a failure says of its model's health.

    Rate limits, timeouts, a provider that is down and an answer that broke off speak against it.
    One that says what is wrong with a request is well. What was refused on this side says nothing.
    """
    if failure.local:
        return "unknown"
    return "failed" if failure.code in RETRYABLE else "well"
