"""Requests on the chat-completions wire, read back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, get_args

import msgspec

from beluga.schema import (
    AIMessage,
    AudioPart,
    Effort,
    FilePart,
    HumanMessage,
    ImagePart,
    JsonObject,
    JsonSchema,
    Message,
    NamedTool,
    Part,
    PromptCache,
    ProviderTool,
    ReasoningConfig,
    ReasoningPart,
    RefusalPart,
    ResponseFormat,
    SystemMessage,
    TextFormat,
    TextPart,
    ToolCall,
    ToolDeclaration,
    ToolMessage,
    ToolSpec,
    VideoPart,
)
from tests.conformance.corpus import Json
from tests.conformance.readers.asked import (
    Asked,
    UnreadableError,
    data_of,
    items,
    mapping,
    schema,
    text,
    without_empty,
)

__all__ = ["ChatReader"]

_SAME: Final = frozenset(
    [
        "temperature",
        "top_p",
        "top_k",
        "seed",
        "presence_penalty",
        "frequency_penalty",
        "parallel_tool_calls",
    ]
)
_ELSEWHERE: Final = frozenset({"model", "messages", "stream", "stream_options"})
_MEDIA_TYPES: Final[Mapping[object, str]] = {"wav": "audio/wav", "mp3": "audio/mpeg"}
_FUNCTION_KEYS: Final = frozenset({"name", "description", "parameters", "strict"})
_EFFORTS: Final[frozenset[object]] = frozenset(get_args(Effort))


class ChatReader:
    """Read requests on the chat-completions wire."""

    def read(self, body: Json, origin: str) -> Asked:
        """Return what was asked for."""
        messages = [_message(without_empty(m), origin) for m in items(body.get("messages"))]
        given = {k: v for k, v in without_empty(body).items() if k not in _ELSEWHERE}
        streaming = body.get("stream") is True
        return Asked(messages, _options(given, origin), text(body.get("model")), streaming)

    def canonical(self, body: Json) -> object:
        """Return *body* with one form for what may be said in several."""
        plain = without_empty(body)
        plain.pop("stream_options", None)
        for key, default in (("stream", False), ("n", 1), ("logprobs", False)):
            if plain.get(key) == default:
                del plain[key]
        if "max_completion_tokens" in plain:
            plain["max_tokens"] = plain.pop("max_completion_tokens")
        plain["messages"] = [_canonical_message(message) for message in items(plain["messages"])]
        if not plain.get("tools"):
            plain.pop("tools", None)
            plain.pop("tool_choice", None)
        if "tools" in plain:
            plain["tools"] = [_canonical_tool(tool) for tool in items(plain["tools"])]
        for key in ("tool_choice", "response_format"):
            if isinstance(plain.get(key), dict):
                plain[key] = _canonical_kind(mapping(plain[key]))
        return plain


def _message(message: Json, origin: str) -> Message:
    if message.get("name") is not None and message["role"] != "tool":
        raise UnreadableError("a speaker's name")
    content = message.get("content", "")
    parts = content if isinstance(content, str) else tuple(_part(part) for part in items(content))
    match message["role"]:
        case "system" | "developer":
            return SystemMessage(parts)
        case "user":
            return HumanMessage(parts)
        case "tool":
            return ToolMessage(parts, text(message["tool_call_id"]))
        case "assistant":
            return AIMessage(_answer(message, parts, origin))
        case role:
            raise UnreadableError(f"the role {role}")


def _answer(message: Json, content: str | tuple[Part, ...], origin: str) -> tuple[Part, ...]:
    if "function_call" in message or "audio" in message:
        raise UnreadableError("a function_call or audio in an answer")
    thoughts = [
        ReasoningPart(text(message[key]), origin=origin, key=key)
        for key in ("reasoning", "reasoning_content")
        if key in message
    ]
    parts: list[Part] = list(thoughts)
    parts += ([TextPart(content)] if content else []) if isinstance(content, str) else content
    if "refusal" in message:
        parts.append(RefusalPart(text(message["refusal"])))
    for call in items(message.get("tool_calls")):
        function = mapping(call.get("function"))
        if call.get("type", "function") != "function":
            raise UnreadableError(f"a call of type {call['type']}")
        parts.append(
            ToolCall(text(call["id"]), text(function["name"]), text(function["arguments"]))
        )
    return tuple(parts)


def _part(part: Json) -> Part:
    cache = _cache(part)
    match part["type"]:
        case "text":
            return TextPart(text(part["text"]), prompt_cache=cache)
        case "image_url":
            image = mapping(part["image_url"])
            return _image(text(image["url"]), image.get("detail"), cache)
        case "input_audio":
            audio = mapping(part["input_audio"])
            media_type = _MEDIA_TYPES[audio["format"]]
            found = data_of(f"data:{media_type};base64,{audio['data']}")
            assert found is not None
            return AudioPart(found[0], media_type=media_type, prompt_cache=cache)
        case "video_url":
            return VideoPart(url=text(mapping(part["video_url"])["url"]), prompt_cache=cache)
        case "file":
            return _file(mapping(part["file"]), cache)
        case kind:
            raise UnreadableError(f"a part of type {kind}")


def _image(url: str, detail: object, cache: PromptCache | None) -> ImagePart:
    closeness = None if detail is None else text(detail)
    found = data_of(url)
    if found is None:
        return ImagePart(url=url, detail=closeness, prompt_cache=cache)
    return ImagePart(found[0], media_type=found[1], detail=closeness, prompt_cache=cache)


def _file(file: Json, cache: PromptCache | None) -> FilePart:
    if "file_id" in file:
        return FilePart(id=text(file["file_id"]), prompt_cache=cache)
    name, data = text(file["filename"]), text(file["file_data"])
    found = data_of(data)
    if found is None:
        return FilePart(url=data, name=name, prompt_cache=cache)
    return FilePart(found[0], media_type=found[1], name=name, prompt_cache=cache)


def _cache(part: Json) -> PromptCache | None:
    if "cache_control" in part:
        ttl = mapping(part["cache_control"]).get("ttl")
        return PromptCache(None if ttl is None else text(ttl))
    return PromptCache() if "prompt_cache_breakpoint" in part else None


def _options(given: Json, origin: str) -> dict[str, object]:
    options: dict[str, object] = {}
    extra: dict[str, object] = {}
    for key, value in given.items():
        match key:
            case "max_tokens" | "max_completion_tokens":
                options["max_tokens"] = value
            case "stop":
                options["stop"] = value
            case "tools":
                options["tools"] = [_tool(tool, origin) for tool in items(value)]
            case "tool_choice":
                options["tool_choice"] = _choice(value)
            case "response_format":
                options["response_format"] = _format(mapping(value))
            case "reasoning_effort" if value in _EFFORTS:
                options["reasoning"] = value
            case "reasoning" if set(mapping(value)) <= {"effort", "max_tokens", "summary"}:
                options["reasoning"] = _reasoning(mapping(value))
            case _ if key in _SAME:
                options[key] = value
            case _:
                extra[key] = value
    if extra:
        options["extra"] = extra
    return options


def _tool(tool: Json, origin: str) -> ToolDeclaration:
    function = without_empty(mapping(tool.get("function")))
    own = set(tool) - {"type", "function"} or set(function) - _FUNCTION_KEYS
    if tool.get("type") != "function" or own:
        return ProviderTool(origin, msgspec.json.encode(tool).decode())
    strict = function.get("strict")
    return ToolSpec(
        text(function["name"]),
        text(function.get("description", "")),
        schema(function.get("parameters") or {}),
        None if strict is None else bool(strict),
    )


def _choice(choice: object) -> object:
    if isinstance(choice, dict):
        if choice.get("type", "function") != "function":
            raise UnreadableError(f"a tool choice of type {choice['type']}")
        return NamedTool(text(mapping(choice["function"])["name"]))
    return choice


def _format(wanted: Json) -> ResponseFormat:
    match wanted["type"]:
        case "text":
            return TextFormat()
        case "json_object":
            return JsonObject()
        case _:
            form = without_empty(mapping(wanted["json_schema"]))
            description = form.get("description")
            return JsonSchema(
                text(form["name"]),
                schema(form["schema"]),
                strict=bool(form.get("strict")),
                description=None if description is None else text(description),
            )


def _reasoning(wanted: Json) -> ReasoningConfig:
    given = {"effort": wanted.get("effort"), "budget_tokens": wanted.get("max_tokens")}
    return msgspec.convert({**given, "summary": wanted.get("summary")}, ReasoningConfig)


def _canonical_message(message: Json) -> Json:
    """Developer is the later word for system, and a lone text may stand in a list."""
    plain = {key: value for key, value in without_empty(message).items() if value != []}
    if plain["role"] == "developer":
        plain["role"] = "system"
    content = [without_empty(part) for part in items(plain.get("content"))]
    if len(content) == 1 and set(content[0]) == {"type", "text"}:
        plain["content"] = content[0]["text"]
    elif content:
        plain["content"] = [_canonical_part(part) for part in content]
    if plain.get("content") == "" and "tool_calls" in plain:
        del plain["content"]
    return plain


def _canonical_part(part: Json) -> Json:
    """What belongs to another kind of part says nothing."""
    kind = text(part["type"])
    marks = {"type", kind, "cache_control", "prompt_cache_breakpoint"}
    return {key: value for key, value in part.items() if key in marks}


def _canonical_tool(tool: Json) -> Json:
    function = without_empty(mapping(tool.get("function")))
    if function.get("description") == "":
        del function["description"]
    return {**tool, "function": function} if function else tool


def _canonical_kind(wanted: Json) -> Json:
    plain = {"type": "function", **wanted}
    form = without_empty(mapping(plain.get("json_schema")))
    if form.get("strict") is False:
        del form["strict"]
    return {**plain, "json_schema": form} if form else plain
