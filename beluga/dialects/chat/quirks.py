"""How servers that speak chat completions differ from each other, as data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

from beluga.schema import Effort
from beluga.schemas import SchemaDialect

__all__ = ["Media", "Quirks", "ReasoningForm", "ReasoningReplay"]

Media: TypeAlias = Literal["image", "audio", "file", "video"]

ReasoningForm: TypeAlias = Literal["effort", "object", "switch", "enable", "budget", "none"]
"""Where the option `reasoning` goes: `reasoning_effort`; a `reasoning` object; a `thinking` switch
with an effort beside it; `enable_thinking` with a budget; a `thinking` object with a budget;
nowhere."""

ReasoningReplay: TypeAlias = Literal["reasoning", "reasoning_content", "as_sent"]


class Quirks(msgspec.Struct, frozen=True, kw_only=True):
    """Describe one server's way with chat completions. The defaults are the common way.

    Attributes:
        efforts: The efforts that the server knows, if not all.
        max_tokens: The key for the option of that name.
        seed: The key for the option of that name.
        top_k: The key for it, where there is one.
        missing: Options that the server has no place for, and why.
        media: What a user's message may hold besides text.
        result_media: What a tool's result may hold besides text.
        parts: Whose form the parts of a content have.
        file_urls: Whether a file may be given by its URL.
        stream_usage: Whether usage in a stream must be asked for.
        reasoning: Where the option `reasoning` goes.
        reasoning_replay: The key under which a past answer's reasoning goes back, if it does;
            `"as_sent"` is the one under which it came.
        replay_blank: Send that key with every past answer, empty if there was no reasoning.
        details: Whether reasoning comes, and goes back, as `reasoning_details`.
        schema: Whether the server takes a `json_schema` as response format.
        codec: Whose subset of JSON Schema a strict schema must keep to.
        json_object: Whether it takes `json_object`.
        strict: Whether a tool may say `strict`.
        tool_choice: Whether the server takes a choice other than `auto` and `none`.
        required: Whether it takes `tool_choice="required"`.
        none_drops_tools: Leave the tools out for `tool_choice="none"`.
        parallel: Whether it takes `parallel_tool_calls`.
        tool_names: Whether a tool's result carries the tool's name.
        metadata: Whether the server takes the request's tags.
        audio_url: Whether sound goes out as a data URL rather than as bare base64.
        call_id_length: Ids of calls must be of this many letters and digits.
        cache: How prompt caching is asked for: OpenAI's keys, or marks on parts.
        merge_turns: Consecutive user messages must be one.
        openai_models: The server's models are OpenAI's, with their rules for sampling.
    """

    efforts: frozenset[Effort] | None = None
    max_tokens: str = "max_tokens"
    seed: str = "seed"
    top_k: str | None = None
    missing: Mapping[str, str] = {}
    media: frozenset[Media] = frozenset({"image"})
    result_media: frozenset[Media] = frozenset()
    parts: Literal["openai", "mistral"] = "openai"
    file_urls: bool = False
    stream_usage: bool = True
    reasoning: ReasoningForm = "effort"
    reasoning_replay: ReasoningReplay | None = None
    replay_blank: bool = False
    details: bool = False
    schema: bool = True
    codec: SchemaDialect = "plain"
    json_object: bool = True
    strict: bool = True
    tool_choice: bool = True
    required: bool = True
    none_drops_tools: bool = False
    parallel: bool = True
    tool_names: bool = False
    metadata: bool = False
    audio_url: bool = False
    call_id_length: int | None = None
    cache: Literal["openai", "marks", "none"] = "none"
    merge_turns: bool = False
    openai_models: bool = False
