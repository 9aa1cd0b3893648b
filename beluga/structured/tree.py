"""A value that grows as its answer comes, and what is told of it."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from beluga.schema import JsonValue, Restarted
from beluga.structured.declared import Declared
from beluga.structured.partial import NOTHING, Growing, Partial

__all__ = ["FieldDone", "ItemDone", "PartialEvent", "Path", "TextGrew", "Tree"]

Path: TypeAlias = tuple[str | int, ...]
"""The names and positions that lead to a place; the value itself is at `()`."""


class FieldDone(msgspec.Struct, frozen=True, tag="field_done"):
    """A field of an object is complete.

    Attributes:
        path: Where it stands.
        value: It, as JSON; only the whole answer is validated.
    """

    path: Path
    value: JsonValue


class ItemDone(msgspec.Struct, frozen=True, tag="item_done"):
    """An item of an array is complete.

    Attributes:
        path: Where it stands; the last step is its position.
        value: It, as JSON; only the whole answer is validated.
    """

    path: Path
    value: JsonValue


class TextGrew(msgspec.Struct, frozen=True, tag="text_grew"):
    """More of a string has come.

    Attributes:
        path: Where it stands.
        text: What has come.
    """

    path: Path
    text: str


PartialEvent: TypeAlias = FieldDone | ItemDone | TextGrew | Restarted


class _Open:
    """A container that is not complete, and where its next member goes."""

    __slots__ = ("container", "key")

    def __init__(self, container: dict[str, object] | list[object]) -> None:
        self.container = container
        self.key: str | int = 0


class Tree:
    """What has come of a value, in the user's shape.

    Members are only ever added at the end, and nothing that is complete changes, so that views of
    it may share it.

    Args:
        told: Whether events are to be kept for somebody who takes them.
    """

    def __init__(self, *, told: bool) -> None:
        self._events: list[PartialEvent] | None = [] if told else None
        self._grown: list[str] = []
        self._changes = 0
        self._root: object = NOTHING
        self._open: list[_Open] = []
        self._text: list[str] | None = None

    @property
    def changes(self) -> int:
        """How often something has been added."""
        return self._changes

    def tell(self) -> None:
        """Keep events from here on."""
        if self._events is None:
            self._events = []

    def view(self, declared: Declared | None = None) -> Partial[object]:
        """Return a view of what there is now."""
        counts = tuple([len(frame.container) for frame in self._open])
        tail = None if self._text is None else Growing(self._text, len(self._text))
        return Partial(self._root, declared, counts, tail)

    @property
    def value(self) -> object:
        """The value, once it is complete; `NOTHING` while nothing has come."""
        return self._root

    def take_events(self) -> list[PartialEvent]:
        """Return what has happened since the last time."""
        if self._events is None:
            return []
        self._tell_growth()
        taken, self._events = self._events, []
        return taken

    def name(self, key: str) -> bool:
        """Say which member of the innermost object comes next; a name comes once."""
        frame = self._open[-1]
        frame.key = key
        return key not in frame.container

    def begin(self, container: dict[str, object] | list[object]) -> None:
        """Add a container, to which everything goes until it ends."""
        self._attach(container)
        self._open.append(_Open(container))

    def end(self) -> None:
        """End the innermost container."""
        self._changes += 1
        frame = self._open.pop()
        self._done(frame.container)

    def put(self, value: object) -> None:
        """Add what is complete."""
        self._attach(value)
        self._done(value)

    def begin_text(self) -> None:
        """Add a string that grows."""
        self._attach("")
        self._text = []

    def grow_text(self, piece: str) -> None:
        """Add to the string."""
        assert self._text is not None
        self._changes += 1
        self._text.append(piece)
        if self._events is not None:
            self._grown.append(piece)

    def end_text(self) -> None:
        """End the string."""
        self._changes += 1
        self._tell_growth()
        text, self._text = "".join(self._text or ()), None
        if not self._open:
            self._root = text
            return
        frame = self._open[-1]
        if isinstance(frame.container, dict):
            frame.container[str(frame.key)] = text
        else:
            frame.container[-1] = text
        self._done(text)

    def _attach(self, value: object) -> None:
        self._changes += 1
        if not self._open:
            self._root = value
            return
        frame = self._open[-1]
        if isinstance(frame.container, dict):
            frame.container[str(frame.key)] = value
        else:
            frame.key = len(frame.container)
            frame.container.append(value)

    def _done(self, value: object) -> None:
        if self._events is None or not self._open:
            return
        is_field = isinstance(self._open[-1].container, dict)
        kind = FieldDone if is_field else ItemDone
        self._events.append(kind(self._path(), value))  # type: ignore[arg-type]  # JSON

    def _tell_growth(self) -> None:
        if self._events is not None and self._grown:
            self._events.append(TextGrew(self._path(), "".join(self._grown)))
            self._grown.clear()

    def _path(self) -> Path:
        return tuple([frame.key for frame in self._open])
