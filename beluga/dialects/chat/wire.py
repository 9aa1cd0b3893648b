"""What a chat-completions server sends: lenient, and only what is read."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

__all__ = ["Body", "Choice", "Content", "Message", "ToolCallWire", "UsageWire"]


class Thought(msgspec.Struct, frozen=True, gc=False):
    """A piece of a thought; Mistral wraps each in a part of its own."""

    text: str | None = None


class Content(msgspec.Struct, frozen=True, gc=False):
    """One part of a content that is a list."""

    type: str | None = None
    text: str | None = None
    thinking: list[Thought] | str | None = None
    signature: str | None = None
    refusal: str | None = None


Contents: TypeAlias = str | list[Content] | None


class Function(msgspec.Struct, frozen=True, gc=False):
    """The called function; some servers send its arguments decoded."""

    name: str | None = None
    arguments: str | dict[str, object] | None = None


class Custom(msgspec.Struct, frozen=True, gc=False):
    """A call of a tool whose input is free text."""

    name: str | None = None
    input: str | None = None


class ToolCallWire(msgspec.Struct, frozen=True, gc=False):
    """A tool call, or a fragment of one."""

    index: int | None = None
    id: str | None = None
    function: Function | None = None
    custom: Custom | None = None


class UrlCitation(msgspec.Struct, frozen=True, gc=False):
    """Where an annotation points."""

    url: str | None = None
    title: str | None = None
    start_index: int | None = None
    end_index: int | None = None


class Annotation(msgspec.Struct, frozen=True, gc=False):
    """A note on the text, such as a citation."""

    type: str | None = None
    url_citation: UrlCitation | None = None


class Audio(msgspec.Struct, frozen=True, gc=False):
    """Spoken output."""

    id: str | None = None
    data: str | None = None
    transcript: str | None = None


class ImageUrl(msgspec.Struct, frozen=True, gc=False):
    """An image's address, often a data URL."""

    url: str | None = None


class Image(msgspec.Struct, frozen=True, gc=False):
    """A drawn image, as OpenRouter sends it."""

    image_url: ImageUrl | None = None


class Message(msgspec.Struct, frozen=True, gc=False):
    """A whole message, or the delta of one."""

    content: Contents = None
    refusal: str | None = None
    tool_calls: list[ToolCallWire] | None = None
    function_call: Function | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    reasoning_details: list[msgspec.Raw] | None = None
    annotations: list[Annotation] | None = None
    audio: Audio | None = None
    images: list[Image] | None = None


class Choice(msgspec.Struct, frozen=True, gc=False):
    """One answer; in a stream, one step of it."""

    index: int | None = None
    delta: Message | None = None
    message: Message | None = None
    finish_reason: str | None = None
    native_finish_reason: str | None = None
    logprobs: object = None


class PromptDetails(msgspec.Struct, frozen=True, gc=False):
    """What the input was made of."""

    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class CompletionDetails(msgspec.Struct, frozen=True, gc=False):
    """What the output was made of."""

    reasoning_tokens: int | None = None


class UsageWire(msgspec.Struct, frozen=True, gc=False):
    """Token counts, with every name that a server has for cached ones."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    prompt_tokens_details: PromptDetails | None = None
    completion_tokens_details: CompletionDetails | None = None
    prompt_cache_hit_tokens: int | None = None
    num_cached_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost: object = None
    cost_in_usd_ticks: object = None
    cost_details: object = None
    is_byok: object = None


class Groq(msgspec.Struct, frozen=True, gc=False):
    """What Groq adds."""

    usage: UsageWire | None = None
    error: object = None


class Body(msgspec.Struct, frozen=True, gc=False):
    """A whole answer, or one event of a stream."""

    id: str | None = None
    model: str | None = None
    choices: list[Choice] | None = None
    usage: UsageWire | None = None
    error: object = None
    kind: str | None = msgspec.field(default=None, name="object")
    x_groq: Groq | None = None
    service_tier: str | None = None
    system_fingerprint: str | None = None
    citations: list[str] | None = None
