"""Requests on the chat-completions wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias, assert_never

import msgspec

from beluga.dialects.chat.messages import MessageEncoder
from beluga.dialects.chat.quirks import Quirks
from beluga.dialects.openai_caching import prompt_caching
from beluga.dialects.openai_models import refused_options
from beluga.dialects.schemas import answer_schema, tool_schema
from beluga.dialects.support import own_tool, without
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
)
from beluga.transport.dialect import Omissions

__all__ = ["ChatEncoder"]

Wire: TypeAlias = dict[str, object]

_SAME_NAME: Final = ("temperature", "top_p", "presence_penalty", "frequency_penalty")

# The efforts that DeepSeek knows, and Qwen's budgets in tokens for the words of others.
_SWITCH_EFFORTS: Final[Mapping[str, str]] = {
    "minimal": "low",
    "low": "low",
    "medium": "high",
    "high": "high",
    "xhigh": "max",
    "max": "max",
}


class ChatEncoder:
    """Write one request for one server."""

    def __init__(self, provider: str, model: str, quirks: Quirks, omissions: Omissions) -> None:
        self._provider, self._model = provider, model
        self._quirks, self._omissions = quirks, omissions

    def body(self, request: Request) -> bytes:
        """Return the body of *request*.

        Raises:
            UnsupportedError: It asks for what the server has no place for.
        """
        options = self._writable(request.options)
        messages = MessageEncoder(self._provider, self._quirks, self._omissions)
        wire: Wire = {"model": self._model, "messages": messages.encode(request.messages)}
        wire.update(self._sampling(options))
        wire.update(self._tools(options))
        wire.update(self._format(options))
        wire.update(self._reasoning(options.reasoning))
        if self._quirks.cache == "openai":
            wire.update(prompt_caching(options.prompt_cache, self._omissions))
        if request.streaming:
            wire["stream"] = True
            if self._quirks.stream_usage:
                wire["stream_options"] = {"include_usage": True}
        wire.update(options.extra or {})
        return msgspec.json.encode(wire)

    def _writable(self, options: GenerateOptions) -> GenerateOptions:
        missing = dict(self._quirks.missing)
        if self._quirks.top_k is None:
            missing.setdefault("top_k", "this wire has no top_k")
        if self._quirks.openai_models:
            missing.update(refused_options(self._model, options))
        return without(options, missing, self._omissions)

    def _sampling(self, options: GenerateOptions) -> Wire:
        quirks = self._quirks
        named = {name: getattr(options, name) for name in _SAME_NAME}
        named[quirks.max_tokens] = options.max_tokens
        named[quirks.seed] = options.seed
        named["stop"] = options.stop or None
        if quirks.top_k is not None:
            named[quirks.top_k] = options.top_k
        if quirks.metadata:
            named["metadata"] = options.metadata or None
        return {key: value for key, value in named.items() if value is not None}

    def _tools(self, options: GenerateOptions) -> Wire:
        quirks, choice = self._quirks, options.tool_choice
        tools = [self._tool(t) for t in options.tools or () if self._is_offered(t)]
        if not tools or (choice == "none" and quirks.none_drops_tools):
            return {}
        wire: Wire = {"tools": tools}
        if choice is not None:
            chosen = choice not in ("auto", "none")
            if chosen and not (quirks.tool_choice and (quirks.required or choice != "required")):
                why = "this server takes no such choice"
                self._omissions.unsupported(f"tool_choice {choice!r}", why)
            else:
                wire["tool_choice"] = _choice(choice)
        if options.parallel_tool_calls is not None:
            if quirks.parallel:
                wire["parallel_tool_calls"] = options.parallel_tool_calls
            else:
                self._omissions.unsupported("option parallel_tool_calls", "this server has none")
        return wire

    def _is_offered(self, tool: ToolDeclaration) -> bool:
        if not isinstance(tool, ProviderTool):
            return True
        return own_tool(tool, (self._provider,), self._omissions)

    def _tool(self, tool: ToolDeclaration) -> object:
        if isinstance(tool, ProviderTool):
            return msgspec.Raw(tool.raw.encode())
        if tool.strict and not self._quirks.strict:
            self._omissions.unsupported(f"strict of tool {tool.name}", "this server enforces none")
        sent = tool_schema(tool, self._quirks.codec, self._omissions)
        function: Wire = {"name": tool.name, "parameters": sent.schema}
        if tool.description:
            function["description"] = tool.description
        if self._quirks.strict and tool.strict is not None:
            function["strict"] = sent.strict
        return {"type": "function", "function": function}

    def _format(self, options: GenerateOptions) -> Wire:
        wanted = options.response_format
        match wanted:
            case None:
                return {}
            case TextFormat():
                return {"response_format": {"type": "text"}}
            case JsonObject():
                if not self._quirks.json_object:
                    self._omissions.unsupported("JsonObject", "this server wants a schema")
                    return {}
                return {"response_format": {"type": "json_object"}}
            case JsonSchema():
                return self._schema_format(wanted)
            case _:
                assert_never(wanted)

    def _schema_format(self, wanted: JsonSchema) -> Wire:
        if not self._quirks.schema:
            self._omissions.unsupported("JsonSchema", "this server enforces no schema")
            return {"response_format": {"type": "json_object"}} if self._quirks.json_object else {}
        sent = answer_schema(wanted, self._quirks.codec, self._omissions)
        schema: Wire = {"name": wanted.name, "schema": sent.schema, "strict": sent.strict}
        if wanted.description is not None:
            schema["description"] = wanted.description
        return {"response_format": {"type": "json_schema", "json_schema": schema}}

    def _reasoning(self, wanted: ReasoningConfig | None) -> Wire:
        if wanted is None:
            return {}
        if wanted.summary is not None and self._quirks.reasoning != "object":
            self._omissions.unsupported("reasoning summary", "this wire tells no summary")
        effort, budget = wanted.effort, wanted.budget_tokens
        if effort is not None and effort not in (self._quirks.efforts or (effort,)):
            self._omissions.unsupported(f"reasoning effort {effort!r}", "this server has no such")
            effort = None
        if budget is not None and self._quirks.reasoning in ("effort", "switch"):
            self._omissions.unsupported("reasoning budget_tokens", "this wire takes an effort")
        match self._quirks.reasoning:
            case "effort":
                return {} if effort is None else {"reasoning_effort": effort}
            case "object":
                given: Wire = {"effort": effort, "max_tokens": budget, "summary": wanted.summary}
                return {"reasoning": {k: v for k, v in given.items() if v is not None}}
            case "switch":
                return _switched(effort)
            case "enable":
                wire: Wire = {"enable_thinking": effort != "none"}
                return wire if budget is None else {**wire, "thinking_budget": budget}
            case "budget":
                kind = "disabled" if effort == "none" else "enabled"
                thinking: Wire = {"type": kind}
                return {
                    "thinking": thinking
                    if budget is None
                    else {**thinking, "budget_tokens": budget}
                }
            case "none":
                self._omissions.unsupported("option reasoning", "this server has no such switch")
                return {}
            case _:
                assert_never(self._quirks.reasoning)


def _choice(choice: str | NamedTool) -> object:
    if isinstance(choice, NamedTool):
        return {"type": "function", "function": {"name": choice.name}}
    return choice


def _switched(effort: str | None) -> Wire:
    if effort is None:
        return {"thinking": {"type": "enabled"}}
    if effort == "none":
        return {"thinking": {"type": "disabled"}}
    return {"thinking": {"type": "enabled"}, "reasoning_effort": _SWITCH_EFFORTS[effort]}
