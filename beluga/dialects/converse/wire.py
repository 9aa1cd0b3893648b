"""What Converse sends: lenient, and only what is read."""

from __future__ import annotations

from typing import Final

import msgspec

__all__ = [
    "Block",
    "BlockDelta",
    "BlockStart",
    "BlockStop",
    "CitationWire",
    "CitationsContent",
    "Delta",
    "Location",
    "Media",
    "MediaStart",
    "MessageStop",
    "Metadata",
    "Metrics",
    "Reasoning",
    "ReasoningText",
    "ResultStart",
    "Source",
    "StreamError",
    "Text",
    "TokenUsage",
    "ToolUse",
    "Trace",
    "Whole",
    "is_given",
]

NOTHING: Final = msgspec.Raw(b"")


def is_given(raw: msgspec.Raw) -> bool:
    """Whether something stands there, and not `null`."""
    return bytes(raw) not in {b"", b"null"}


class _Wire(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    pass


class Text(_Wire, frozen=True):
    """A piece of text, of a citation or of a tool's result."""

    text: str | None = None


class ReasoningText(_Wire, frozen=True):
    """Reasoning of a whole answer."""

    text: str | None = None
    signature: str | None = None


class Reasoning(_Wire, frozen=True):
    """Reasoning: whole in an answer, and piece by piece in a stream."""

    reasoning_text: ReasoningText | None = None
    text: str | None = None
    signature: str | None = None
    redacted_content: str | None = None


class ToolUse(_Wire, frozen=True):
    """A call. In a stream its input is a fragment of JSON text, in an answer it is JSON."""

    tool_use_id: str | None = None
    name: str | None = None
    type: str | None = None
    input: msgspec.Raw = NOTHING


class ResultStart(_Wire, frozen=True):
    """The head of what a tool of the provider's own gave back."""

    tool_use_id: str | None = None
    type: str | None = None
    status: str | None = None


class ToolResult(ResultStart, frozen=True):
    """What a tool of the provider's own gave back."""

    content: tuple[msgspec.Raw, ...] | None = None


class S3Location(_Wire, frozen=True):
    """A place in S3."""

    uri: str | None = None


class Source(_Wire, frozen=True):
    """Where media are; their bytes are in base64."""

    bytes: str | None = None
    s3_location: S3Location | None = None


class Media(_Wire, frozen=True):
    """An image or a sound, or a piece of one."""

    format: str | None = None
    source: Source | None = None


class MediaStart(_Wire, frozen=True):
    """The head of an image."""

    format: str | None = None


class Web(_Wire, frozen=True):
    """An address on the web."""

    url: str | None = None


class Location(_Wire, frozen=True):
    """Where in a source a citation is; positions there are the source's, not the answer's."""

    web: Web | None = None


class CitationWire(_Wire, frozen=True):
    """A citation."""

    title: str | None = None
    source: str | None = None
    source_content: tuple[Text, ...] | None = None
    location: Location | None = None


class CitationsContent(_Wire, frozen=True):
    """Text that rests on citations."""

    content: tuple[Text, ...] | None = None
    citations: tuple[msgspec.Raw, ...] | None = None


class Block(_Wire, frozen=True):
    """One block of a whole answer."""

    text: str | None = None
    reasoning_content: Reasoning | None = None
    tool_use: ToolUse | None = None
    tool_result: ToolResult | None = None
    image: Media | None = None
    audio: Media | None = None
    citations_content: CitationsContent | None = None


class Start(_Wire, frozen=True):
    """How a block begins; those of text and of reasoning begin with a delta."""

    tool_use: ToolUse | None = None
    tool_result: ResultStart | None = None
    image: MediaStart | None = None


class BlockStart(_Wire, frozen=True):
    """The event `contentBlockStart`."""

    content_block_index: int = 0
    start: Start | None = None


class CallPiece(_Wire, frozen=True):
    """A fragment of a call's input."""

    input: str | None = None


class Delta(_Wire, frozen=True):
    """A piece of a block."""

    text: str | None = None
    reasoning_content: Reasoning | None = None
    tool_use: CallPiece | None = None
    tool_result: tuple[msgspec.Raw, ...] | None = None
    citation: msgspec.Raw = NOTHING
    image: Media | None = None
    audio: Media | None = None


class BlockDelta(_Wire, frozen=True):
    """The event `contentBlockDelta`."""

    content_block_index: int = 0
    delta: Delta | None = None


class BlockStop(_Wire, frozen=True):
    """The event `contentBlockStop`."""

    content_block_index: int = 0


class MessageStop(_Wire, frozen=True):
    """The event `messageStop`: the answer is complete, its usage is still to come."""

    stop_reason: str | None = None
    additional_model_response_fields: msgspec.Raw = NOTHING


class TokenUsage(_Wire, frozen=True):
    """Token counts; the input leaves out what the cache gave and took."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_write_input_tokens: int | None = None


class Metrics(_Wire, frozen=True):
    """How long it took."""

    latency_ms: float | None = None


class PromptRouter(_Wire, frozen=True):
    """What a prompt router chose."""

    invoked_model_id: str | None = None


class Trace(_Wire, frozen=True):
    """What stood between the caller and the model."""

    prompt_router: PromptRouter | None = None


class ServiceTier(_Wire, frozen=True):
    """The tier that served the request."""

    type: str | None = None


class PerformanceConfig(_Wire, frozen=True):
    """The latency that served the request."""

    latency: str | None = None


class Metadata(_Wire, frozen=True):
    """The event `metadata`, and the same fields of a whole answer."""

    usage: TokenUsage | None = None
    metrics: Metrics | None = None
    trace: msgspec.Raw = NOTHING
    service_tier: ServiceTier | None = None
    performance_config: PerformanceConfig | None = None


class Message(_Wire, frozen=True):
    """The message of a whole answer, block by block as they came."""

    content: tuple[msgspec.Raw, ...] | None = None


class Output(_Wire, frozen=True):
    """The output of a whole answer."""

    message: Message | None = None


class Whole(Metadata, frozen=True):
    """A whole answer."""

    output: Output | None = None
    stop_reason: str | None = None
    additional_model_response_fields: msgspec.Raw = NOTHING


class StreamError(_Wire, frozen=True):
    """An exception inside a stream."""

    message: str | None = None
    original_status_code: int | None = None
    original_message: str | None = None
