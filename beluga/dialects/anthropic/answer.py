"""An answer as it grows out of content blocks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from beluga.dialects.anthropic.growing import Growing, Numbering, grow
from beluga.dialects.anthropic.wire import BlockDelta, MessageWire, Said, UsageWire, merged
from beluga.outcomes import Ok, Outcome
from beluga.schema import Emission, Failure, Finish, FinishReason, JsonValue, Usage

__all__ = ["Answer"]

_REASONS: Final[Mapping[str, FinishReason]] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "compaction": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "pause_turn": "pause",
    "refusal": "content_filter",
}

_TOLD: Final = ("stop_sequence", "stop_details", "container", "context_management")
_TOLD_BY_USAGE: Final = ("service_tier", "inference_geo", "speed", "server_tool_use", "iterations")


class Answer:
    """Turn blocks into chunks, and keep what only the end can tell."""

    has_content: bool

    def __init__(self, origin: str) -> None:
        self.id: str | None = None
        self.has_content = False
        self._origin = origin
        self._model: str | None = None
        self._usage = UsageWire()
        self._reason: str | None = None
        self._metadata: dict[str, JsonValue] = {}
        self._open: dict[int, Growing] = {}
        self._latest: Growing | None = None
        self._held: Growing | None = None
        self._numbers = Numbering()

    @property
    def usage(self) -> Usage:
        """What has been said of tokens so far, in the library's terms."""
        wire = self._usage
        read, written = wire.cache_read_input_tokens, wire.cache_creation_input_tokens
        given, made = wire.input_tokens, wire.output_tokens
        if given is not None:
            given += (read or 0) + (written or 0)
        total = None if given is None or made is None else given + made
        details = wire.output_tokens_details
        thinking = None if details is None else details.thinking_tokens
        return Usage(given, made, total, read, written, thinking)

    def begin(self, message: MessageWire) -> list[Emission]:
        """Take in a message, whole or its beginning."""
        self.id = message.id or self.id
        self._numbers.seed = self.id or ""
        self._model = message.model or self._model
        if message.usage is not None:
            self.take_usage(message.usage)
        chunks: list[Emission] = []
        for position, raw in enumerate(message.content or ()):
            chunks += self._grow(-1 - position, raw)
            chunks += self.close_block(-1 - position)
        self.take_ending(message)
        return chunks

    def open_block(self, index: int, raw: msgspec.Raw) -> list[Emission]:
        """Begin a block; one that was never closed under the same index is closed."""
        return [*self.close_block(index), *self._grow(index, raw)]

    def add(self, index: int, delta: BlockDelta) -> list[Emission]:
        """Add to a block."""
        block = self._open.get(index)
        return [] if block is None else self._seen(block.add(delta))

    def close_block(self, index: int) -> list[Emission]:
        """Close a block. The latest is held until something shows that it was not cut off."""
        block = self._open.pop(index, None)
        if block is None:
            return []
        chunks = self._seen(block.close())
        if block is self._latest:
            self._held = block
            return chunks
        return chunks + block.proven()

    def take_usage(self, usage: UsageWire) -> None:
        """Take in token counts."""
        self._usage = merged(self._usage, usage)

    def take_ending(self, said: Said) -> None:
        """Take in why and how the answer ended, as far as it is said."""
        self._reason = said.stop_reason or self._reason
        for name in _TOLD:
            self.tell(name, getattr(said, name, None))

    def tell(self, name: str, value: object) -> None:
        """Keep something that a user may want to know."""
        if value is not None:
            self._metadata[name] = value  # type: ignore[assignment]  # it came out of JSON

    def finish(self) -> tuple[list[Emission], Outcome[Finish]]:
        """Return what was held back, and how the answer ended."""
        reason = _REASONS.get(self._reason or "", "unknown")
        chunks = self._last_blocks(reason)
        if reason == "content_filter" and not self.has_content:
            return [], self._refusal()
        for name in _TOLD_BY_USAGE:
            self.tell(name, getattr(self._usage, name))
        finish = Finish(
            reason,
            self._reason,
            self.usage,
            self._model,
            response_id=self.id,
            metadata=self._metadata,
        )
        return chunks, Ok(finish)

    def _grow(self, index: int, raw: msgspec.Raw) -> list[Emission]:
        chunks = self._released()
        block = grow(raw, self._numbers, self._origin)
        self._open[index] = self._latest = block
        return [*chunks, *self._seen(block.open())]

    def _released(self) -> list[Emission]:
        held, self._held = self._held, None
        return [] if held is None else held.proven()

    def _last_blocks(self, reason: FinishReason) -> list[Emission]:
        """Close what is open. What came last in an answer cut by `length` is not proven whole."""
        chunks: list[Emission] = []
        for index in list(self._open):
            chunks += self.close_block(index)
        return chunks if reason == "length" else chunks + self._released()

    def _seen(self, chunks: list[Emission]) -> list[Emission]:
        self.has_content = self.has_content or bool(chunks)
        return chunks

    def _refusal(self) -> Failure:
        details = self._metadata.get("stop_details")
        explanation = details.get("explanation") if isinstance(details, dict) else None
        message = explanation if isinstance(explanation, str) else "the model refused to answer"
        return Failure("content_filter", message, provider_code=self._reason)
