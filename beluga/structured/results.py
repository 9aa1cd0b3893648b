"""What comes of asking for a value."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from beluga.schema import AIMessage, Failure, Usage
from beluga.structured.repairs import Repair

__all__ = ["Attempt", "Structured"]

T = TypeVar("T")


class Attempt(msgspec.Struct, frozen=True):
    """One answer of the model.

    Attributes:
        message: What it said.
        failure: Why that is not the value; `None` if it is.
    """

    message: AIMessage
    failure: Failure | None = None


class Structured(msgspec.Struct, Generic[T], frozen=True):
    """A value, and how it came about.

    Attributes:
        value: The value.
        message: The answer that it was read from.
        usage: The tokens of all attempts, failed ones included; unknown is `None`.
        attempts: Every answer in order, also of other models that a router has asked; the last one
            has the value.
        repairs: What was mended in the last answer.
    """

    value: T
    message: AIMessage
    usage: Usage
    attempts: tuple[Attempt, ...]
    repairs: tuple[Repair, ...] = ()
