"""What a Responses server sends: lenient, and only what is read."""

from __future__ import annotations

import msgspec

__all__ = ["Annotation", "Content", "Event", "Item", "Response", "UsageWire"]


class Annotation(msgspec.Struct, frozen=True, gc=False):
    """A source that a text cites."""

    type: str | None = None
    url: str | None = None
    title: str | None = None
    filename: str | None = None
    start_index: int | None = None
    end_index: int | None = None


class Content(msgspec.Struct, frozen=True):
    """A part of a message, or of a reasoning item."""

    type: str | None = None
    text: str | None = None
    refusal: str | None = None
    annotations: list[msgspec.Raw] | None = None
    logprobs: list[object] | None = None


class Item(msgspec.Struct, frozen=True):
    """One item of the output."""

    type: str = ""
    id: str | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | dict[str, object] | None = None
    input: str | None = None
    content: list[Content] | None = None
    summary: list[Content] | None = None
    encrypted_content: str | None = None
    phase: str | None = None
    result: object = None
    output_format: str | None = None
    revised_prompt: str | None = None


class InputDetails(msgspec.Struct, frozen=True, gc=False):
    """What the input was made of."""

    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class OutputDetails(msgspec.Struct, frozen=True, gc=False):
    """What the output was made of."""

    reasoning_tokens: int | None = None


class UsageWire(msgspec.Struct, frozen=True, gc=False):
    """Token counts."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    input_tokens_details: InputDetails | None = None
    output_tokens_details: OutputDetails | None = None
    cost: object = None
    cost_in_usd_ticks: object = None
    cost_details: object = None
    is_byok: object = None


class Incomplete(msgspec.Struct, frozen=True, gc=False):
    """Why an answer is incomplete."""

    reason: str | None = None


class Response(msgspec.Struct, frozen=True):
    """A whole answer, or what is known of one."""

    id: str | None = None
    model: str | None = None
    status: str | None = None
    incomplete_details: Incomplete | None = None
    error: object = None
    output: list[msgspec.Raw] | None = None
    usage: UsageWire | None = None
    service_tier: str | None = None


class Event(msgspec.Struct, frozen=True):
    """One event of a stream."""

    type: str = ""
    output_index: int = 0
    content_index: int = 0
    delta: object = None
    item: msgspec.Raw = msgspec.Raw()
    annotation: msgspec.Raw = msgspec.Raw()
    response: Response | None = None
    error: object = None
