"""A walk through a JSON value along its shape: to a provider's wire, or back from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol, TypeAlias, final

from beluga.schema import JsonValue

__all__ = ["MISMATCH", "Mismatch", "Shape", "Turned", "Walk", "kind_of"]


@final
class Mismatch:
    """The type of `MISMATCH`: a value cannot stand at this place."""

    def __repr__(self) -> str:
        return "MISMATCH"


MISMATCH: Final = Mismatch()
Turned: TypeAlias = JsonValue | Mismatch


class Shape(Protocol):
    """A place of a schema: what stands there on the wire, and what the user sees."""

    def is_same(self) -> bool:
        """Whether values look the same on both sides."""

    def decode(self, value: JsonValue, walk: Walk, /) -> Turned:
        """Turn what a provider sent into the user's shape."""

    def encode(self, value: JsonValue, walk: Walk, /) -> Turned:
        """Turn a value in the user's shape into the provider's."""


class Walk:
    """One walk through a value.

    What a union has tried at a place is remembered, so that unions within unions take time in
    proportion to the value.

    Args:
        encoding: To the wire, rather than from it.
        lenient: Leave what does not fit as it is, so that whoever validates can say what is wrong.
    """

    __slots__ = ("_met", "encoding", "lenient")

    def __init__(self, *, encoding: bool, lenient: bool) -> None:
        self.encoding: bool = encoding
        self.lenient: bool = lenient
        self._met: dict[tuple[int, int], Turned] = {}

    def turn(self, shape: Shape, value: JsonValue) -> Turned:
        """Turn *value* into what it is on the other side."""
        turned = shape.encode(value, self) if self.encoding else shape.decode(value, self)
        return value if turned is MISMATCH and self.lenient else turned

    def first(self, options: Sequence[Shape], value: JsonValue) -> Turned:
        """Turn *value* as the first of *options* that it fits."""
        key = (id(options), id(value))
        if key in self._met:
            return self._met[key]
        lenient, self.lenient = self.lenient, False
        turned: Turned = MISMATCH
        for option in options:
            turned = self.turn(option, value)
            if turned is not MISMATCH:
                break
        self.lenient = lenient
        self._met[key] = turned
        return turned


def kind_of(value: object) -> str:
    """Return the JSON type of *value*."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case Mapping():
            return "object"
        case _:
            return "array"
