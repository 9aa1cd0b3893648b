"""Requests on the Responses wire."""

from __future__ import annotations

from typing import Final, TypeAlias, assert_never

import msgspec

from beluga.dialects.openai_caching import prompt_caching
from beluga.dialects.openai_models import refused_options, thinks
from beluga.dialects.responses.items import ItemEncoder
from beluga.dialects.responses.quirks import Quirks
from beluga.dialects.schemas import answer_schema, tool_schema
from beluga.dialects.support import own_tool, without
from beluga.schema import (
    GenerateOptions,
    JsonObject,
    JsonSchema,
    NamedTool,
    ProviderTool,
    Request,
    TextFormat,
    ToolDeclaration,
)
from beluga.schemas import SchemaDialect
from beluga.transport.dialect import Omissions

__all__ = ["CODEC", "ResponsesEncoder"]

CODEC: Final[SchemaDialect] = "openai"
"""Whose subset of JSON Schema is enforced."""

Wire: TypeAlias = dict[str, object]

_WHY: Final = "the Responses wire has none; the chat form may"
_MISSING: Final = dict.fromkeys(
    ("stop", "seed", "top_k", "presence_penalty", "frequency_penalty"), _WHY
)


class ResponsesEncoder:
    """Write one request for one server."""

    def __init__(self, provider: str, model: str, quirks: Quirks, omissions: Omissions) -> None:
        self._provider, self._model = provider, model
        self._quirks, self._omissions = quirks, omissions

    def body(self, request: Request) -> bytes:
        """Return the body of *request*.

        Nothing is stored by the provider unless `extra={"store": True}` asks for it.

        Raises:
            UnsupportedError: It asks for what the wire has no place for.
        """
        options = self._writable(request.options)
        items = ItemEncoder(self._provider, self._omissions)
        wire: Wire = {"model": self._model, "input": items.encode(request.messages), "store": False}
        wire.update(_sampling(options))
        wire.update(self._tools(options))
        wire.update(_format(options, self._omissions))
        wire.update(self._reasoning(options))
        wire.update(prompt_caching(options.prompt_cache, self._omissions))
        if request.streaming:
            wire["stream"] = True
        wire.update(options.extra or {})
        return msgspec.json.encode(wire)

    def _writable(self, options: GenerateOptions) -> GenerateOptions:
        missing = {**_MISSING, **self._quirks.missing}
        if self._quirks.openai_models:
            missing = {**refused_options(self._model, options), **missing}
        return without(options, missing, self._omissions)

    def _tools(self, options: GenerateOptions) -> Wire:
        tools = [
            _tool(tool, self._omissions) for tool in options.tools or () if self._is_offered(tool)
        ]
        if not tools:
            return {}
        wire: Wire = {"tools": tools}
        if options.tool_choice is not None:
            wire["tool_choice"] = _choice(options.tool_choice)
        if options.parallel_tool_calls is not None:
            wire["parallel_tool_calls"] = options.parallel_tool_calls
        return wire

    def _is_offered(self, tool: ToolDeclaration) -> bool:
        if not isinstance(tool, ProviderTool):
            return True
        return own_tool(tool, (self._provider,), self._omissions)

    def _reasoning(self, options: GenerateOptions) -> Wire:
        wire: Wire = {}
        wanted = options.reasoning
        if wanted is not None:
            if wanted.budget_tokens is not None:
                self._omissions.unsupported("reasoning budget_tokens", "this wire takes an effort")
            given = {"effort": wanted.effort, "summary": wanted.summary}
            wire["reasoning"] = {key: value for key, value in given.items() if value is not None}
        if self._quirks.encrypted and thinks(self._model, options):
            wire["include"] = ["reasoning.encrypted_content"]
        return wire


def _sampling(options: GenerateOptions) -> Wire:
    named: Wire = {
        "temperature": options.temperature,
        "top_p": options.top_p,
        "max_output_tokens": options.max_tokens,
        "metadata": options.metadata or None,
    }
    return {key: value for key, value in named.items() if value is not None}


def _tool(tool: ToolDeclaration, omissions: Omissions) -> object:
    if isinstance(tool, ProviderTool):
        return msgspec.Raw(tool.raw.encode())
    sent = tool_schema(tool, CODEC, omissions)
    wire: Wire = {
        "type": "function",
        "name": tool.name,
        "parameters": sent.schema,
        "strict": sent.strict,  # left out, it would mean true
    }
    if tool.description:
        wire["description"] = tool.description
    return wire


def _choice(choice: str | NamedTool) -> object:
    if isinstance(choice, NamedTool):
        return {"type": "function", "name": choice.name}
    return choice


def _format(options: GenerateOptions, omissions: Omissions) -> Wire:
    wanted = options.response_format
    match wanted:
        case None:
            return {}
        case TextFormat():
            return {"text": {"format": {"type": "text"}}}
        case JsonObject():
            return {"text": {"format": {"type": "json_object"}}}
        case JsonSchema():
            sent = answer_schema(wanted, CODEC, omissions)
            described = {} if wanted.description is None else {"description": wanted.description}
            form: Wire = {
                "type": "json_schema",
                "name": wanted.name,
                "schema": sent.schema,
                "strict": sent.strict,
                **described,
            }
            return {"text": {"format": form}}
        case _:
            assert_never(wanted)
