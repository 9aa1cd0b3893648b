"""Requests on Ollama's own wire, read back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from beluga.dialects.calls import synthetic_id
from beluga.schema import (
    AIMessage,
    HumanMessage,
    Message,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
    ToolSpec,
)
from tests.conformance.corpus import Json
from tests.conformance.readers.asked import (
    Asked,
    UnreadableError,
    items,
    mapping,
    raw,
    schema,
    text,
    without_empty,
)

__all__ = ["OllamaReader"]

_ELSEWHERE: Final = frozenset({"model", "messages", "stream", "options", "tools"})
_KEYS: Final = frozenset({"role", "content", "tool_calls", "tool_call_id", "tool_name"})
_OPTIONS: Final[Mapping[str, str]] = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "num_predict": "max_tokens",
    "stop": "stop",
    "seed": "seed",
}


class OllamaReader:
    """Read requests on Ollama's own wire."""

    def read(self, body: Json, origin: str) -> Asked:
        """Return what was asked for."""
        settings = mapping(body.get("options"))
        options: dict[str, object] = {
            name: settings[key] for key, name in _OPTIONS.items() if key in settings
        }
        extra = {k: v for k, v in without_empty(body).items() if v != "" and k not in _ELSEWHERE}
        own = {key: value for key, value in settings.items() if key not in _OPTIONS}
        if own:
            extra["options"] = own
        if body.get("tools"):
            options["tools"] = [_tool(mapping(tool["function"])) for tool in items(body["tools"])]
        if extra:
            options["extra"] = extra
        reading = _Conversation()
        messages = [reading.message(message) for message in items(body["messages"])]
        return Asked(messages, options, text(body["model"]), body.get("stream") is not False)

    def canonical(self, body: Json) -> object:
        """Return *body* with one form for what may be said in several."""
        plain = {"stream": True, **without_empty(body)}
        messages = items(plain["messages"])
        plain["messages"] = [{k: v for k, v in m.items() if k != "tool_name"} for m in messages]
        return {key: value for key, value in plain.items() if value not in ("", [], {})}


class _Conversation:
    """Reads messages in order; calls without an id are answered in order."""

    def __init__(self) -> None:
        self._unanswered: list[str] = []

    def message(self, message: Json) -> Message:
        """Return the next message."""
        if set(message) - _KEYS:
            raise UnreadableError(f"one of {', '.join(message)}")
        content = text(message["content"])
        match message["role"]:
            case "system":
                return SystemMessage(content)
            case "user":
                return HumanMessage(content)
            case "tool":
                given = message.get("tool_call_id")
                return ToolMessage(
                    content, self._unanswered.pop(0) if given is None else text(given)
                )
            case _:
                said = (TextPart(content),) if content else ()
                calls = [self._call(call) for call in items(message.get("tool_calls"))]
                return AIMessage((*said, *calls))

    def _call(self, call: Json) -> ToolCall:
        function, given = mapping(call["function"]), call.get("id")
        if given is None:
            given = synthetic_id("read", len(self._unanswered))
            self._unanswered.append(given)
        return ToolCall(text(given), text(function["name"]), raw(function["arguments"]))


def _tool(function: Json) -> ToolSpec:
    description = text(function.get("description", ""))
    return ToolSpec(text(function["name"]), description, schema(function["parameters"]))
