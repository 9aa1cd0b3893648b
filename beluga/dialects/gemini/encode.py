"""Requests on Gemini's wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias, assert_never

import msgspec

from beluga.dialects.gemini.messages import MessageEncoder
from beluga.dialects.gemini.output import ORIGIN
from beluga.dialects.gemini.thinking import generation_of, thinking_config
from beluga.dialects.schemas import answer_schema, tool_schema
from beluga.dialects.support import own_tool, without
from beluga.schema import (
    GenerateOptions,
    JsonObject,
    JsonSchema,
    NamedTool,
    PromptCache,
    ProviderTool,
    Request,
    TextFormat,
    ToolSpec,
)
from beluga.schemas import SchemaDialect
from beluga.transport.dialect import Omissions

__all__ = ["CODEC", "GeminiEncoder"]

CODEC: Final[SchemaDialect] = "gemini"
"""Whose subset of JSON Schema is enforced."""

Wire: TypeAlias = dict[str, object]

_NAMES: Final[Mapping[str, str]] = {
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "max_tokens": "maxOutputTokens",
    "stop": "stopSequences",
    "seed": "seed",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
}


class GeminiEncoder:
    """Write one request for one model.

    Args:
        model: The model's name.
        omissions: Who is told of what cannot be written.
        vertex: Whether Vertex AI serves it.
    """

    def __init__(self, model: str, omissions: Omissions, *, vertex: bool) -> None:
        self._model, self._omissions, self._vertex = model, omissions, vertex
        generation = generation_of(model)
        self._is_recent = generation is None or generation >= (3, 0)

    def body(self, request: Request) -> bytes:
        """Return the body of *request*.

        Raises:
            UnsupportedError: It asks for what Gemini has no place for.
            InvalidInputError: A result names no tool.
        """
        options = self._writable(request.options)
        wire = MessageEncoder(self._model, self._omissions).encode(request.messages)
        wire.update(self._tools(options))
        config = self._config(options)
        if config:
            wire["generationConfig"] = config
        if options.metadata and self._vertex:
            wire["labels"] = options.metadata
        return msgspec.json.encode(_merged(wire, options.extra or {}))

    def _writable(self, options: GenerateOptions) -> GenerateOptions:
        missing: dict[str, str] = {}
        if options.parallel_tool_calls is False:
            missing["parallel_tool_calls"] = "Gemini decides how many calls an answer has"
        cache = options.prompt_cache
        if cache == "off":
            missing["prompt_cache"] = "Gemini's own cache cannot be turned off"
        elif isinstance(cache, PromptCache) and cache.ttl is not None:
            missing["prompt_cache"] = (
                "a cache that is kept is a resource of its own: extra={'cachedContent': '…'}"
            )
        formatted = isinstance(options.response_format, JsonObject | JsonSchema)
        if formatted and options.tools and not self._is_recent:
            missing["response_format"] = "Gemini before 3 takes a format or tools, not both"
        return without(options, missing, self._omissions)

    def _config(self, options: GenerateOptions) -> Wire:
        named = {wire: getattr(options, name) for name, wire in _NAMES.items()}
        config: Wire = {key: value for key, value in named.items() if value not in (None, ())}
        config.update(_format(options, self._omissions))
        thinking = thinking_config(self._model, options.reasoning, self._omissions)
        if thinking:
            config["thinkingConfig"] = thinking
        return config

    def _tools(self, options: GenerateOptions) -> Wire:
        functions = [tool for tool in options.tools or () if isinstance(tool, ToolSpec)]
        own = [
            msgspec.Raw(tool.raw.encode())
            for tool in options.tools or ()
            if isinstance(tool, ProviderTool) and own_tool(tool, (ORIGIN,), self._omissions)
        ]
        tools: list[object] = [*own]
        if functions:
            declared = [_declaration(tool, self._omissions) for tool in functions]
            tools.append({"functionDeclarations": declared})
        if not tools:
            return {}
        config = self._calling(options, functions)
        if own and functions and self._is_recent and not self._vertex:
            # Beside functions, what Google's own tools did has to be seen, and sent back.
            config["includeServerSideToolInvocations"] = True
        return {"tools": tools, "toolConfig": config} if config else {"tools": tools}

    def _calling(self, options: GenerateOptions, functions: list[ToolSpec]) -> Wire:
        choice = options.tool_choice
        if not functions:
            if choice == "required":
                self._omissions.unsupported(
                    "tool_choice 'required' of Google's own tools", "only functions can be required"
                )
            return {}
        mode = _mode(choice, strict=any(tool.strict for tool in functions))
        if mode is None:
            return {}
        calling: Wire = {"mode": mode}
        if isinstance(choice, NamedTool):
            calling["allowedFunctionNames"] = [choice.name]
        return {"functionCallingConfig": calling}


def _mode(choice: str | NamedTool | None, *, strict: bool) -> str | None:
    if choice == "none":
        return "NONE"
    if choice not in (None, "auto"):
        return "ANY"
    if strict:
        return "VALIDATED"
    return None if choice is None else "AUTO"


def _declaration(tool: ToolSpec, omissions: Omissions) -> Wire:
    return {
        "name": tool.name,
        "description": tool.description,
        "parametersJsonSchema": tool_schema(tool, CODEC, omissions).schema,
    }


def _format(options: GenerateOptions, omissions: Omissions) -> Wire:
    wanted = options.response_format
    match wanted:
        case None | TextFormat():
            return {}
        case JsonObject():
            return {"responseMimeType": "application/json"}
        case JsonSchema():
            schema = answer_schema(wanted, CODEC, omissions, always=True).schema
            if wanted.description is not None:
                schema = {"description": wanted.description, **schema}
            return {"responseMimeType": "application/json", "responseJsonSchema": schema}
        case _:
            assert_never(wanted)


def _merged(wire: Mapping[str, object], extra: Mapping[str, object]) -> Wire:
    """Lay *extra* over the body; objects within it are laid over objects, key by key."""
    merged = dict(wire)
    for key, value in extra.items():
        known = merged.get(key)
        if isinstance(known, Mapping) and isinstance(value, Mapping):
            merged[key] = _merged(known, value)
        else:
            merged[key] = value
    return merged
