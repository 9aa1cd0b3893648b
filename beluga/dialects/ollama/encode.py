"""Requests to an Ollama server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias, assert_never

import msgspec

from beluga.dialects.ollama.messages import MessageEncoder
from beluga.dialects.schemas import answer_schema, tool_schema
from beluga.dialects.support import own_tool
from beluga.schema import (
    GenerateOptions,
    JsonObject,
    JsonSchema,
    ProviderTool,
    ReasoningConfig,
    Request,
    ResponseFormat,
    TextFormat,
    ToolDeclaration,
    ToolSpec,
)
from beluga.schemas import SchemaDialect
from beluga.transport.dialect import Omissions

__all__ = ["CODEC", "Loading", "OllamaEncoder"]

CODEC: Final[SchemaDialect] = "plain"
"""The server takes any schema, and enforces what it can."""

Wire: TypeAlias = dict[str, object]

# Names of options, and where they stand in the wire's own `options`.
_OPTIONS: Final[Mapping[str, str]] = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "max_tokens": "num_predict",
    "stop": "stop",
    "seed": "seed",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
}

# gpt-oss thinks at one of three levels and cannot be stopped from it. Other models are told to
# think or not to: a server refuses a level for a model that has none.
_LEVELS: Final[Mapping[str, str]] = {
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "high",
    "max": "high",
}


class Loading(msgspec.Struct, frozen=True):
    """Say how a server is to load the model.

    Attributes:
        num_ctx: Tokens of context; a server cuts longer conversations without a word.
        keep_alive: How long to keep it loaded: seconds, or a duration such as `"10m"`.
    """

    num_ctx: int | None = None
    keep_alive: str | float | None = None


class OllamaEncoder:
    """Write one request for one server."""

    def __init__(self, provider: str, model: str, loading: Loading, omissions: Omissions) -> None:
        self._provider, self._model = provider, model
        self._loading, self._omissions = loading, omissions

    def body(self, request: Request) -> bytes:
        """Return the body of *request*.

        Raises:
            UnsupportedError: It asks for what the server has no place for.
        """
        options = request.options
        messages = MessageEncoder(self._provider, self._omissions)
        wire: Wire = {
            "model": self._model,
            "messages": messages.encode(request.messages),
            "stream": request.streaming,  # a server streams unless it is told not to
            **self._tools(options),
            **self._format(options.response_format),
            **self._thinking(options.reasoning),
        }
        self._check_caching(options)
        if self._loading.keep_alive is not None:
            wire["keep_alive"] = self._loading.keep_alive
        if settings := self._settings(options):
            wire["options"] = settings
        extra = dict(options.extra or {})
        if isinstance(extra.get("options"), Mapping):
            del extra["options"]  # they lie among the settings, which are more than what is extra
        wire.update(extra)
        return msgspec.json.encode(wire)

    def _settings(self, options: GenerateOptions) -> Wire:
        values = {key: getattr(options, name) for name, key in _OPTIONS.items()}
        values["num_ctx"] = self._loading.num_ctx
        settings = {key: value for key, value in values.items() if value is not None}
        more = (options.extra or {}).get("options")
        return {**settings, **more} if isinstance(more, Mapping) else settings

    def _tools(self, options: GenerateOptions) -> Wire:
        choice = options.tool_choice
        if choice == "none":
            return {}  # a model calls no tool that it has not been told of
        if choice is not None and choice != "auto":
            wanted = choice if isinstance(choice, str) else choice.name
            self._refuse(f"tool_choice {wanted!r}", "Ollama leaves the choice to the model")
        if options.parallel_tool_calls is False and options.tools:
            self._refuse("option parallel_tool_calls", "Ollama does not limit the number of calls")
        tools = [self._tool(tool) for tool in options.tools or () if self._is_offered(tool)]
        return {"tools": tools} if tools else {}

    def _is_offered(self, tool: ToolDeclaration) -> bool:
        if isinstance(tool, ToolSpec):
            return True
        return own_tool(tool, (self._provider,), self._omissions)

    def _tool(self, tool: ToolDeclaration) -> object:
        if isinstance(tool, ProviderTool):
            return msgspec.Raw(tool.raw.encode())
        if tool.strict:
            self._refuse(f"strict of tool {tool.name!r}", "Ollama does not enforce tools' schemas")
        function: Wire = {
            "name": tool.name,
            "parameters": tool_schema(tool, CODEC, self._omissions).schema,
        }
        if tool.description:
            function["description"] = tool.description
        return {"type": "function", "function": function}

    def _format(self, wanted: ResponseFormat | None) -> Wire:
        match wanted:
            case None | TextFormat():
                return {}
            case JsonObject():
                return {"format": "json"}
            case JsonSchema(description=None):
                return {"format": answer_schema(wanted, CODEC, self._omissions).schema}
            case JsonSchema(description=description):
                sent = answer_schema(wanted, CODEC, self._omissions)
                return {"format": {"description": description, **sent.schema}}
            case _:
                assert_never(wanted)

    def _thinking(self, wanted: ReasoningConfig | None) -> Wire:
        if wanted is None:
            return {}
        if wanted.summary is not None:
            self._refuse("reasoning summary", "Ollama shows the thoughts themselves")
        if wanted.budget_tokens:
            self._refuse("reasoning budget_tokens", "Ollama takes an effort, not a budget")
        effort = "none" if wanted.budget_tokens == 0 else wanted.effort
        if effort is None:
            return {}
        if "gpt-oss" not in self._model:
            return {"think": effort != "none"}
        if effort == "none":
            self._refuse("reasoning effort 'none'", "gpt-oss always thinks")
            return {}
        return {"think": _LEVELS[effort]}

    def _check_caching(self, options: GenerateOptions) -> None:
        """A server finds the beginning of a prompt again by itself; more cannot be asked of it."""
        wish = options.prompt_cache
        if wish is None or wish == "auto":
            return
        if wish == "off":
            self._refuse("prompt_cache 'off'", "Ollama always keeps the last prompt")
        elif wish.ttl is not None:
            self._refuse("ttl of prompt_cache", "Ollama keeps a prompt as long as its model")

    def _refuse(self, what: str, why: str) -> None:
        self._omissions.unsupported(what, why)
