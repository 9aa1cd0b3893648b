"""What Cohere sends: lenient, and only what is read."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from beluga.schema import JsonValue

__all__ = [
    "Body",
    "CallWire",
    "CitationWire",
    "Content",
    "Function",
    "Message",
    "Plan",
    "SourceWire",
    "Tokens",
    "UsageWire",
]


class Plan(msgspec.Struct, frozen=True):
    """What the model means to do with its tools: a thought beside the content, not inside it."""

    tool_plan: str


class Content(msgspec.Struct, frozen=True, gc=False):
    """A block of content, or a piece of one; a piece has no type."""

    text: str | None = None
    thinking: str | None = None


class Function(msgspec.Struct, frozen=True, gc=False):
    """The called function."""

    name: str | None = None
    arguments: str | None = None


class CallWire(msgspec.Struct, frozen=True):
    """A tool call, or a fragment of one."""

    id: str | None = None
    function: Function | None = None


class SourceWire(msgspec.Struct, frozen=True):
    """What a citation rests on: a document, or what a tool gave."""

    document: Mapping[str, object] | None = None


class CitationWire(msgspec.Struct, frozen=True):
    """A stretch of the answer and its sources."""

    start: int | None = None
    end: int | None = None
    text: str | None = None
    sources: list[SourceWire] | None = None
    content_index: int | None = None
    type: str | None = None


class Message(msgspec.Struct, frozen=True):
    """A whole message, whose members are lists, or a piece of one, whose members are single."""

    content: list[Content] | Content | str | None = None
    tool_plan: str | None = None
    tool_calls: list[CallWire] | CallWire | None = None
    citations: msgspec.Raw = msgspec.Raw(b"null")


class Tokens(msgspec.Struct, frozen=True, gc=False):
    """A count of tokens; Cohere's numbers may have a fraction part, which is zero."""

    input_tokens: float | None = None
    output_tokens: float | None = None


class UsageWire(msgspec.Struct, frozen=True):
    """What the models read and wrote, and what was billed for it."""

    tokens: Tokens | None = None
    billed_units: Mapping[str, JsonValue] | None = None
    cached_tokens: float | None = None


class Delta(msgspec.Struct, frozen=True):
    """What an event brings."""

    message: Message | None = None
    finish_reason: str | None = None
    usage: UsageWire | None = None
    error: str | None = None


class Body(msgspec.Struct, frozen=True):
    """A whole answer, one event of a stream, or an error, whose `message` is a sentence."""

    type: str | None = None
    id: str | None = None
    index: int | None = None
    delta: Delta | None = None
    message: Message | str | None = None
    finish_reason: str | None = None
    usage: UsageWire | None = None
    logprobs: list[object] | Mapping[str, object] | None = None
