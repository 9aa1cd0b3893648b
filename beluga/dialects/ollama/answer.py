"""An answer as it grows out of lines: one of them, or many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from beluga.dialects.calls import synthetic_id
from beluga.dialects.media import decode_base64
from beluga.dialects.ollama.wire import DURATIONS, CallWire, Line, Message
from beluga.outcomes import Ok, Outcome
from beluga.schema import (
    Emission,
    Failure,
    Finish,
    FinishReason,
    ImagePart,
    JsonValue,
    PartDone,
    ReasoningDelta,
    ReasoningPart,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
)

__all__ = ["Answer"]

_REASONS: Final[Mapping[str, FinishReason]] = {"stop": "stop", "length": "length"}


class Answer:
    """Turn lines into chunks, and keep what only the end can tell.

    Args:
        origin: Whose thoughts they are.
        turn: Which message of the conversation this answer is; part of the ids that it gives to
            calls whose server gave none.
    """

    usage: Usage

    def __init__(self, origin: str, turn: int) -> None:
        self.usage = Usage()
        self._origin, self._turn = origin, turn
        self._model: str | None = None
        self._thoughts: list[str] = []
        self._call_ids: set[str] = set()
        self._images = 0
        self._logprobs: list[object] = []
        self._last: Line | None = None

    def take(self, line: Line, chunks: list[Emission]) -> None:
        """Take in a line and append its chunks."""
        self._model = line.model or self._model
        if line.message is not None:
            self._take_message(line.message, line.created_at or "", chunks)
        if line.logprobs:
            self._logprobs += line.logprobs
        if line.prompt_eval_count is not None or line.eval_count is not None:
            self.usage = _usage(line.prompt_eval_count, line.eval_count)
        if line.done:
            self._last = line

    def close(self) -> tuple[list[Emission], Outcome[Finish]]:
        """Return what was held back, and how the answer ended."""
        last = self._last
        if last is None:
            message = "the answer ended without the line that says it is done"
            return [], Failure("incomplete_stream", message, retryable=True)
        reason = _REASONS.get(last.done_reason or "", "unknown")
        if reason != "length" and self._call_ids:
            reason = "tool_calls"  # Ollama has no word of its own for it and says "stop"
        chunks: list[Emission] = []
        if self._thoughts:
            thought = ReasoningPart("".join(self._thoughts), origin=self._origin)
            chunks.append(PartDone(0, thought))
        metadata = self._metadata(last)
        finish = Finish(reason, last.done_reason, self.usage, self._model, metadata=metadata)
        return chunks, Ok(finish)

    def _take_message(self, message: Message, created_at: str, chunks: list[Emission]) -> None:
        if message.thinking:
            self._thoughts.append(message.thinking)
            chunks.append(ReasoningDelta(message.thinking))
        if message.content:
            chunks.append(TextDelta(message.content))
        for call in message.tool_calls or ():
            self._take_call(call, created_at, chunks)
        for image in message.images or ():
            self._take_image(image, chunks)

    def _take_call(self, wire: CallWire, created_at: str, chunks: list[Emission]) -> None:
        """Take in a call, which is whole: the server has parsed it before it sends it."""
        if wire.function is None or not wire.function.name:
            return
        index = len(self._call_ids)
        call_id = wire.id or synthetic_id(f"{created_at} {self._turn}", index)
        while call_id in self._call_ids:
            call_id = f"{call_id}_{index}"
        self._call_ids.add(call_id)
        call = ToolCall(call_id, wire.function.name, _arguments(wire.function.arguments))
        chunks.append(ToolCallDelta(index, call.id, call.name, call.arguments))
        chunks.append(PartDone(index, call))

    def _take_image(self, text: str, chunks: list[Emission]) -> None:
        try:
            image = ImagePart(decode_base64(text))
        except ValueError:
            return
        chunks.append(PartDone(self._images, image))
        self._images += 1

    def _metadata(self, last: Line) -> dict[str, JsonValue]:
        metadata: dict[str, JsonValue] = {}
        for name in DURATIONS:
            nanoseconds: int | None = getattr(last, name)
            if nanoseconds is not None:
                metadata[name] = nanoseconds
        if self._logprobs:
            metadata["logprobs"] = self._logprobs  # type: ignore[assignment]  # it is JSON
        return metadata


def _usage(given: int | None, made: int | None) -> Usage:
    """A server that finds the whole prompt in its cache may leave out the count of it."""
    total = given + made if given is not None and made is not None else None
    return Usage(given, made, total)


def _arguments(raw: msgspec.Raw) -> str:
    """Arguments are an object; servers that speak for others may send its text instead."""
    data = bytes(raw)
    if data.startswith(b'"'):
        return msgspec.json.decode(data, type=str)
    return data.decode()
