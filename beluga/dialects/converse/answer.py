"""An answer as it grows out of Converse's events, or out of one body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias, assert_never

import msgspec

from beluga.dialects.converse.blocks import (
    CallBlock,
    MediaBlock,
    Numbers,
    OpenBlock,
    ResultBlock,
    ServedCallBlock,
    TextBlock,
    ThoughtBlock,
)
from beluga.dialects.converse.wire import (
    BlockStart,
    Delta,
    MessageStop,
    Metadata,
    ResultStart,
    TokenUsage,
    ToolUse,
    Trace,
    is_given,
)
from beluga.outcomes import Ok, Outcome
from beluga.schema import (
    Emission,
    Failure,
    Finish,
    FinishReason,
    JsonValue,
    PartDone,
    ProviderPart,
    Usage,
)

__all__ = ["Answer"]

Kind: TypeAlias = Literal["text", "reasoning", "call", "result", "media"]

_REASONS: Final[Mapping[str, FinishReason]] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
    "malformed_model_output": "error",
    "malformed_tool_use": "error",
}

_decode_trace = msgspec.json.Decoder(Trace, strict=False).decode


class Answer:
    """Turn blocks into chunks, and keep what only the end can tell.

    A call that has ended is held until something follows it, since an answer that was cut by its
    length ends its last block too.

    Args:
        origin: Whose reasoning and tools it is.
        request_id: The provider's id of the request; answers have none of their own.
    """

    usage: Usage
    has_ended: bool

    def __init__(self, origin: str, request_id: str | None) -> None:
        self.usage = Usage()
        self.has_ended = False
        self._request_id = request_id
        self._numbers = Numbers(origin, request_id or "")
        self._open: dict[int, dict[Kind, OpenBlock]] = {}
        self._held: OpenBlock | None = None
        self._word: str | None = None
        self._model: str | None = None
        self._metadata: dict[str, JsonValue] = {}

    def start(self, event: BlockStart, chunks: list[Emission]) -> None:
        """Begin a block that announces itself."""
        self._release(chunks)
        blocks = self._open.setdefault(event.content_block_index, {})
        start = event.start
        if start is None:
            return
        if start.tool_use is not None:
            blocks["call"] = self._called(start.tool_use, chunks)
        elif start.tool_result is not None:
            blocks["result"] = ResultBlock(self._numbers, start.tool_result)
        elif start.image is not None:
            blocks["media"] = MediaBlock(self._numbers, start.image.format)

    def delta(self, index: int, delta: Delta, chunks: list[Emission]) -> None:
        """Take in a piece of a block; one of text or of reasoning begins its block."""
        blocks = self._open.get(index)
        if blocks is None:
            self._release(chunks)
            blocks = self._open[index] = {}
        kind = _kind_of(delta)
        if kind is None:
            return
        if kind not in blocks:
            blocks[kind] = self._begun(kind, chunks)
        blocks[kind].take(delta, chunks)

    def stop(self, index: int, chunks: list[Emission]) -> None:
        """End a block."""
        for block in self._open.pop(index, {}).values():
            if isinstance(block, CallBlock):
                self._release(chunks)
                self._held = block
            else:
                block.close(chunks)

    def served(self, kind: str, raw: str, text: str | None, chunks: list[Emission]) -> None:
        """Take in a whole block that only the provider understands."""
        self._release(chunks)
        part = ProviderPart(kind, self._numbers.origin, raw, text)
        chunks.append(PartDone(self._numbers.next("other"), part))

    def hidden(self, raw: str, chunks: list[Emission]) -> None:
        """Take in a whole block of reasoning that is not to be read."""
        self._release(chunks)
        ThoughtBlock(self._numbers, raw).close(chunks)

    def end(self, event: MessageStop, chunks: list[Emission]) -> None:
        """End the message, and with it every block. What its length cut off is no call."""
        self.has_ended = True
        self._word = event.stop_reason
        if is_given(event.additional_model_response_fields):
            fields: JsonValue = msgspec.json.decode(event.additional_model_response_fields)
            self._metadata["additional_model_response_fields"] = fields
        cut = self._reason == "length"
        if not cut:
            self._release(chunks)
        for blocks in self._open.values():
            for block in blocks.values():
                if not (cut and isinstance(block, CallBlock | ServedCallBlock)):
                    block.close(chunks)
        self._open.clear()

    def take_metadata(self, wire: Metadata) -> None:
        """Take in the token counts and what else is said of the answer."""
        if wire.usage is not None:
            self.usage = _usage_of(wire.usage)
        if is_given(wire.trace):
            trace: JsonValue = msgspec.json.decode(wire.trace)
            self._metadata["trace"] = trace
            router = _decode_trace(wire.trace).prompt_router
            self._model = router.invoked_model_id if router is not None else None
        named: dict[str, JsonValue] = {
            "latency_ms": wire.metrics.latency_ms if wire.metrics is not None else None,
            "service_tier": wire.service_tier.type if wire.service_tier is not None else None,
            "latency": wire.performance_config.latency if wire.performance_config else None,
        }
        self._metadata.update({k: v for k, v in named.items() if v is not None})

    def outcome(self) -> Outcome[Finish]:
        """Say how the answer ended."""
        if not self.has_ended:
            message = "the stream ended without its messageStop"
            return Failure("incomplete_stream", message, retryable=True)
        reason = self._reason
        if reason == "content_filter" and not self._numbers.total:
            message = "the provider's filter or a guardrail stopped the answer before it began"
            return Failure("content_filter", message, provider_code=self._word)
        return Ok(
            Finish(
                reason,
                self._word,
                self.usage,
                self._model,
                response_id=self._request_id,
                metadata=self._metadata,
            )
        )

    @property
    def _reason(self) -> FinishReason:
        return _REASONS.get(self._word or "", "unknown")

    def _release(self, chunks: list[Emission]) -> None:
        held, self._held = self._held, None
        if held is not None:
            held.close(chunks)

    def _called(self, use: ToolUse, chunks: list[Emission]) -> OpenBlock:
        if use.type in {None, "tool_use"}:
            return CallBlock(self._numbers, chunks, use.tool_use_id, use.name or "")
        named = {"toolUseId": use.tool_use_id, "name": use.name, "type": use.type}
        head = {key: value for key, value in named.items() if value is not None}
        return ServedCallBlock(self._numbers, head)

    def _begun(self, kind: Kind, chunks: list[Emission]) -> OpenBlock:
        match kind:
            case "text":
                return TextBlock(self._numbers)
            case "reasoning":
                return ThoughtBlock(self._numbers)
            case "call":
                return CallBlock(self._numbers, chunks)
            case "result":
                return ResultBlock(self._numbers, ResultStart())
            case "media":
                return MediaBlock(self._numbers)
            case _:
                assert_never(kind)


def _kind_of(delta: Delta) -> Kind | None:
    if delta.text is not None or is_given(delta.citation):
        return "text"
    if delta.reasoning_content is not None:
        return "reasoning"
    if delta.tool_use is not None:
        return "call"
    if delta.tool_result is not None:
        return "result"
    return "media" if delta.image is not None or delta.audio is not None else None


def _usage_of(wire: TokenUsage) -> Usage:
    read, written = wire.cache_read_input_tokens, wire.cache_write_input_tokens
    given, made = wire.input_tokens, wire.output_tokens
    if given is not None:
        given += (read or 0) + (written or 0)
    total = given + made if given is not None and made is not None else None
    return Usage(given, made, total, read, written)
