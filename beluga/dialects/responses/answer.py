"""An answer as it grows out of a Responses output: items, whole or with deltas before them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from beluga.dialects.calls import CallAssembler
from beluga.dialects.costs import reported_dollars
from beluga.dialects.media import decode_base64
from beluga.dialects.responses.wire import Annotation, Content, Item, Response, UsageWire
from beluga.outcomes import Ok, Outcome
from beluga.schema import (
    Citation,
    Emission,
    Failure,
    Finish,
    FinishReason,
    ImagePart,
    JsonValue,
    PartDone,
    ProviderPart,
    ReasoningDelta,
    ReasoningPart,
    RefusalPart,
    TextDelta,
    TextPart,
    Usage,
)

__all__ = ["Answer"]

_REASONS: Final[Mapping[str, FinishReason]] = {
    "completed": "stop",
    "complete": "stop",
    "max_output_tokens": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
    "cancelled": "error",
    "failed": "error",
}

_item: Final = msgspec.json.Decoder(Item, strict=False).decode
_annotation: Final = msgspec.json.Decoder(Annotation, strict=False).decode


class _Pieces(msgspec.Struct):
    """What has been told of one text or thought, the `index`th of its kind."""

    index: int
    pieces: list[str] = []


class Answer:
    """Turn items and deltas into chunks, and keep what only the end can tell."""

    usage: Usage
    calls: CallAssembler

    def __init__(self, origin: str) -> None:
        self.usage = Usage()
        self.calls = CallAssembler()
        self._origin = origin
        self._response: Response | None = None
        self._texts: dict[tuple[int, int], _Pieces] = {}
        self._thoughts: dict[int, _Pieces] = {}
        self._arguments: set[int] = set()
        self._done: set[int] = set()
        self._messages: list[JsonValue] = []
        self._others = 0
        self._metadata: dict[str, JsonValue] = {}

    def begin(self, response: Response) -> None:
        """Take in what is known of the response before its items."""
        self._response = response
        self.calls.seed = response.id or ""

    def say(self, output: int, content: int, text: str, chunks: list[Emission]) -> None:
        """Take in a piece of text."""
        told = self._texts.get((output, content))
        if told is None:
            told = self._texts[output, content] = _Pieces(len(self._texts))
        told.pieces.append(text)
        chunks.append(TextDelta(text, told.index))

    def think(self, output: int, text: str, chunks: list[Emission]) -> None:
        """Take in a piece of reasoning, or of its summary."""
        told = self._thought(output)
        told.pieces.append(text)
        chunks.append(ReasoningDelta(text, told.index))

    def _thought(self, output: int) -> _Pieces:
        told = self._thoughts.get(output)
        if told is None:
            told = self._thoughts[output] = _Pieces(len(self._thoughts))
        return told

    def argue(self, output: int, arguments: str, chunks: list[Emission]) -> None:
        """Take in a piece of a call's arguments."""
        self._arguments.add(output)
        chunks += self.calls.fragment(output, None, None, arguments)

    def open_item(self, output: int, raw: msgspec.Raw, chunks: list[Emission]) -> None:
        """Take in the start of an item: of a call, its id and name."""
        item = _item(raw)
        if item.type in ("function_call", "custom_tool_call"):
            chunks += self.calls.fragment(output, item.call_id or item.id, item.name, None)

    def close_item(self, output: int, raw: msgspec.Raw, chunks: list[Emission]) -> None:
        """Take in a whole item; what its deltas have told already is not told again."""
        if output in self._done:
            return
        self._done.add(output)
        item = _item(raw)
        match item.type:
            case "message":
                self._close_message(output, item, chunks)
            case "reasoning":
                self._close_reasoning(output, item, raw, chunks)
            case "function_call" | "custom_tool_call":
                self._close_call(output, item, raw, chunks)
            case _:
                self._close_other(item, raw, chunks)

    def close(self, response: Response | None) -> tuple[list[Emission], Outcome[Finish]]:
        """Return what was held back, and how the answer ended."""
        if response is None or response.status in (None, "in_progress"):
            message = "the stream ended without its terminal event"
            return [], Failure("incomplete_stream", message, retryable=True)
        chunks: list[Emission] = []
        for output, raw in enumerate(response.output or ()):
            self.close_item(output, raw, chunks)
        raw_reason = response.status
        if response.status == "incomplete" and response.incomplete_details is not None:
            raw_reason = response.incomplete_details.reason or raw_reason
        reason = _REASONS.get(raw_reason or "", "unknown")
        spoken = self._texts or self._thoughts or self._others or len(self.calls)
        if reason == "content_filter" and not spoken:
            message = "the provider's content filter stopped the answer before it began"
            return chunks, Failure("content_filter", message, provider_code=raw_reason)
        if reason == "stop" and len(self.calls):
            reason = "tool_calls"
        return [*chunks, *self.calls.close(reason)], Ok(self._finish(response, reason, raw_reason))

    def take_usage(self, wire: UsageWire) -> None:
        """Take in token counts, and what the server says the answer cost."""
        self.usage = _usage(wire)
        cost = reported_dollars(
            wire.cost, wire.cost_in_usd_ticks, details=wire.cost_details, own_key=wire.is_byok
        )
        if cost is not None:
            self._metadata["cost"] = cost

    def _finish(self, response: Response, reason: FinishReason, raw: str | None) -> Finish:
        if self._messages:
            self._metadata["messages"] = self._messages
        if response.service_tier is not None:
            self._metadata["service_tier"] = response.service_tier
        begun = self._response
        model = response.model or (begun.model if begun is not None else None)
        response_id = response.id or (begun.id if begun is not None else None)
        return Finish(
            reason, raw, self.usage, model, response_id=response_id, metadata=self._metadata
        )

    def _close_message(self, output: int, item: Item, chunks: list[Emission]) -> None:
        for position, content in enumerate(item.content or ()):
            if content.refusal:
                self._emit_other(RefusalPart(content.refusal), chunks)
                continue
            if (output, position) not in self._texts and content.text:
                self.say(output, position, content.text, chunks)
            if (output, position) not in self._texts:
                continue
            self._messages.append({"id": item.id, "phase": item.phase})
            self._cite(output, position, content, chunks)
            if content.logprobs:
                self._metadata["logprobs"] = content.logprobs  # type: ignore[assignment]  # JSON

    def _cite(self, output: int, position: int, content: Content, chunks: list[Emission]) -> None:
        citations = [_citation(raw) for raw in content.annotations or ()]
        if not citations:
            return
        told = self._texts[output, position]
        text = content.text or "".join(told.pieces)
        chunks.append(PartDone(told.index, TextPart(text, citations=tuple(citations))))

    def _close_reasoning(
        self, output: int, item: Item, raw: msgspec.Raw, chunks: list[Emission]
    ) -> None:
        if output not in self._thoughts:
            for content in [*(item.summary or ()), *(item.content or ())]:
                if content.text:
                    self.think(output, content.text, chunks)
        told = self._thought(output)
        opaque = bytes(raw).decode()
        part = ReasoningPart("".join(told.pieces), opaque=opaque, origin=self._origin)
        chunks.append(PartDone(told.index, part))

    def _close_call(
        self, output: int, item: Item, raw: msgspec.Raw, chunks: list[Emission]
    ) -> None:
        whole = item.arguments if item.input is None else item.input
        if isinstance(whole, dict):
            whole = msgspec.json.encode(whole).decode()
        told = output in self._arguments
        call_id = item.call_id or item.id
        chunks += self.calls.fragment(output, call_id, item.name, None if told else whole)
        if item.type == "custom_tool_call":
            self.calls.sign(bytes(raw).decode(), self._origin)

    def _close_other(self, item: Item, raw: msgspec.Raw, chunks: list[Emission]) -> None:
        """An item of the provider's own tools goes back as it came."""
        whole = ProviderPart(item.type, self._origin, bytes(raw).decode())
        self._emit_other(whole, chunks)
        if item.type == "image_generation_call" and isinstance(item.result, str):
            try:
                data = decode_base64(item.result)
            except ValueError:
                return
            media_type = f"image/{item.output_format or 'png'}"
            self._emit_other(ImagePart(data, media_type=media_type), chunks)

    def _emit_other(
        self, part: RefusalPart | ProviderPart | ImagePart, chunks: list[Emission]
    ) -> None:
        chunks.append(PartDone(self._others, part))
        self._others += 1


def _usage(wire: UsageWire) -> Usage:
    inside, outside = wire.input_tokens, wire.output_tokens
    total = wire.total_tokens
    if inside is not None and outside is not None:
        total = inside + outside
    cached, written = None, None
    if wire.input_tokens_details is not None:
        cached = wire.input_tokens_details.cached_tokens
        written = wire.input_tokens_details.cache_write_tokens
    details = wire.output_tokens_details
    reasoning = None if details is None else details.reasoning_tokens
    return Usage(inside, outside, total, cached, written, reasoning)


def _citation(raw: msgspec.Raw) -> Citation:
    note = _annotation(raw)
    return Citation(
        url=note.url,
        title=note.title or note.filename,
        start=note.start_index,
        end=note.end_index,
        raw=bytes(raw).decode(),
    )
