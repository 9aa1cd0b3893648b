"""What the chunks of a stream make of the value, as they come."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar, cast

import msgspec

from beluga.schema import (
    Failure,
    Finish,
    JsonValue,
    PartDone,
    Restarted,
    StreamChunk,
    TextDelta,
    TextPart,
    ToolCall,
    ToolCallDelta,
)
from beluga.schemas import Codec
from beluga.structured.declared import Declared
from beluga.structured.partial import Partial
from beluga.structured.reading import JsonReader
from beluga.structured.tree import PartialEvent, Tree
from beluga.structured.undoing import Undoing
from beluga.structured.verdict import Accepted
from beluga.structured.wanted import Wanted

__all__ = ["Growth", "Source"]

T = TypeVar("T")


class Source(Protocol[T]):
    """Where the chunks come from, and what is known of them there."""

    @property
    def accepted(self) -> Accepted[T] | None:
        """The value, once the answer has ended well."""

    @property
    def tool(self) -> str | None:
        """The name of the tool that takes the value, if there is one."""

    def codecs(self, section: int) -> frozenset[str]:
        """Return the codecs that the answer may come through, after so many restarts."""


class Growth(Generic[T]):
    """Take in chunks, and show what they amount to."""

    def __init__(self, source: Source[T], wanted: Wanted[T]) -> None:
        self._source, self._wanted = source, wanted
        self._declared = Declared([wanted.schema.schema], wanted.schema.schema)
        self._events: list[PartialEvent] | None = None
        self._section = 0
        self._whole: JsonValue = None
        self.is_whole: bool = False
        self._begin()

    def tell(self) -> None:
        """Keep events from here on."""
        if self._events is None:
            self._events = []
            self._tree.tell()

    def take_events(self) -> list[PartialEvent]:
        """Return what has happened since the last time."""
        if self._events is None:
            return []
        taken, self._events = [*self._events, *self._tree.take_events()], []
        return taken

    def view(self) -> Partial[T]:
        """Return a view of what there is now."""
        view = (
            Partial(self._whole, self._declared)
            if self.is_whole
            else self._tree.view(self._declared)
        )
        return cast("Partial[T]", view)

    def feed(self, chunk: StreamChunk) -> bool:
        """Take in a chunk, and return whether there is something new to see."""
        before = self._tree, self._tree.changes
        match chunk:
            case TextDelta(text, index):
                self._feed_text(index, text)
            case ToolCallDelta(index, _, name, arguments):
                self._feed_call(index, name, arguments)
            case PartDone(index, part):
                self._feed_part(index, part)
            case Restarted():
                self._section += 1
                self._restart(chunk)
            case Finish():
                self._end()
                return True
            case _:
                pass
        return before != (self._tree, self._tree.changes)

    def _begin(self) -> None:
        self._tree = Tree(told=self._events is not None)
        self._reader: JsonReader | None = None
        self._texts: set[int] = set()
        self._names: dict[int, str] = {}
        self._held: dict[int, list[str]] = {}
        self._call: int | None = None

    def _read(self, text: str) -> None:
        if self._reader is None:
            codec = self._codec()
            self._reader = JsonReader(Undoing(self._tree, codec))
        self._reader.feed(text)

    def _codec(self) -> Codec:
        """Return what the answer comes through; where that is not known, what undoes the most."""
        codecs = self._source.codecs(self._section)
        return self._wanted.codec(next(iter(codecs)) if len(codecs) == 1 else "openai")

    def _feed_text(self, index: int, text: str) -> None:
        self._texts.add(index)
        if self._call is None:
            self._read(text)

    def _feed_call(self, index: int, name: str, arguments: str) -> None:
        known = self._names.setdefault(index, name) or name
        self._names[index] = known
        if not known:
            self._held.setdefault(index, []).append(arguments)
        elif known == self._source.tool and self._call in {None, index}:
            if self._call is None:
                self._take_call(index)
                arguments = "".join([*self._held.pop(index, ()), arguments])
            self._read(arguments)

    def _feed_part(self, index: int, part: object) -> None:
        if isinstance(part, TextPart) and index not in self._texts:
            self._feed_text(index, part.text)
        elif isinstance(part, ToolCall) and part.name == self._source.tool and self._call is None:
            self._take_call(index)
            self._read(part.arguments)

    def _take_call(self, index: int) -> None:
        """From here on the value comes as a call; text before it was none."""
        names, held = self._names, self._held
        self._begin()
        self._names, self._held, self._call = names, held, index

    def _restart(self, restarted: Restarted) -> None:
        self._begin()
        if self._events is not None:
            self._events.clear()
            self._events.append(restarted)

    def _end(self) -> None:
        accepted = self._source.accepted
        assert accepted is not None
        json = self._wanted.schema.encode(accepted.value)
        self._whole = msgspec.json.decode(json)
        self.is_whole = True
        if self._events is not None and not self._has_told(accepted.value):
            self._retell(json.decode())

    def _has_told(self, value: T) -> bool:
        """Whether what was told of the value amounts to it."""
        if self._reader is None or not self._reader.is_done:
            return False
        try:
            shown = cast("JsonValue", self._tree.value)
            return bool(self._wanted.schema.convert(shown) == value)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return False

    def _retell(self, json: str) -> None:
        """Tell what the value is after all: it was mended, or has come in a shape of its own."""
        if self._tree.changes:
            self._restart(Restarted(_OTHERWISE))
        else:
            self._begin()
        JsonReader(Undoing(self._tree, self._wanted.codec("plain"))).feed(json)


_OTHERWISE = Failure("output_invalid", "the value is not what had been read of it", local=True)
