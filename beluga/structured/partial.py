"""What is known of a value while its answer still comes.

JSON only ever grows at one end. So a view need not copy what it shows: it says how many members of
each open container it has seen, and how much of the open string.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, Generic, TypeAlias, TypeVar, cast, final

import msgspec

from beluga.schema import JsonValue
from beluga.structured.declared import Declared

__all__ = ["NOTHING", "Growing", "Partial", "PartialValue"]

T_co = TypeVar("T_co", covariant=True)

PartialValue: TypeAlias = "Partial[object] | str | int | float | bool | None"
"""What stands at a place of a partial value: a scalar, a string as far as it has come, a view of an
object or an array, or `None` for what has not come yet."""


class _Nothing:
    def __repr__(self) -> str:
        return "NOTHING"


NOTHING: Final = _Nothing()


class Growing(msgspec.Struct, frozen=True):
    """A string of which so many pieces have been seen."""

    pieces: Sequence[str]
    count: int

    def __str__(self) -> str:
        return "".join(self.pieces[: self.count])


@final
class Partial(Generic[T_co]):  # noqa: PLW1641  # it holds lists
    """A view of a `T` that is not complete: every field may be missing, and is `None` then.

    Fields are attributes and items, elements are items: `view.name`, `view["name"]`, `view[0]`.
    A field called as a method of this class is an item only. Strings are shown as far as they have
    come; numbers, booleans and null when they are complete. A view does not change while more of
    the answer comes. It is no `T`, and has not been validated as one.
    """

    __slots__ = ("_counts", "_declared", "_node", "_tail")

    def __init__(
        self,
        node: object,
        declared: Declared | None = None,
        counts: tuple[int, ...] = (),
        tail: Growing | None = None,
    ) -> None:
        self._node, self._declared = node, declared
        self._counts, self._tail = counts, tail

    @property
    def is_complete(self) -> bool:
        """Whether all of it has come."""
        return self._node is not NOTHING and not self._counts and self._tail is None

    def as_json(self) -> JsonValue:
        """Return what has come as plain JSON, `None` if nothing has; a copy."""
        if self._node is NOTHING:
            return None
        return _plain(self._node, self._counts, self._tail)

    def __getattr__(self, name: str) -> PartialValue:
        """Return a field, `None` if it has not come.

        Raises:
            AttributeError: The type has no such field.
        """
        known = not name.startswith("_") and self._is_object()
        if known and (self._declared is None or self._declared.inner(name) is not None):
            return self[name]
        raise AttributeError(f"the type has no field {name!r}")

    def __getitem__(self, key: str | int) -> PartialValue:
        """Return a member, `None` if it has not come; or an item.

        Raises:
            IndexError: There is no such item yet.
            TypeError: It is not what has members, or items.
        """
        node = self._node
        if isinstance(key, str) and self._is_object():
            members = cast("dict[str, object]", node) if isinstance(node, dict) else {}
            return self._shown(key, members[key]) if self._has(members, key) else None
        if isinstance(key, int) and isinstance(node, list):
            index = range(len(self))[key]
            return self._shown(index, node[index])
        raise TypeError(f"{key!r} is no key of {self!r}")

    def __len__(self) -> int:
        """Return how many members or items have begun to come."""
        if self._counts:
            return self._counts[0]
        return len(self._node) if isinstance(self._node, dict | list) else 0

    def __iter__(self) -> Iterator[PartialValue]:
        """Iterate over the names of an object, or the items of an array."""
        if isinstance(self._node, dict):
            return islice(iter(self._node), len(self))
        return iter([self[index] for index in range(len(self))])

    def __contains__(self, key: object) -> bool:
        """Whether a member has begun to come, or an item is among those that have."""
        if isinstance(self._node, dict):
            return isinstance(key, str) and self._has(self._node, key)
        return any(key == item for item in self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Partial):
            return NotImplemented
        alike = (self._node is NOTHING) == (other._node is NOTHING)
        same = alike and self.is_complete == other.is_complete
        return same and self.as_json() == other.as_json()

    def __repr__(self) -> str:
        if self._node is NOTHING:
            return "Partial()"
        return f"Partial({self.as_json()!r}{'' if self.is_complete else ', …'})"

    def _is_object(self) -> bool:
        return isinstance(self._node, dict) or self._node is NOTHING

    def _has(self, members: dict[str, object], key: str) -> bool:
        if key not in members:
            return False
        count = len(self)
        return count == len(members) or key in islice(members, count)

    def _shown(self, step: str | int, child: object) -> PartialValue:
        declared = self._declared and self._declared.inner(step)
        is_open = self._counts and step == _last(self._node, self._counts[0])
        counts, tail = (self._counts[1:], self._tail) if is_open else ((), None)
        if isinstance(child, dict | list):
            return Partial(child, declared, counts, tail)
        return cast("PartialValue", child if tail is None else str(tail))


def _last(node: object, count: int) -> object:
    """Return the key of the last of the first *count* members."""
    if not isinstance(node, dict) or not count:
        return count - 1
    if count == len(node):
        return next(reversed(node), None)
    return next(islice(node, count - 1, None), None)


def _plain(node: object, counts: tuple[int, ...], tail: Growing | None) -> JsonValue:
    if not counts or not isinstance(node, dict | list):
        return cast("JsonValue", msgspec.to_builtins(node) if tail is None else str(tail))
    count, whole = counts[0], max(0, counts[0] - 1)
    if isinstance(node, dict):
        shown = {key: msgspec.to_builtins(node[key]) for key in islice(node, whole)}
        for key in islice(node, whole, count):
            shown[key] = _plain(node[key], counts[1:], tail)
        return shown
    items = [msgspec.to_builtins(child) for child in islice(node, whole)]
    return [*items, *[_plain(child, counts[1:], tail) for child in node[whole:count]]]
