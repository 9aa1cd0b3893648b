"""What Gemini sends: lenient, and only what is read."""

from __future__ import annotations

from typing import Final

import msgspec

__all__ = [
    "ABSENT",
    "Blob",
    "Body",
    "Candidate",
    "Citations",
    "Content",
    "FileData",
    "FunctionCall",
    "Grounding",
    "PartWire",
    "PartialArg",
    "PromptFeedback",
    "Segment",
    "Source",
    "Support",
    "UsageWire",
]

ABSENT: Final = msgspec.Raw(b"")
"""What a field of raw JSON is when it was not sent."""


class PartialArg(msgspec.Struct, frozen=True, rename="camel"):
    """A piece of a call's arguments, and where in them it belongs."""

    json_path: str = "$"
    string_value: str | None = None
    number_value: msgspec.Raw = ABSENT
    bool_value: msgspec.Raw = ABSENT
    null_value: msgspec.Raw = ABSENT
    will_continue: bool | None = None


class FunctionCall(msgspec.Struct, frozen=True, rename="camel"):
    """A call, whole, or one step of a call whose arguments are streamed."""

    id: str | None = None
    name: str | None = None
    args: msgspec.Raw = ABSENT
    partial_args: list[PartialArg] | None = None
    will_continue: bool | None = None


class Blob(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """Bytes in base64."""

    mime_type: str | None = None
    data: str | None = None


class FileData(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """A file by its address."""

    mime_type: str | None = None
    file_uri: str | None = None


class PartWire(msgspec.Struct, frozen=True, rename="camel"):
    """One part of a content: of one kind, or of none if it only carries a signature."""

    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    function_call: FunctionCall | None = None
    inline_data: Blob | None = None
    file_data: FileData | None = None


class Content(msgspec.Struct, frozen=True, rename="camel"):
    """What a candidate says. Its parts stay raw, since some of them must go back as they came."""

    parts: list[msgspec.Raw] | None = None


class Segment(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """A stretch of an answer, in bytes of UTF-8."""

    part_index: int = 0
    start_index: int = 0
    end_index: int | None = None
    text: str | None = None


class Support(msgspec.Struct, frozen=True, rename="camel"):
    """What a stretch of the answer rests on, by number."""

    segment: Segment | None = None
    grounding_chunk_indices: list[int] | None = None


class Source(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """A page, a place or a passage that an answer rests on."""

    uri: str | None = None
    title: str | None = None
    text: str | None = None


class Grounding(msgspec.Struct, frozen=True, rename="camel"):
    """Sources, and what each supports."""

    grounding_chunks: list[msgspec.Raw] | None = None
    grounding_supports: list[Support] | None = None


class Citations(msgspec.Struct, frozen=True, rename="camel"):
    """Stretches that repeat a text word for word; the two services name them differently."""

    citations: list[msgspec.Raw] | None = None
    citation_sources: list[msgspec.Raw] | None = None


class Candidate(msgspec.Struct, frozen=True, rename="camel"):
    """One answer; in a stream, one step of it."""

    index: int | None = None
    content: Content | None = None
    finish_reason: str | None = None
    finish_message: str | None = None
    safety_ratings: msgspec.Raw = ABSENT
    grounding_metadata: msgspec.Raw = ABSENT
    citation_metadata: Citations | None = None
    url_context_metadata: msgspec.Raw = ABSENT
    avg_logprobs: float | None = None
    logprobs_result: object = None


class PromptFeedback(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """Why a prompt was not answered."""

    block_reason: str | None = None
    block_reason_message: str | None = None


class UsageWire(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """Token counts; in a stream, all so far."""

    prompt_token_count: int | None = None
    candidates_token_count: int | None = None
    total_token_count: int | None = None
    cached_content_token_count: int | None = None
    thoughts_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    service_tier: str | None = None
    traffic_type: str | None = None


class Body(msgspec.Struct, frozen=True, rename="camel"):
    """A whole answer, or one event of a stream."""

    candidates: list[Candidate] | None = None
    prompt_feedback: PromptFeedback | None = None
    usage_metadata: UsageWire | None = None
    model_version: str | None = None
    response_id: str | None = None
    error: msgspec.Raw = ABSENT
