"""Which failures another model may survive, and whom to ask next."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Final, Literal, TypeAlias, TypeVar, assert_never

import msgspec

from beluga.effects import HasClock
from beluga.flows.tries import Flow
from beluga.outcomes import Ok, Outcome
from beluga.schema import ErrorCode, Failure

__all__ = ["ELSEWHERE", "Elsewhere", "all_failed", "failover", "survivable"]

C = TypeVar("C")
T = TypeVar("T")

Elsewhere: TypeAlias = Literal["yes", "no", "if_asked", "if_theirs"]
"""Whether another model may succeed: if the caller asked for that, or if it was the provider's
failure and not a refusal on this side."""

ELSEWHERE: Final[Mapping[ErrorCode, Elsewhere]] = {
    "rate_limit": "yes",
    "timeout": "yes",
    "provider_unavailable": "yes",
    "incomplete_stream": "yes",
    "auth_error": "yes",
    "not_found": "yes",
    "invalid_input": "no",
    "context_length": "yes",
    "unsupported": "yes",
    "content_filter": "if_asked",
    "tool_failed": "no",
    "guard_blocked": "no",
    "budget_exhausted": "if_theirs",
    "output_invalid": "if_asked",
}
"""What the code of a failure says of asking another model, before any content was shown."""


def survivable(failure: Failure, asked: Collection[ErrorCode] = ()) -> bool:
    """Return whether another model may succeed where one has failed in this way.

    Args:
        failure: How it failed.
        asked: Codes for which the caller wants another model asked, where that is for the caller
            to say.
    """
    elsewhere = ELSEWHERE[failure.code]
    match elsewhere:
        case "yes":
            return True
        case "no":
            return False
        case "if_asked":
            return failure.code in asked
        case "if_theirs":
            return not failure.local
        case _:
            assert_never(elsewhere)


def failover(
    candidates: Sequence[C], fx: HasClock, asked: Collection[ErrorCode] = ()
) -> Flow[C, T]:
    """Decide whom to ask, in order, until one answers or fails as all others would.

    What no other model survives is returned as it came. If there is nobody left, the failure that
    is returned is made of all of them, see `all_failed`.

    Args:
        candidates: Whom to ask, one at least.
        fx: The time, by which hints of different age are compared.
        asked: See `survivable`.
    """
    causes: list[Failure] = []
    times: list[float] = []
    for candidate in candidates:
        outcome: Outcome[T] = yield candidate
        if isinstance(outcome, Ok) or not survivable(outcome, asked):
            return outcome
        causes.append(outcome)
        times.append(fx.clock.now())
    now = fx.clock.now()
    return all_failed(causes, [now - time for time in times])


def all_failed(causes: Sequence[Failure], ages: Sequence[float] = ()) -> Failure:
    """Return the failure of an answer for which every candidate has failed.

    It has the code of the last cause, all causes in order as its `attempts`, and as `retry_after`
    the seconds until the first of those who named a time may be asked again.

    Args:
        causes: Every failure, in order; one at least.
        ages: How many seconds ago each of them happened; all now, if not given.
    """
    hints = [
        max(0.0, cause.retry_after - age)
        for cause, age in zip(causes, ages or [0.0] * len(causes), strict=True)
        if cause.retry_after is not None
    ]
    texts = "; ".join([f"{_who(cause)}: {cause.message}" for cause in causes])
    earliest = min(hints, default=math.inf)
    return msgspec.structs.replace(
        Failure(causes[-1].code, f"no model answered ({texts})", attempts=tuple(causes)),
        retry_after=earliest if earliest < math.inf else None,
        local=all(cause.local for cause in causes),
    )


def _who(failure: Failure) -> str:
    return ":".join([n for n in (failure.provider, failure.model) if n]) or failure.code
