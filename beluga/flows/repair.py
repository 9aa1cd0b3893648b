"""When an answer that is not what was asked for is asked for again, and in which way."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Literal, TypeAlias, TypeVar, assert_never

import msgspec

from beluga.errors import invalid_input
from beluga.outcomes import Ok, Outcome
from beluga.schema import Failure

__all__ = ["Answered", "Ask", "Invalid", "Mode", "Repair", "RepairPolicy", "repair"]

T = TypeVar("T")

Mode: TypeAlias = Literal["native", "tool", "prompt"]
"""How a model is told the schema: as the format of its answer, as a tool, or in words."""


class RepairPolicy(msgspec.Struct, frozen=True):
    """Say how often an answer that will not do is asked for again.

    Attributes:
        retries: How many times at most, the first call not counted.
        token_budget: The most tokens that all calls may take. There is no other call if it is
            reckoned to go beyond, at as many tokens as the last one, nor if nothing is known of the
            tokens taken. `None` is no bound.
    """

    retries: int = 2
    token_budget: int | None = None

    def __post_init__(self) -> None:
        retries, budget = self.retries, self.token_budget
        if not _is_count(retries) or retries < 0:
            raise invalid_input(f"retries is how often to ask again, 0 or more; got {retries!r}")
        if budget is not None and (not _is_count(budget) or budget < 1):
            raise invalid_input(
                f"token_budget is a number of tokens, 1 or more, or None; got {budget!r}"
            )


class Ask(msgspec.Struct, frozen=True):
    """Ask the model.

    Attributes:
        number: Which call it is; the first is 1.
        mode: How it is told the schema.
        after: Why the answer before will not do, if there was one.
    """

    number: int
    mode: Mode
    after: Failure | None = None


class Invalid(msgspec.Struct, frozen=True):
    """An answer came, and will not do.

    Attributes:
        failure: Why, with the code `output_invalid`.
        tokens: How many tokens the call took; `None` if nobody knows.
        mendable: Whether another answer may do. It will not where this one was cut off, and must
            not be asked for where this one has been shown.
        unheard: The schema did not reach the model, so that it must be told in another way.
    """

    failure: Failure
    tokens: int | None = None
    mendable: bool = True
    unheard: bool = False


Answered: TypeAlias = Ok[T] | Invalid | Failure
"""How a call ended: with a value, with an answer that is none, or without an answer."""

Repair: TypeAlias = Generator[Ask, Answered[T], Outcome[T]]


class _Calls:
    """What is known of the calls so far."""

    def __init__(self, policy: RepairPolicy) -> None:
        self._policy = policy
        self._tokens: int | None = 0
        self.failures: list[Failure] = []

    def add(self, invalid: Invalid) -> None:
        self.failures.append(invalid.failure)
        known = None not in {self._tokens, invalid.tokens}
        self._tokens = (self._tokens or 0) + (invalid.tokens or 0) if known else None

    def may_follow(self, invalid: Invalid) -> bool:
        """Whether there may be another call."""
        if not invalid.mendable or len(self.failures) > self._policy.retries:
            return False
        budget = self._policy.token_budget
        if budget is None:
            return True
        if self._tokens is None or invalid.tokens is None:
            return False
        return self._tokens + invalid.tokens <= budget

    def failure(self) -> Failure:
        last, count = self.failures[-1], len(self.failures)
        text = last.message if count == 1 else f"{last.message} (the last of {count} answers)"
        return msgspec.structs.replace(last, message=text, attempts=tuple(self.failures))


def repair(policy: RepairPolicy, modes: Sequence[Mode]) -> Repair[T]:
    """Decide on calls until an answer will do, or no other call is worth while.

    A failure that says `unsupported`, of any model that was asked, leads to the next mode, and
    counts as no call. Every other failure is returned as it came. If no answer will do, the failure
    is the last one's, with those of all answers in order as its `attempts`.

    Args:
        policy: How often, and for how many tokens.
        modes: In which ways to tell the schema, the best one first; one at least.
    """
    calls = _Calls(policy)
    left = list(modes)
    ask = Ask(1, left.pop(0))
    while True:
        answered: Answered[T] = yield ask
        match answered:
            case Ok():
                return answered
            case Failure():
                if not left or not _unsupported(answered):
                    return answered
                ask = msgspec.structs.replace(ask, mode=left.pop(0))
            case Invalid():
                calls.add(answered)
                if not calls.may_follow(answered):
                    return calls.failure()
                mode = left.pop(0) if answered.unheard and left else ask.mode
                ask = Ask(ask.number + 1, mode, answered.failure)
            case _:
                assert_never(answered)


def _unsupported(failure: Failure) -> bool:
    return failure.code == "unsupported" or any(map(_unsupported, failure.attempts))


def _is_count(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool)
