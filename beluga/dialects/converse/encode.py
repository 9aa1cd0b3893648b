"""Requests on Converse's wire."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, assert_never

import msgspec

from beluga.dialects.claude_models import generation_of
from beluga.dialects.converse.caching import place_marks
from beluga.dialects.converse.content import Wire
from beluga.dialects.converse.families import Family, codec_of, family_of
from beluga.dialects.converse.messages import MessageEncoder
from beluga.dialects.converse.reasoning import Thinking, thinking_in
from beluga.dialects.converse.tools import ToolEncoder
from beluga.dialects.schemas import answer_schema
from beluga.dialects.support import without
from beluga.errors import invalid_input
from beluga.schema import (
    GenerateOptions,
    JsonObject,
    JsonSchema,
    PromptCache,
    PromptCacheMode,
    Request,
    TextFormat,
)
from beluga.schemas import SchemaDialect
from beluga.transport.dialect import Omissions

__all__ = ["RequestEncoder"]

_NOT_COMMON: Final = ("top_k", "seed", "presence_penalty", "frequency_penalty")

_INFERENCE: Final[Mapping[str, str]] = {
    "max_tokens": "maxTokens",
    "temperature": "temperature",
    "top_p": "topP",
}

MOST_TAGS: Final = 16
_TAG: Final = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,.-]{0,256}")


class RequestEncoder:
    """Write one request for one model.

    Args:
        origin: Whose opaque parts may go back.
        model: The model's name, which tells what it takes.
        omissions: Who is told of what cannot be written.
    """

    def __init__(self, origin: str, model: str, omissions: Omissions) -> None:
        self._origin, self._omissions = origin, omissions
        self._family: Family = family_of(model)
        self._is_claude = self._family.reasoning == "claude"
        self._like = generation_of(model)
        self._codec = codec_of(model)

    def body(self, request: Request) -> bytes:
        """Return the body of *request*.

        Raises:
            InvalidInputError: It cannot be said on this wire.
        """
        thinking = self._thinking(request)
        options = without(request.options, self._missing(thinking), self._omissions)
        continues = not self._is_claude or self._like.continues
        messages = MessageEncoder(self._origin, self._family, self._omissions, continues=continues)
        prompt = messages.encode(request.messages)
        unforceable = self._unforceable(thinking)
        encoder = ToolEncoder(
            self._origin, self._family, self._codec, self._omissions, unforceable=unforceable
        )
        tools = encoder.encode(options, prompt.called)
        wish = self._caching(options)
        place_marks(wish, self._family.cacheable, tools.listed, prompt, self._omissions)
        wire: Wire = {"messages": prompt.turns}
        if prompt.system:
            wire["system"] = prompt.system
        if tools.listed:
            choice = {"toolChoice": tools.choice} if tools.choice else {}
            wire["toolConfig"] = {"tools": tools.listed, **choice}
        wire.update(self._inference(options))
        fields = {**self._additional(options), **tools.fields, **thinking.fields}
        if fields:
            wire["additionalModelRequestFields"] = fields
        wire.update(self._format(options))
        wire.update(_tags(options.metadata or {}))
        return _json(_merged(wire, options.extra or {}))

    def _thinking(self, request: Request) -> Thinking:
        return thinking_in(
            request.messages,
            request.options,
            self._family,
            self._like,
            self._omissions,
            origin=self._origin,
        )

    def _missing(self, thinking: Thinking) -> Mapping[str, str]:
        known = self._family.additional
        why = "Converse has no such option, and this model none of its own that is known"
        missing = {name: why for name in _NOT_COMMON if name not in known}
        return {**missing, **thinking.refused}

    def _unforceable(self, thinking: Thinking) -> str | None:
        if not self._family.forced_tools:
            return "this model cannot be made to call a tool"
        if not self._is_claude:
            return None
        if not self._like.forced_tools:
            return "this model cannot be made to call a tool"
        return "not while the model thinks to a budget" if thinking.kind == "enabled" else None

    def _caching(self, options: GenerateOptions) -> PromptCacheMode | PromptCache | None:
        """What is wished of the prompt cache; `"auto"` marks only for models sure to have one."""
        early = self._is_claude and self._like.thinking == "no"
        unsure = early or self._family.reasoning == "unknown"
        return None if unsure and options.prompt_cache == "auto" else options.prompt_cache

    def _inference(self, options: GenerateOptions) -> Wire:
        named: Wire = {key: getattr(options, name) for name, key in _INFERENCE.items()}
        named["stopSequences"] = [stop for stop in options.stop or () if stop] or None
        given = {key: value for key, value in named.items() if value is not None}
        return {"inferenceConfig": given} if given else {}

    def _additional(self, options: GenerateOptions) -> Wire:
        fields: Wire = {}
        for name, path in self._family.additional.items():
            value = getattr(options, name)
            if value is not None:
                *outer, key = path
                inner: Wire = {key: value}
                fields.update({outer[0]: inner} if outer else inner)
        return fields

    def _format(self, options: GenerateOptions) -> Wire:
        wanted = options.response_format
        match wanted:
            case None | TextFormat():
                return {}
            case JsonObject():
                why = "Converse enforces schemas only; give a JsonSchema"
                self._omissions.unsupported("JsonObject", why)
                return {}
            case JsonSchema():
                return _schema_format(wanted, self._codec, self._omissions)
            case _:
                assert_never(wanted)


def _schema_format(wanted: JsonSchema, codec: SchemaDialect, omissions: Omissions) -> Wire:
    sent = answer_schema(wanted, codec, omissions, always=True)
    schema: Wire = {"name": wanted.name, "schema": msgspec.json.encode(sent.schema).decode()}
    if wanted.description is not None:
        schema["description"] = wanted.description
    form = {"type": "json_schema", "structure": {"jsonSchema": schema}}
    return {"outputConfig": {"textFormat": form}}


def _tags(metadata: Mapping[str, str]) -> Wire:
    """The tags that the wire can hold; they filter logs, and nothing hangs on them."""
    tags = {k: v for k, v in metadata.items() if k and _TAG.fullmatch(k) and _TAG.fullmatch(v)}
    kept = dict(list(tags.items())[:MOST_TAGS])
    return {"requestMetadata": kept} if kept else {}


def _merged(wire: Wire, extra: Mapping[str, object]) -> Wire:
    """Lay the caller's own keys over what is written; objects are merged key by key."""
    merged = dict(wire)
    for key, value in extra.items():
        before = wire.get(key)
        if isinstance(before, dict) and isinstance(value, Mapping):
            merged[key] = {**before, **value}
        else:
            merged[key] = value
    return merged


def _json(wire: Wire) -> bytes:
    try:
        return msgspec.json.encode(wire)
    except UnicodeEncodeError as error:
        raise invalid_input(f"the request holds half a character: {error}") from None
