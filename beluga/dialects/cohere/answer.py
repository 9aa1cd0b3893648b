"""An answer as it grows out of Cohere's bodies: one of them, or one for each event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

import msgspec

from beluga.dialects.calls import CallAssembler
from beluga.dialects.cohere.citations import CitationList
from beluga.dialects.cohere.usage import usage_of
from beluga.dialects.cohere.wire import Body, CallWire, Content, Message, Plan, UsageWire
from beluga.schema import (
    Emission,
    Finish,
    FinishReason,
    JsonValue,
    PartDone,
    ReasoningDelta,
    ReasoningPart,
    TextDelta,
    TextPart,
    Usage,
)

__all__ = ["FAILED", "Answer"]

T = TypeVar("T")

_REASONS: Final[Mapping[str, FinishReason]] = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "TOOL_CALL": "tool_calls",
    "ERROR": "error",
    "TIMEOUT": "error",
}

FAILED: Final = frozenset({"ERROR", "TIMEOUT"})
"""Words for an answer that the provider could not finish."""


class Answer:
    """Turn messages and their pieces into chunks, and keep what only the end can tell.

    Args:
        origin: Whose thoughts they are.
    """

    usage: Usage

    def __init__(self, origin: str) -> None:
        self.usage = Usage()
        self._origin = origin
        self._id: str | None = None
        self._texts: dict[int, _Block] = {}
        self._thoughts: dict[int | None, _Block] = {}  # the plan for the tools has no index
        self._calls = CallAssembler()
        self._citations = CitationList()
        self._logprobs: list[object] = []
        self._metadata: dict[str, JsonValue] = {}

    @property
    def has_content(self) -> bool:
        """Whether anything of it has come."""
        return bool(self._texts or self._thoughts or len(self._calls))

    def take(self, body: Body, message: Message | None, chunks: list[Emission]) -> None:
        """Take in a body and the message, or the piece of one, in it; append its chunks."""
        if self._id is None and body.id:
            self._id = self._calls.seed = body.id
        if isinstance(body.logprobs, list):
            self._logprobs += body.logprobs
        elif body.logprobs is not None:
            self._logprobs.append(body.logprobs)
        if message is not None:
            self._take_message(message, body.index or 0, chunks)

    def take_usage(self, wire: UsageWire) -> None:
        """Take in token counts, and keep what was billed."""
        self.usage = usage_of(wire)
        if wire.billed_units is not None:
            self._metadata["billed_units"] = wire.billed_units

    def close(self, word: str) -> tuple[list[Emission], Finish]:
        """Return what was held back, and how the answer ended.

        Args:
            word: The provider's for it.
        """
        reason = _REASONS.get(word, "unknown")
        if reason == "stop" and len(self._calls):
            reason = "tool_calls"
        chunks = [*self._whole_parts(), *self._calls.close(reason)]
        if self._logprobs:
            self._metadata["logprobs"] = self._logprobs  # type: ignore[assignment]  # it is JSON
        finish = Finish(
            reason, word or None, self.usage, response_id=self._id, metadata=self._metadata
        )
        return chunks, finish

    def _take_message(self, message: Message, index: int, chunks: list[Emission]) -> None:
        if message.tool_plan:
            self._think(None, message.tool_plan, chunks)
        content = message.content
        if isinstance(content, str):
            content = Content(text=content)
        for place, piece in _placed(content, index):
            self._take_content(place, piece, chunks)
        for place, call in _placed(message.tool_calls, index):
            self._take_call(place, call, chunks)
        self._citations.take(message.citations)

    def _take_content(self, place: int, piece: Content, chunks: list[Emission]) -> None:
        if piece.thinking:
            self._think(place, piece.thinking, chunks)
        if piece.text:
            block = self._texts.setdefault(place, _Block(len(self._texts)))
            block.pieces.append(piece.text)
            chunks.append(TextDelta(piece.text, block.index))

    def _think(self, place: int | None, text: str, chunks: list[Emission]) -> None:
        block = self._thoughts.setdefault(place, _Block(len(self._thoughts)))
        block.pieces.append(text)
        chunks.append(ReasoningDelta(text, block.index))

    def _take_call(self, place: int, call: CallWire, chunks: list[Emission]) -> None:
        name = call.function.name if call.function is not None else None
        arguments = call.function.arguments if call.function is not None else None
        chunks += self._calls.fragment(place, call.id, name, arguments)

    def _whole_parts(self) -> list[Emission]:
        """Parts that say more than their deltas did."""
        chunks: list[Emission] = []
        for place, block in self._thoughts.items():
            text = "".join(block.pieces)
            opaque = msgspec.json.encode(Plan(text)).decode() if place is None else None
            thought = ReasoningPart(text, opaque=opaque, origin=self._origin)
            chunks.append(PartDone(block.index, thought))
        cited = self._citations.by_place(list(self._texts)) if self._texts else {}
        for place, citations in cited.items():
            block = self._texts[place]
            text_part = TextPart("".join(block.pieces), citations=tuple(citations))
            chunks.append(PartDone(block.index, text_part))
        if self._citations.others:
            self._metadata["other_citations"] = self._citations.others
        return chunks


class _Block(msgspec.Struct):
    """A block of text or thoughts: which of its kind it is, and its pieces."""

    index: int
    pieces: list[str] = []


def _placed(members: list[T] | T | None, index: int) -> Iterable[tuple[int, T]]:
    """Members and their places: a whole message has lists, a piece has single ones and an index."""
    if members is None:
        return ()
    return enumerate(members) if isinstance(members, list) else ((index, members),)
