"""Requests on the wire of OpenAI's Responses, read back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from beluga.schema import (
    AIMessage,
    FilePart,
    HumanMessage,
    ImagePart,
    JsonObject,
    JsonSchema,
    Message,
    NamedTool,
    Part,
    PromptCache,
    ProviderPart,
    ProviderTool,
    ReasoningConfig,
    ReasoningPart,
    ResponseFormat,
    SystemMessage,
    TextFormat,
    TextPart,
    ToolCall,
    ToolMessage,
    ToolSpec,
)
from tests.conformance.corpus import Json
from tests.conformance.readers.asked import (
    Asked,
    UnreadableError,
    data_of,
    items,
    mapping,
    raw,
    schema,
    text,
    without_empty,
)

__all__ = ["ResponsesReader"]

_SAME: Final = frozenset({"temperature", "top_p", "parallel_tool_calls"})
_ELSEWHERE: Final = frozenset({"model", "input", "instructions", "stream", "tools"})
_FUNCTION_KEYS: Final = frozenset({"type", "name", "description", "parameters", "strict"})
_CALL_KEYS: Final = frozenset({"type", "call_id", "name", "arguments", "id", "status"})
_TOLD: Final = ("id", "phase")
"""What a decoder keeps of the items that texts came from, as `metadata["messages"]`."""
_SERVED_KEYS: Final = frozenset({"id", "status"})
"""What the server adds to items; it does not ask for them back."""


class ResponsesReader:
    """Read requests on the wire of OpenAI's Responses."""

    def read(self, body: Json, origin: str) -> Asked:
        """Return what was asked for."""
        messages: list[Message] = []
        if body.get("instructions"):
            messages.append(SystemMessage(text(body["instructions"])))
        given = body.get("input")
        if given is None:
            raise UnreadableError("no input beside a stored prompt")
        if isinstance(given, str):
            messages.append(HumanMessage(given))
        messages += _joined(_message(item, origin) for item in items(given))
        options = _options(without_empty(body))
        if body.get("tools"):
            options["tools"] = [_tool(tool, origin) for tool in items(body["tools"])]
        return Asked(messages, options, text(body["model"]), body.get("stream") is True)

    def canonical(self, body: Json) -> object:
        """Return *body* with one form for what may be said in several.

        Instructions are the first system message, a text is a user's message, and encrypted
        thoughts are always asked for.
        """
        plain = {k: v for k, v in without_empty(body).items() if v not in ([], "", False)}
        for key in ("store", "include"):
            plain.pop(key, None)
        given = plain["input"]
        listed = [{"role": "user", "content": given}] if isinstance(given, str) else items(given)
        if "instructions" in plain:
            listed = [{"role": "system", "content": plain.pop("instructions")}, *listed]
        plain["input"] = [_plain_item(item) for item in listed if item.get("content") != ""]
        if "tools" in plain:
            plain["tools"] = [_plain_tool(tool) for tool in items(plain["tools"])]
        return plain


def _joined(messages: Iterator[Message]) -> list[Message]:
    """What stands between two inputs is one answer."""
    joined: list[Message] = []
    for message in messages:
        last = joined[-1] if joined else None
        if isinstance(message, AIMessage) and isinstance(last, AIMessage):
            told = [item for m in (last, message) for item in _told(m)]
            joined[-1] = AIMessage(
                (*last.parts, *message.parts),
                provider=last.provider,
                metadata={"messages": told} if told else {},
            )
        else:
            joined.append(message)
    return joined


def _told(message: AIMessage) -> list[dict[str, str]]:
    return msgspec.convert(message.metadata.get("messages", []), list[dict[str, str]])


def _message(item: Json, origin: str) -> Message:
    kind = item.get("type", "message")
    match kind:
        case "message":
            return _spoken(item, origin)
        case "function_call" if set(item) <= _CALL_KEYS:
            call = ToolCall(text(item["call_id"]), text(item["name"]), text(item["arguments"]))
            return AIMessage((call,), provider=origin)
        case "function_call_output":
            output = item["output"]
            content = output if isinstance(output, str) else tuple(map(_part, items(output)))
            return ToolMessage(content, text(item["call_id"]))
        case "reasoning":
            thoughts = [text(piece["text"]) for piece in items(item.get("summary"))]
            part = ReasoningPart("".join(thoughts), opaque=raw(item), origin=origin)
            return AIMessage((part,), provider=origin)
        case _:
            return AIMessage((ProviderPart(text(kind), origin, raw(item)),), provider=origin)


