"""The algebra of chunks: the one place that knows how they become a message, and back.

`fold(unfold(m)) == m` for every message that a model can give, and
`fold(a + [restarted] + b) == fold(b)`. `spent` travels in `Finish`, as everything else that only
the ending can tell.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

import msgspec

from beluga.schema.chunks import (
    Finish,
    PartDone,
    ReasoningDelta,
    Restarted,
    StreamChunk,
    TextDelta,
    ToolCallDelta,
    no_chunk,
)
from beluga.schema.messages import AIMessage
from beluga.schema.parts import Part, ReasoningPart, TextPart, ToolCall

__all__ = ["Folder", "fold", "unfold"]

Kind: TypeAlias = Literal["text", "reasoning", "call", "other"]


def fold(chunks: Iterable[StreamChunk]) -> AIMessage:
    """Build the message that *chunks* tell.

    Without a `Finish` the message has no `finish_reason`. A call that no `PartDone` has closed is
    whole if the answer ended for any reason but `length`; else it is in `cut_calls`.
    """
    folder = Folder()
    folder.feed(chunks)
    return folder.message()


class Folder:
    """Fold chunks as they come; `message()` may be asked for at any time."""

    def __init__(self) -> None:
        self._slots: dict[tuple[Kind, int], _Slot] = {}
        self._finish: Finish | None = None

    def feed(self, chunks: Iterable[StreamChunk]) -> None:
        """Take in more chunks, in order."""
        for chunk in chunks:
            self._take(chunk)

    @property
    def finished(self) -> bool:
        """Whether the `Finish` has come."""
        return self._finish is not None

    def message(self) -> AIMessage:
        """Return what has been told so far as a message."""
        finish = self._finish
        complete = finish is not None and finish.reason != "length"
        cut = tuple(
            [s.call() for s in self._slots.values() if s.kind == "call" and s.is_open(complete)]
        )
        content = self._content(complete)
        if finish is None:
            return AIMessage(content, cut_calls=cut)
        return AIMessage(
            content,
            usage=finish.usage,
            spent=finish.spent,
            finish_reason=finish.reason,
            raw_finish_reason=finish.raw_reason,
            model=finish.model,
            provider=finish.provider,
            response_id=finish.response_id,
            cut_calls=cut,
            metadata=finish.metadata,
        )

    def _take(self, chunk: StreamChunk) -> None:
        match chunk:
            case TextDelta(text, index):
                if text:
                    self._slot("text", index).texts.append(text)
            case ReasoningDelta(text, index):
                if text:
                    self._slot("reasoning", index).texts.append(text)
            case ToolCallDelta(index, id, name, arguments):
                if id or name or arguments:
                    self._slot("call", index).add_fragment(id, name, arguments)
            case PartDone(index, part):
                self._slot(_kind(part), index).whole = part
            case Restarted():
                self._slots.clear()
                self._finish = None
            case Finish():
                self._finish = chunk
            case _:
                no_chunk(chunk)

    def _slot(self, kind: Kind, index: int) -> _Slot:
        slot = self._slots.get((kind, index))
        if slot is None:
            slot = self._slots[kind, index] = _Slot(kind)
        return slot

    def _content(self, complete: bool) -> str | tuple[Part, ...]:
        slots = [s for s in self._slots.values() if not s.is_open(complete)]
        if len(slots) == 1 and slots[0].kind == "text" and slots[0].whole is None:
            return "".join(slots[0].texts)
        return tuple([slot.part() for slot in slots])


def unfold(message: AIMessage) -> list[StreamChunk]:
    """Return chunks that fold to *message*: parts whole, with the deltas that a watcher reads.

    The last one is a `Finish` if the message has a `finish_reason`.
    """
    chunks: list[StreamChunk] = []
    counts: dict[Kind, int] = {"text": 0, "reasoning": 0, "call": 0, "other": 0}
    lone = isinstance(message.content, str)
    for part in message.parts:
        kind = _kind(part)
        index = counts[kind]
        counts[kind] += 1
        chunks.extend(_unfold_part(part, index, lone))
    for offset, call in enumerate(message.cut_calls):
        chunks.append(ToolCallDelta(counts["call"] + offset, call.id, call.name, call.arguments))
    if message.finish_reason is not None:
        chunks.append(
            Finish(
                message.finish_reason,
                message.raw_finish_reason,
                message.usage,
                message.model,
                message.provider,
                message.response_id,
                message.metadata,
                message.spent,
            )
        )
    return chunks


class _Slot(msgspec.Struct):
    """What is known of one part: its pieces so far, or the whole that replaced them."""

    kind: Kind
    texts: list[str] = []
    id: str = ""
    name: str = ""
    whole: Part | None = None

    def add_fragment(self, id: str, name: str, arguments: str) -> None:
        # Later fragments repeat the id and the name, or leave them empty; they never extend them.
        self.id = self.id or id
        self.name = self.name or name
        if arguments:
            self.texts.append(arguments)

    def is_open(self, complete: bool) -> bool:
        return self.kind == "call" and self.whole is None and not complete

    def call(self) -> ToolCall:
        return ToolCall(self.id, self.name, "".join(self.texts))

    def part(self) -> Part:
        if self.whole is not None:
            return self.whole
        if self.kind == "call":
            return self.call()
        text = "".join(self.texts)
        return ReasoningPart(text) if self.kind == "reasoning" else TextPart(text)


def _unfold_part(part: Part, index: int, lone: bool) -> list[StreamChunk]:
    """Deltas for those who watch them, then the whole wherever the deltas do not say it all."""
    match part:
        case TextPart(text):
            deltas: list[StreamChunk] = [TextDelta(text, index)] if text else []
            return deltas if lone else [*deltas, PartDone(index, part)]
        case ReasoningPart(text):
            return [*([ReasoningDelta(text, index)] if text else []), PartDone(index, part)]
        case ToolCall(id, name, arguments):
            return [ToolCallDelta(index, id, name, arguments), PartDone(index, part)]
        case _:
            return [PartDone(index, part)]


def _kind(part: Part) -> Kind:
    match part:
        case TextPart():
            return "text"
        case ReasoningPart():
            return "reasoning"
        case ToolCall():
            return "call"
        case _:
            return "other"
