"""The shapes that a place of a schema may have, without those that hold others by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from beluga.schema import JsonValue
from beluga.schemas.walk import MISMATCH, Mismatch, Shape, Turned, Walk, kind_of

__all__ = ["Leaf", "ListOf", "MapOf", "OneOf", "Reference", "Tagged", "Text"]

_UNCOUNTED: Final = ("object", "array")
_KINDS: Final[Mapping[str, frozenset[str]]] = {
    "number": frozenset({"integer", "number"}),
    "integer": frozenset({"integer", "number"}),
}


class Leaf:
    """A value that looks the same on both sides.

    Args:
        kind: Its JSON type; `None` is any.
        values: What it may be, if that is counted.
    """

    def __init__(self, kind: str | None = None, values: Sequence[JsonValue] | None = None) -> None:
        self.kind: str | None = kind
        self.values: Sequence[JsonValue] | None = values
        self._kinds = None if kind is None else _KINDS.get(kind, frozenset({kind}))
        self._known = None if values is None else frozenset(_key(value) for value in values)

    def is_same(self) -> bool:
        """Whether values look the same on both sides."""
        return True

    def decode(self, value: JsonValue, _walk: Walk) -> Turned:
        """Return *value* if it can stand here."""
        kind = kind_of(value)
        if self._kinds is not None and kind not in self._kinds:
            return MISMATCH
        if self.kind == "integer" and isinstance(value, float) and not value.is_integer():
            return MISMATCH
        if self._known is not None and (kind in _UNCOUNTED or _key(value) not in self._known):
            return MISMATCH
        return value

    encode = decode


def _key(value: JsonValue) -> tuple[str, JsonValue]:
    """Return what tells values apart as JSON does: 1 is 1.0, and neither is true."""
    kind = kind_of(value)
    return ("number" if kind == "integer" else kind, value)


class Text:
    """Any value, which is its JSON text on the wire."""

    def is_same(self) -> bool:
        """Whether values look the same on both sides."""
        return False

    def decode(self, value: JsonValue, _walk: Walk) -> Turned:
        """Read the text; what is no JSON can only be meant as a string."""
        if not isinstance(value, str):
            return MISMATCH
        try:
            read: JsonValue = msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            return value
        return read

    def encode(self, value: JsonValue, _walk: Walk) -> Turned:
        """Write *value* as JSON text."""
        return msgspec.json.encode(value).decode()


class ListOf:
    """An array whose items have one shape."""

    def __init__(self, item: Shape) -> None:
        self.item: Shape = item

    def is_same(self) -> bool:
        """Whether values look the same on both sides."""
        return self.item.is_same()

    def decode(self, value: JsonValue, walk: Walk) -> Turned:
        """Turn every item."""
        if isinstance(value, str) or not isinstance(value, Sequence):
            return MISMATCH
        turned: list[JsonValue] = []
        for one in value:
            item = walk.turn(self.item, one)
            if isinstance(item, Mismatch):
                return MISMATCH
            turned.append(item)
        return turned

    encode = decode


class MapOf:
    """An object whose values have one shape, whatever their keys."""

    def __init__(self, item: Shape) -> None:
        self.item: Shape = item

    def is_same(self) -> bool:
        """Whether values look the same on both sides."""
        return self.item.is_same()

    def decode(self, value: JsonValue, walk: Walk) -> Turned:
        """Turn every value."""
        if not isinstance(value, Mapping):
            return MISMATCH
        turned: dict[str, JsonValue] = {}
        for key, one in value.items():
            item = walk.turn(self.item, one)
            if isinstance(item, Mismatch):
                return MISMATCH
            turned[key] = item
        return turned

    encode = decode


class OneOf:
    """A value of one of several shapes."""

    def __init__(self, options: list[Shape]) -> None:
        self.options: list[Shape] = options

    def is_same(self) -> bool:
        """Whether values look the same on both sides."""
        return all(option.is_same() for option in self.options)

    def decode(self, value: JsonValue, walk: Walk) -> Turned:
        """Turn it as the first option that it fits."""
        return walk.first(self.options, value)

    encode = decode


class Tagged:
    """A member of a union that cannot be told from another one: an object with one key.

    Args:
        tag: The key.
        inner: The member.
    """

    def __init__(self, tag: str, inner: Shape) -> None:
        self.tag: str = tag
        self.inner: Shape = inner

    def is_same(self) -> bool:
        """Whether values look the same on both sides."""
        return False

    def decode(self, value: JsonValue, walk: Walk) -> Turned:
        """Take the member out."""
        if not isinstance(value, Mapping) or value.keys() != {self.tag}:
            return MISMATCH
        return walk.turn(self.inner, value[self.tag])

    def encode(self, value: JsonValue, walk: Walk) -> Turned:
        """Put the member in."""
        turned = walk.turn(self.inner, value)
        return MISMATCH if isinstance(turned, Mismatch) else {self.tag: turned}


class Reference:
    """A shape by name, so that it may hold itself; `target` is set when it is known."""

    def __init__(self) -> None:
        self.target: Shape = Leaf()
        self.same = True

    def is_same(self) -> bool:
        """Whether values look the same on both sides; assumed until somebody has found out."""
        return self.same

    def decode(self, value: JsonValue, walk: Walk) -> Turned:
        """Turn it as its target does."""
        return walk.turn(self.target, value)

    encode = decode
