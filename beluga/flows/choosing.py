"""Whom to ask of many, while others fail, are left alone, or cannot serve the request."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from typing import Generic, TypeAlias, TypeVar

import msgspec

from beluga.effects import HasClock
from beluga.errors import invalid_input
from beluga.flows.failover import all_failed, survivable
from beluga.outcomes import Ok, Outcome
from beluga.schema import ErrorCode, Failure

__all__ = ["Choosing", "ChoosingPolicy", "Nobody", "Told", "Turn", "choosing"]

C = TypeVar("C")
T = TypeVar("T")

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 0.25
"""Seconds to wait where nobody can say how long, doubled each time: for a place in a limit."""


class ChoosingPolicy(msgspec.Struct, frozen=True):
    """Say how long to go on.

    Attributes:
        max_attempts: How many attempts at most; `None` for one of each.
        max_wait: Seconds to wait in all while nobody can be asked.
        asked: Codes for which the caller wants another model asked, see `survivable`.
    """

    max_attempts: int | None = None
    max_wait: float = 0.0
    asked: frozenset[ErrorCode] = frozenset()

    def __post_init__(self) -> None:
        most, wait = self.max_attempts, self.max_wait
        whole = isinstance(most, int) and not isinstance(most, bool)
        if most is not None and not (whole and most >= 1):
            raise invalid_input(f"max_attempts is 1 or more, or None for one of each; got {most!r}")
        if isinstance(wait, bool) or not isinstance(wait, int | float) or not wait >= 0:
            raise invalid_input(f"max_wait is a number of seconds, 0 or more; got {wait!r}")


class Turn(msgspec.Struct, Generic[C], frozen=True):
    """Ask one of these.

    Attributes:
        left: Who may be asked, in order.
        number: Which attempt it would be; the first is 1.
        delay: Seconds to wait before.
        reserve: They are not among the candidates, but stand in for them.
    """

    left: tuple[C, ...]
    number: int
    delay: float = 0.0
    reserve: bool = False


class Told(msgspec.Struct, Generic[C, T], frozen=True):
    """One of them was asked.

    Attributes:
        who: Which one.
        outcome: How it ended. One that was refused on this side and may be tried later is no
            attempt.
        final: Content of it stands before somebody who watches, so that there is no other.
    """

    who: C
    outcome: Outcome[T]
    final: bool = False


class Nobody(msgspec.Struct, frozen=True):
    """None of them can be asked now; `refusals` says of each why, and when if that may pass."""

    refusals: tuple[Failure, ...]


Choosing: TypeAlias = Generator[Turn[C], Told[C, T] | Nobody, Outcome[T]]
"""Yields whom to ask, is sent who was and how it ended, and returns how all of it ended."""


def choosing(
    candidates: Sequence[C],
    reserves: Sequence[C],
    policy: ChoosingPolicy,
    fx: HasClock,
    deadline: float = math.inf,
) -> Choosing[C, T]:
    """Decide whom to ask until one answers, fails as all others would, or nobody is left.

    Each is asked once at most, the reserves in order after all candidates. Only where nobody can
    be asked, and somebody may be later, is there a wait, for the earliest of them. What is returned
    then is made of all causes in order, see `all_failed`.

    Args:
        candidates: Whom to ask, one at least; who of them is the performer's choice.
        reserves: Whom to ask where no candidate has answered.
        policy: How long to go on.
        fx: The time.
        deadline: When all must have ended, on that clock.
    """
    story = _Story(candidates, reserves, policy, fx, deadline)
    while True:
        ended: Outcome[T] | None = yield from _round(story)
        if ended is not None:
            return ended
        if not story.wait():
            return story.failure()


def _round(story: _Story[C]) -> Generator[Turn[C], Told[C, T] | Nobody, Outcome[T] | None]:
    """Ask those who can be asked now, one after the other; return an end if it came to one."""
    story.refusals.clear()
    for tier in story.tiers:
        free = list(tier)
        while free and story.may_ask:
            told = yield story.turn(free, reserve=tier is not story.tiers[0])
            if isinstance(told, Nobody):
                story.refusals.extend(told.refusals)
                break
            outcome, policy = told.outcome, story.policy
            if isinstance(outcome, Ok) or told.final or not survivable(outcome, policy.asked):
                return outcome
            free.remove(told.who)
            if outcome.local and outcome.retryable:
                story.refusals.append(outcome)
            else:
                tier.remove(told.who)
                story.note(outcome)
    return None


class _Story(Generic[C]):
    """Who is left, and what has happened."""

    def __init__(
        self,
        candidates: Sequence[C],
        reserves: Sequence[C],
        policy: ChoosingPolicy,
        fx: HasClock,
        deadline: float,
    ) -> None:
        self.tiers: list[list[C]] = [list(candidates), *[[reserve] for reserve in reserves]]
        self.policy = policy
        self.refusals: list[Failure] = []
        self._fx, self._deadline = fx, deadline
        self._causes: list[Failure] = []
        self._times: list[float] = []
        self._attempts = 0
        self._waited = self._delay = 0.0
        self._pause = _FIRST_PAUSE

    @property
    def may_ask(self) -> bool:
        most = self.policy.max_attempts
        return most is None or self._attempts < most

    def turn(self, free: Sequence[C], *, reserve: bool) -> Turn[C]:
        delay, self._delay = self._delay, 0.0
        return Turn(tuple(free), self._attempts + 1, delay, reserve)

    def note(self, failure: Failure) -> None:
        if not failure.local:
            self._attempts += 1
        self._causes.append(failure)
        self._times.append(self._fx.clock.now())

    def wait(self) -> bool:
        """Return whether there is a time to wait for, and set the next turn's delay."""
        if not self.may_ask:
            return False
        hints = [refusal.retry_after for refusal in self.refusals if refusal.retryable]
        delay = min([self._pause if hint is None else hint for hint in hints], default=math.inf)
        delay = max(delay, _FIRST_PAUSE)
        if self._waited + delay > self.policy.max_wait:
            return False
        if self._fx.clock.now() + delay >= self._deadline:
            return False
        self._waited += delay
        self._delay = delay
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        return True

    def failure(self) -> Failure:
        now = self._fx.clock.now()
        ages = [now - time for time in self._times]
        return all_failed([*self._causes, *self.refusals], [*ages, *[0.0] * len(self.refusals)])
