"""Undoing what a codec has done to a schema, on a value that is still coming.

A place of the value may have one of several shapes; what comes tells which. What comes in the
user's own shape is taken as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from beluga.schema import JsonValue
from beluga.schemas import Codec
from beluga.schemas.records import Entries, Positions, Record
from beluga.schemas.shapes import Leaf, ListOf, MapOf, OneOf, Reference, Tagged, Text
from beluga.schemas.tuples import Tuple
from beluga.schemas.walk import Shape
from beluga.structured.tree import Tree

__all__ = ["Undoing"]

Kind: TypeAlias = Literal["undecided", "object", "array", "entries", "entry", "positions", "around"]

_ANY: Final[Sequence[Shape]] = (Leaf(),)


class _Frame:
    """A container of the wire that is open.

    Attributes:
        kind: What it is to the user; one that is undecided shows that by its first name.
        shapes: What it may be.
        next: What its next value may be.
        may_be_absent: Whether null in its place says that there is none.
        name: The key of an entry, once it is known.
        count: How many of its members have begun.
    """

    __slots__ = ("count", "is_root", "kind", "may_be_absent", "name", "next", "shapes")

    def __init__(self, kind: Kind, shapes: Sequence[Shape], *, is_root: bool = False) -> None:
        self.kind, self.shapes, self.is_root = kind, shapes, is_root
        self.next: Sequence[Shape] = ()
        self.may_be_absent = False
        self.name: str | None = None
        self.count = 0

    def expect(self, name: str) -> None:
        """Note what the member of that name may be."""
        self.next = _members(self.shapes, name)
        self.may_be_absent = _is_absence(self.shapes, name)


class Undoing:
    """Put what a reader tells into a tree, in the user's shape."""

    def __init__(self, tree: Tree, codec: Codec) -> None:
        self._tree, self._codec = tree, codec
        self._root = _flat([codec.shape])
        self._frames: list[_Frame] = []
        self._aside: list[str] | None = None

    def open_object(self) -> bool:
        """An object begins; what it is to the user shows with its first name."""
        shapes = self._here()
        if self._frames and self._frames[-1].kind == "entries":
            self._frames.append(_Frame("entry", shapes))
        else:
            self._frames.append(_Frame("undecided", shapes, is_root=not self._frames))
        return True

    def open_array(self) -> bool:
        """An array begins: a list, a tuple, or the entries of an object."""
        shapes = self._here()
        lists = [shape for shape in shapes if isinstance(shape, ListOf | Tuple | Leaf)]
        entries = [shape for shape in shapes if isinstance(shape, Entries)]
        if entries and not any(isinstance(shape, ListOf | Tuple) for shape in lists):
            self._tree.begin({})
            self._frames.append(_Frame("entries", entries))
        else:
            self._tree.begin([])
            positions = [shape for shape in shapes if isinstance(shape, Positions)]
            self._frames.append(_Frame("array", [*lists, *positions]))
        return True

    def key(self, name: str) -> bool:
        """A member's name is known."""
        frame = self._frames[-1]
        if frame.kind == "undecided":
            self._decide(frame, name)
        match frame.kind:
            case "object":
                frame.expect(name)
                return self._tree.name(name) and not _gathers(frame.shapes, name)
            case "positions":
                frame.expect(name)
                frame.count += 1
                return _position(frame.shapes, name) == frame.count - 1
            case "entry":
                return self._entry(frame, name)
            case "around":
                frame.count += 1
                return frame.count == 1
            case _:
                return False

    def open_text(self) -> bool:
        """A string begins; one that holds JSON, or names an entry, is kept aside."""
        if self._frames and self._frames[-1].kind == "entries":
            return False
        if self._is_name() or any(isinstance(shape, Text) for shape in self._here()):
            self._aside = []
        else:
            self._tree.begin_text()
        return True

    def grow_text(self, piece: str) -> None:
        """More of the string has come."""
        if self._aside is None:
            self._tree.grow_text(piece)
        else:
            self._aside.append(piece)

    def close_text(self) -> bool:
        """The string is complete."""
        if self._aside is None:
            self._tree.end_text()
            return True
        text, self._aside = "".join(self._aside), None
        if not self._is_name():
            self._tree.put(_inner(text))
            return True
        self._frames[-1].name = text
        return self._tree.name(text)

    def scalar(self, value: JsonValue) -> bool:
        """A number, a boolean or null is complete; a null may stand for nothing."""
        frame = self._frames[-1] if self._frames else None
        if frame is not None and (frame.kind == "entries" or self._is_name()):
            return False
        if frame is not None and value is None and frame.may_be_absent:
            return True
        self._here()
        self._tree.put(value)
        return True

    def close(self) -> bool:
        """The innermost object or array is complete."""
        frame = self._frames.pop()
        if frame.kind == "undecided":
            is_tuple = bool(frame.shapes) and all(isinstance(s, Positions) for s in frame.shapes)
            self._tree.begin([] if is_tuple else {})
            self._tree.end()
        elif frame.kind not in {"entry", "around"}:
            self._tree.end()
        return True

    def _here(self) -> Sequence[Shape]:
        """Return what the value that begins may be."""
        if not self._frames:
            return self._root
        frame = self._frames[-1]
        if frame.kind == "array":
            frame.count += 1
            return _items(frame.shapes, frame.count - 1)
        return frame.shapes if frame.kind == "entries" else frame.next

    def _decide(self, frame: _Frame, name: str) -> None:
        """Tell by its first name what an object is."""
        tagged = [s.inner for s in frame.shapes if isinstance(s, Tagged) and s.tag == name]
        if frame.is_root and self._codec.wrapped and name == "value":
            frame.kind, frame.next = "around", frame.shapes
        elif tagged:
            frame.kind, frame.next = "around", _flat(tagged)
        elif _position(frame.shapes, name) is not None and not _is_member(frame.shapes, name):
            frame.kind = "positions"
            self._tree.begin([])
        else:
            frame.kind = "object"
            self._tree.begin({})

    def _entry(self, frame: _Frame, name: str) -> bool:
        frame.count += 1
        if name == "key" and frame.count == 1:
            return True
        if name != "value" or frame.count != 2 or frame.name is None:
            return False
        frame.next = _flat([s.item for s in frame.shapes if isinstance(s, Entries)])
        return True

    def _is_name(self) -> bool:
        frame = self._frames[-1] if self._frames else None
        return frame is not None and frame.kind == "entry" and frame.count == 1


