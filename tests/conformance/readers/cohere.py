"""Requests on Cohere's second wire, read back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from beluga.schema import (
    AIMessage,
    HumanMessage,
    ImagePart,
    Message,
    Part,
    ReasoningPart,
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

__all__ = ["CohereReader"]

_ELSEWHERE: Final = frozenset({"model", "messages", "stream"})
_OPTIONS: Final[Mapping[str, str]] = {
    "temperature": "temperature",
    "p": "top_p",
    "k": "top_k",
    "max_tokens": "max_tokens",
    "stop_sequences": "stop",
    "seed": "seed",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
}


class CohereReader:
    """Read requests on Cohere's second wire."""

    def read(self, body: Json, origin: str) -> Asked:
        """Return what was asked for."""
        messages = [_message(message, origin) for message in items(body["messages"])]
        options: dict[str, object] = {}
        extra: dict[str, object] = {}
        for key, value in without_empty(body).items():
            if key in _OPTIONS:
                options[_OPTIONS[key]] = value
            elif key == "tools":
                options["tools"] = [_tool(mapping(tool["function"])) for tool in items(value)]
            elif key == "tool_choice":
                options["tool_choice"] = text(value).lower()
            elif key not in _ELSEWHERE:
                extra[key] = value
        if extra:
            options["extra"] = extra
        return Asked(messages, options, text(body["model"]), body.get("stream") is True)

    def canonical(self, body: Json) -> object:
        """Return *body* with one form for what may be said in several."""
        return without_empty({"stream": False, **body})


def _message(message: Json, origin: str) -> Message:
    content = message.get("content", "")
    parts = content if isinstance(content, str) else tuple(_part(p, origin) for p in items(content))
    match message["role"]:
        case "system":
            return SystemMessage(parts)
        case "user":
            return HumanMessage(parts)
        case "tool":
            return ToolMessage(parts, text(message["tool_call_id"]))
        case _:
            return AIMessage(_answer(message, parts, origin))


def _answer(message: Json, content: str | tuple[Part, ...], origin: str) -> tuple[Part, ...]:
    parts: list[Part] = []
    if "tool_plan" in message:
        plan = {"tool_plan": message["tool_plan"]}
        parts.append(ReasoningPart(text(plan["tool_plan"]), opaque=raw(plan), origin=origin))
    parts += ([TextPart(content)] if content else []) if isinstance(content, str) else content
    for call in items(message.get("tool_calls")):
        function = mapping(call["function"])
        parts.append(
            ToolCall(text(call["id"]), text(function["name"]), text(function["arguments"]))
        )
    return tuple(parts)


def _part(part: Json, origin: str) -> Part:
    match part["type"]:
        case "text":
            return TextPart(text(part["text"]))
        case "thinking":
            return ReasoningPart(text(part["thinking"]), origin=origin)
        case "image_url":
            return ImagePart(url=text(mapping(part["image_url"])["url"]))
        case kind:
            raise UnreadableError(f"a part of type {kind}")


def _tool(function: Json) -> ToolSpec:
    description = text(function.get("description", ""))
    return ToolSpec(text(function["name"]), description, schema(function["parameters"]))
