"""What a Messages server sends: lenient, and only what is read."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

__all__ = [
    "Block",
    "BlockDelta",
    "CitationWire",
    "ErrorBody",
    "Event",
    "MessageWire",
    "UsageWire",
    "merged",
]

ABSENT = msgspec.Raw(b"")


class OutputDetails(msgspec.Struct, frozen=True, gc=False):
    """What the output was made of."""

    thinking_tokens: int | None = None


class UsageWire(msgspec.Struct, frozen=True):
    """Token counts. Those of a stream are cumulative, and later events may leave some out."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    output_tokens_details: OutputDetails | None = None
    server_tool_use: object = None
    service_tier: str | None = None
    inference_geo: str | None = None
    speed: str | None = None
    iterations: object = None


def merged(earlier: UsageWire, later: UsageWire) -> UsageWire:
    """Return *earlier* with everything that *later* says."""
    said = {name: getattr(later, name) for name in UsageWire.__struct_fields__}
    return msgspec.structs.replace(earlier, **{k: v for k, v in said.items() if v is not None})


class CitationWire(msgspec.Struct, frozen=True, gc=False):
    """A source of a text, of whichever kind."""

    cited_text: str | None = None
    url: str | None = None
    source: str | None = None
    title: str | None = None
    document_title: str | None = None


class Block(msgspec.Struct, frozen=True):
    """A content block, or the beginning of one."""

    type: str = ""
    text: str | None = None
    citations: list[msgspec.Raw] | None = None
    thinking: str | None = None
    signature: str | None = None
    id: str | None = None
    name: str | None = None
    input: msgspec.Raw = ABSENT
    caller: msgspec.Raw = ABSENT
    toolset_name: str | None = None
    content: object = None


class BlockDelta(msgspec.Struct, frozen=True):
    """What an event adds: to a block, or to what is known of the message."""

    type: str = ""
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    partial_json: str | None = None
    citation: msgspec.Raw = ABSENT
    content: str | None = None
    encrypted_content: str | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: object = None
    container: object = None


class MessageWire(msgspec.Struct, frozen=True):
    """A whole message; at the start of a stream, one without most of its content."""

    type: str | None = None
    id: str | None = None
    model: str | None = None
    content: list[msgspec.Raw] | None = None
    usage: UsageWire | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: object = None
    container: object = None
    context_management: object = None
    error: msgspec.Raw = ABSENT


class Event(msgspec.Struct, frozen=True):
    """One event of a stream, of whichever type."""

    type: str = ""
    index: int = 0
    message: MessageWire | None = None
    content_block: msgspec.Raw = ABSENT
    delta: BlockDelta | None = None
    usage: UsageWire | None = None
    context_management: object = None
    error: msgspec.Raw = ABSENT


class ErrorDetails(msgspec.Struct, frozen=True, gc=False):
    """More of an error, where there is more."""

    type: str | None = None


class ErrorWire(msgspec.Struct, frozen=True):
    """What went wrong."""

    type: str | None = None
    message: str | None = None
    details: ErrorDetails | None = None


class ErrorBody(msgspec.Struct, frozen=True):
    """A response, or an event, that tells of an error."""

    error: ErrorWire | None = None
    request_id: str | None = None


Said: TypeAlias = MessageWire | BlockDelta
"""Whatever can say how a message ended."""
