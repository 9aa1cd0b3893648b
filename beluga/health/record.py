"""What is known of how one model fares: whether it is left alone, how fast it is, how it fails."""

from __future__ import annotations

import math

import msgspec

from beluga.health.breaker import Breaker, BreakerChange, BreakerPolicy, Permit, Refusal, Verdict
from beluga.health.cooldown import Cooldown, Rest
from beluga.health.decayed import Decayed
from beluga.schema import Failure

__all__ = ["Health", "Record", "Sample"]


class Health(msgspec.Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
    """Tell how a model fares; what is not known is `None`.

    Attributes:
        wait: Seconds for which it is left alone; 0 if it may be asked now, `math.inf` while a
            probe is under way by which it is judged.
        why: Why it is left alone, in words.
        first_content: Seconds from asking to the first content of a stream, of late.
        tokens_per_second: Tokens of output a second from then on, of late.
        seconds: Seconds for a whole answer, of late.
        stalled: Seconds by which callers waited longer than was usual before they gave up, as a
            mean over all attempts of late.
        failing: The share of attempts that failed, 0 to 1, of late.
        attempts: How many attempts this rests on; older ones count less.
    """

    wait: float = 0.0
    why: str | None = None
    first_content: float | None = None
    tokens_per_second: float | None = None
    seconds: float | None = None
    stalled: float | None = None
    failing: float | None = None
    attempts: float = 0.0


class Sample(msgspec.Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
    """Tell of one attempt what its model's health depends on.

    Attributes:
        verdict: Whether it speaks for the model or against it.
        failure: How it failed, if it did.
        first_content: Seconds from asking to the first content, of a stream.
        tokens_per_second: Tokens of output a second, from its first content on.
        seconds: From asking to its end, of one that has answered.
        stalled: By how much longer than usual nothing came of it before its caller gave up; 0 for
            one that has ended.
    """

    verdict: Verdict
    failure: Failure | None = None
    first_content: float | None = None
    tokens_per_second: float | None = None
    seconds: float | None = None
    stalled: float | None = None


class Record:
    """How one model fares.

    Args:
        cooldown: For what it is left alone.
        half_life: Seconds after which what was seen counts half.
    """

    def __init__(self, cooldown: Cooldown, half_life: float = 60.0) -> None:
        self._breaker = Breaker(BreakerPolicy(cooldown.failures, cooldown.seconds))
        self._rest = Rest()
        self._why = ""
        self._first, self._rate, self._seconds, self._stalled, self._failing = [
            Decayed(half_life) for _ in range(5)
        ]

    def health(self, now: float) -> Health:
        """Return how it fares."""
        wait = max(self._rest.remaining(now), self._breaker.wait(now))
        return Health(
            wait=wait,
            why=self._why if wait else None,
            first_content=self._first.mean(now),
            tokens_per_second=self._rate.mean(now),
            seconds=self._seconds.mean(now),
            stalled=self._stalled.mean(now),
            failing=self._failing.mean(now),
            attempts=self._failing.weight(now),
        )

    def admit(self, now: float) -> Permit | Refusal:
        """Give leave to make an attempt, or not."""
        resting = self._rest.remaining(now)
        return Refusal(resting) if resting else self._breaker.admit(now)

    def settle(
        self, permit: Permit, sample: Sample, cooldown: Cooldown, now: float
    ) -> BreakerChange | None:
        """Take in how an attempt ended."""
        failure = sample.failure
        wish = 0.0 if failure is None else cooldown.after(failure)
        bad = wish > 0 or sample.verdict == "failed"
        if failure is not None and bad:
            self._why = failure.code
        if wish:
            self._rest.rest(wish, now)
        if sample.verdict != "unknown":
            self._failing.add(float(bad), now)
        self._learn(sample, now)
        return self._breaker.settle(permit, sample.verdict, now)

    def _learn(self, sample: Sample, now: float) -> None:
        for estimate, value in (
            (self._first, sample.first_content),
            (self._rate, sample.tokens_per_second),
            (self._seconds, sample.seconds),
            (self._stalled, sample.stalled),
        ):
            if value is not None and math.isfinite(value):
                estimate.add(value, now)