def _flat(shapes: Iterable[Shape]) -> Sequence[Shape]:
    """Return the shapes with those that unions and references stand for in their place."""
    waiting, met, found = list(shapes), set[int](), list[Shape]()
    while waiting:
        shape = waiting.pop(0)
        if id(shape) in met:
            continue
        met.add(id(shape))
        if isinstance(shape, OneOf):
            waiting.extend(shape.options)
        elif isinstance(shape, Reference):
            waiting.append(shape.target)
        else:
            found.append(shape)
    return found


def _members(shapes: Sequence[Shape], name: str) -> Sequence[Shape]:
    found: list[Shape] = []
    for shape in shapes:
        match shape:
            case Record() | Positions() if name in shape.fields:
                found.append(shape.fields[name].shape)
            case Record() if shape.open is not None:
                found.append(shape.open)
            case MapOf() | Entries():
                found.append(shape.item)
            case _:
                pass
    return _flat(found) or _ANY


def _items(shapes: Sequence[Shape], index: int) -> Sequence[Shape]:
    found: list[Shape | None] = []
    for shape in shapes:
        match shape:
            case ListOf():
                found.append(shape.item)
            case Tuple():
                found.append(shape.parts[index] if index < len(shape.parts) else shape.rest)
            case Positions():
                fields = list(shape.fields.values())
                found.append(fields[index].shape if index < len(fields) else None)
            case _:
                pass
    return _flat([shape for shape in found if shape is not None]) or _ANY


def _is_member(shapes: Sequence[Shape], name: str) -> bool:
    return any(isinstance(shape, Record) and name in shape.fields for shape in shapes)


def _position(shapes: Sequence[Shape], name: str) -> int | None:
    for shape in shapes:
        if isinstance(shape, Positions) and name in shape.fields:
            return list(shape.fields).index(name)
    return None


def _gathers(shapes: Sequence[Shape], name: str) -> bool:
    """Whether a name is that of a list which holds all other members."""
    return any(
        isinstance(shape, Record) and shape.rest is not None and shape.rest[0] == name
        for shape in shapes
    )


def _is_absence(shapes: Sequence[Shape], name: str) -> bool:
    """Whether a null says that there is no such member."""
    fields = [s.fields.get(name) for s in shapes if isinstance(s, Record | Positions)]
    known = [field for field in fields if field is not None]
    return bool(known) and all(field.nullable and not field.takes_null for field in known)


def _inner(text: str) -> object:
    try:
        inner: object = msgspec.json.decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return text
    return inner
