"""Requests to Cohere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias, assert_never

import msgspec

from beluga.dialects.cohere.messages import MessageEncoder
from beluga.dialects.schemas import answer_schema, tool_schema
from beluga.dialects.support import own_tool
from beluga.schema import (
    GenerateOptions,
    JsonObject,
    JsonSchema,
    NamedTool,
    ProviderTool,
    ReasoningConfig,
    Request,
    TextFormat,
    ToolDeclaration,
    ToolSpec,
)
from beluga.schemas import SchemaDialect
from beluga.transport.dialect import Omissions

__all__ = ["CODEC", "CohereEncoder"]

CODEC: Final[SchemaDialect] = "plain"
"""The server takes any schema, and enforces what it can."""

Wire: TypeAlias = dict[str, object]

# Names of options, and the wire's.
_OPTIONS: Final[Mapping[str, str]] = {
    "temperature": "temperature",
    "top_p": "p",
    "top_k": "k",
    "max_tokens": "max_tokens",
    "stop": "stop_sequences",
    "seed": "seed",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
}

# Cohere counts tokens of thought; without a budget a model thinks for as long as it likes.
_BUDGETS: Final[Mapping[str, int | None]] = {
    "minimal": 1024,
    "low": 2048,
    "medium": 8192,
    "high": 16_384,
    "xhigh": None,
    "max": None,
}


class CohereEncoder:
    """Write one request for one model."""

    def __init__(self, provider: str, model: str, omissions: Omissions) -> None:
        self._provider, self._model, self._omissions = provider, model, omissions

    def body(self, request: Request) -> bytes:
        """Return the body of *request*.

        Raises:
            UnsupportedError: It asks for what Cohere has no place for.
        """
        options = request.options
        messages = MessageEncoder(self._provider, self._omissions)
        wire: Wire = {
            "model": self._model,
            "messages": messages.encode(request.messages),
            "stream": request.streaming,
            **self._sampling(options),
            **self._tools(options),
            **self._format(options),
            **self._thinking(options.reasoning),
        }
        self._check_caching(options)
        wire.update(options.extra or {})
        return msgspec.json.encode(wire)

    def _sampling(self, options: GenerateOptions) -> Wire:
        values = {key: getattr(options, name) for name, key in _OPTIONS.items()}
        return {key: value for key, value in values.items() if value is not None}

    def _tools(self, options: GenerateOptions) -> Wire:
        choice = options.tool_choice
        offered = [tool for tool in options.tools or () if self._is_offered(tool)]
        if isinstance(choice, NamedTool):
            # Cohere can be made to call some tool, not a certain one; so it is shown no other.
            offered = [t for t in offered if isinstance(t, ToolSpec) and t.name == choice.name]
        if not offered:
            return {}
        if options.parallel_tool_calls is False:
            self._refuse("option parallel_tool_calls", "Cohere does not limit the number of calls")
        wire: Wire = {"tools": [_tool(tool, self._omissions) for tool in offered]}
        if choice is not None and choice != "auto":
            wire["tool_choice"] = "NONE" if choice == "none" else "REQUIRED"
        return wire | self._strictness([t for t in offered if isinstance(t, ToolSpec)])

    def _is_offered(self, tool: ToolDeclaration) -> bool:
        if isinstance(tool, ToolSpec):
            return True
        return own_tool(tool, (self._provider,), self._omissions)

    def _strictness(self, tools: Sequence[ToolSpec]) -> Wire:
        """Cohere holds the model to the schemas of all tools, or of none."""
        wishes = {tool.strict for tool in tools}
        if True not in wishes:
            return {}
        if False in wishes:
            self._refuse("strict of some tools", "Cohere enforces the schemas of all or of none")
            return {}
        return {"strict_tools": True}

    def _format(self, options: GenerateOptions) -> Wire:
        wanted = options.response_format
        if wanted is None or isinstance(wanted, TextFormat):
            return {}
        if options.tools or (options.extra or {}).get("documents"):
            self._refuse(type(wanted).__name__, "Cohere writes no JSON beside tools or documents")
            return {}
        match wanted:
            case JsonObject():
                return {"response_format": {"type": "json_object"}}
            case JsonSchema():
                schema = answer_schema(wanted, CODEC, self._omissions).schema
                if wanted.description is not None:
                    schema = {"description": wanted.description, **schema}
                return {"response_format": {"type": "json_object", "json_schema": schema}}
            case _:
                assert_never(wanted)

    def _thinking(self, wanted: ReasoningConfig | None) -> Wire:
        if wanted is None:
            return {}
        if wanted.summary is not None:
            self._refuse("reasoning summary", "Cohere shows the thoughts themselves")
        effort, budget = wanted.effort, wanted.budget_tokens
        if effort is None and budget is None:
            return {}
        if budget == 0 or (budget is None and effort == "none"):
            return {"thinking": {"type": "disabled"}}
        tokens = _BUDGETS[effort] if budget is None and effort is not None else budget
        limit = {} if tokens is None else {"token_budget": tokens}
        return {"thinking": {"type": "enabled", **limit}}

    def _check_caching(self, options: GenerateOptions) -> None:
        """Cohere caches the beginning of a prompt by itself; more cannot be asked of it."""
        wish = options.prompt_cache
        if wish is None or wish == "auto":
            return
        if wish == "off":
            self._refuse("prompt_cache 'off'", "Cohere caches prompts by itself")
        elif wish.ttl is not None:
            self._refuse("ttl of prompt_cache", "Cohere decides how long it keeps a prompt")

    def _refuse(self, what: str, why: str) -> None:
        self._omissions.unsupported(what, why)


def _tool(tool: ToolDeclaration, omissions: Omissions) -> object:
    if isinstance(tool, ProviderTool):
        return msgspec.Raw(tool.raw.encode())
    function: Wire = {"name": tool.name, "parameters": tool_schema(tool, CODEC, omissions).schema}
    if tool.description:
        function["description"] = tool.description
    return {"type": "function", "function": function}
