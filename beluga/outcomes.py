"""How an attempt ended, as a value, and the two bridges between values and exceptions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeAlias, TypeVar, assert_never

import msgspec

from beluga.errors import ModelError, error_for
from beluga.schema import Failure

__all__ = ["Ok", "Outcome", "attempt", "unwrap"]

T = TypeVar("T")


class Ok(msgspec.Struct, Generic[T], frozen=True, tag="ok"):
    """The attempt succeeded with this value."""

    value: T


Outcome: TypeAlias = Ok[T] | Failure


async def attempt(call: Callable[[], Awaitable[T]]) -> Outcome[T]:
    """Await *call* and return its value or its failure.

    Only a `ModelError` becomes a value; cancellation and everything else passes.
    """
    try:
        return Ok(await call())
    except ModelError as error:
        return error.failure


def unwrap(outcome: Outcome[T]) -> T:
    """Return the value, or raise the failure.

    Raises:
        ModelError: The outcome is a failure; the class is that of its code.
    """
    match outcome:
        case Ok(value):
            return value
        case Failure():
            raise error_for(outcome)
        case _:
            assert_never(outcome)