def _spoken(item: Json, origin: str) -> Message:
    content = item["content"]
    parts = content if isinstance(content, str) else tuple(map(_part, items(content)))
    match item["role"]:
        case "user":
            return HumanMessage(parts)
        case "assistant":
            told = {key: text(item[key]) for key in _TOLD if key in item}
            return AIMessage(parts, provider=origin, metadata={"messages": [told]})
        case _:
            return SystemMessage(parts)


def _part(part: Json) -> Part:
    cache = PromptCache() if "prompt_cache_breakpoint" in part else None
    match part["type"]:
        case "input_text" | "output_text":
            return TextPart(text(part["text"]), prompt_cache=cache)
        case "input_image" if "image_url" in part:
            detail = None if part.get("detail") is None else text(part["detail"])
            url = text(part["image_url"])
            found = data_of(url)
            if found is None:
                return ImagePart(url=url, detail=detail, prompt_cache=cache)
            return ImagePart(found[0], media_type=found[1], detail=detail, prompt_cache=cache)
        case "input_file" if "file_data" in part:
            name, found = text(part["filename"]), data_of(text(part["file_data"]))
            assert found is not None
            return FilePart(found[0], media_type=found[1], name=name, prompt_cache=cache)
        case "input_file" if "file_url" in part:
            return FilePart(url=text(part["file_url"]), prompt_cache=cache)
        case kind:
            raise UnreadableError(f"a part of type {kind}")


def _options(given: Json) -> dict[str, object]:
    options: dict[str, object] = {}
    extra: dict[str, object] = {}
    for key, value in given.items():
        match key:
            case "max_output_tokens":
                options["max_tokens"] = value
            case "tool_choice":
                chosen = _choice(value)
                (options if chosen is not None else extra)[key] = chosen or value
            case "text" if set(mapping(value)) == {"format"}:
                options["response_format"] = _format(mapping(mapping(value)["format"]))
            case "reasoning" if set(without_empty(mapping(value))) <= {"effort", "summary"}:
                options["reasoning"] = msgspec.convert(value, ReasoningConfig)
            case _ if key in _SAME:
                options[key] = value
            case _ if key not in _ELSEWHERE:
                extra[key] = value
            case _:
                pass
    return {**options, "extra": extra} if extra else options


def _choice(choice: object) -> object:
    """The choice, where the library has a word for it."""
    match choice:
        case str():
            return choice
        case {"type": "function", "name": str(name)}:
            return NamedTool(name)
        case _:
            return None


def _format(wanted: Json) -> ResponseFormat:
    match wanted["type"]:
        case "text":
            return TextFormat()
        case "json_object":
            return JsonObject()
        case _:
            description = wanted.get("description")
            return JsonSchema(
                text(wanted["name"]),
                schema(wanted["schema"]),
                strict=bool(wanted.get("strict")),
                description=None if description is None else text(description),
            )


def _tool(tool: Json, origin: str) -> ToolSpec | ProviderTool:
    if tool["type"] != "function" or set(tool) - _FUNCTION_KEYS:
        return ProviderTool(origin, raw(tool))
    strict = tool.get("strict")
    return ToolSpec(
        text(tool["name"]),
        text(tool.get("description") or ""),
        schema(tool["parameters"]),
        None if strict is None else bool(strict),
    )


def _plain_tool(tool: Json) -> Json:
    return {key: value for key, value in tool.items() if value not in (None, "")}


def _plain_item(item: Json) -> Json:
    plain = {"type": "message", **without_empty(item)}
    if plain["type"] in {"message", "function_call"}:
        plain = {key: value for key, value in plain.items() if key not in _SERVED_KEYS}
    if plain.get("role") == "developer":
        plain["role"] = "system"
    content = items(plain.get("content"))
    if len(content) == 1 and set(content[0]) <= {"type", "text", "annotations"}:
        plain["content"] = content[0]["text"]
    return plain
