"""Requests on Gemini's wire, read back. Its keys may be written in either of two ways."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from beluga.schema import (
    AIMessage,
    AudioPart,
    FilePart,
    HumanMessage,
    ImagePart,
    JsonSchema,
    Message,
    NamedTool,
    Part,
    ProviderTool,
    ReasoningConfig,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
    ToolSpec,
    VideoPart,
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
)

__all__ = ["GeminiReader"]

MediaPart: TypeAlias = ImagePart | AudioPart | VideoPart | FilePart

_OPTIONS: Final[Mapping[str, str]] = {
    "temperature": "temperature",
    "topP": "top_p",
    "topK": "top_k",
    "maxOutputTokens": "max_tokens",
    "stopSequences": "stop",
    "seed": "seed",
    "presencePenalty": "presence_penalty",
    "frequencyPenalty": "frequency_penalty",
}
_CLASSES: Final[Mapping[str, type[MediaPart]]] = {
    "image": ImagePart,
    "audio": AudioPart,
    "video": VideoPart,
}
_CHOICES: Final[Mapping[object, str]] = {"AUTO": "auto", "ANY": "required", "NONE": "none"}
_ELSEWHERE: Final = frozenset({"contents", "systemInstruction", "tools", "generationConfig"})
_OF_USERS: Final = frozenset(
    {"args", "response", "responseJsonSchema", "responseSchema", "parametersJsonSchema", "labels"}
)
"""Keys whose values are somebody else's: nothing in them is a key of the wire."""


class GeminiReader:
    """Read requests on Gemini's wire."""

    def read(self, body: Json, origin: str) -> Asked:
        """Return what was asked for."""
        body = mapping(_camel(body))
        messages: list[Message] = []
        if "systemInstruction" in body:
            instructions = items(mapping(body["systemInstruction"])["parts"])
            messages.append(SystemMessage(tuple(TextPart(text(p["text"])) for p in instructions)))
        for content in items(body["contents"]):
            messages += _messages(content, origin)
        return Asked(messages, _options(body, origin))

    def canonical(self, body: Json) -> object:
        """Return *body* with one form for what may be said in several."""
        plain = dict(mapping(_camel(body)))
        if "systemInstruction" in plain:
            plain["systemInstruction"] = {"parts": mapping(plain["systemInstruction"])["parts"]}
        if isinstance(plain.get("tools"), dict):
            plain["tools"] = [plain["tools"]]
        if not plain.get("generationConfig"):
            plain.pop("generationConfig", None)
        return plain


def _messages(content: Json, origin: str) -> Sequence[Message]:
    parts = items(content["parts"])
    if content.get("role") == "model":
        return [AIMessage(tuple(_said(part, origin) for part in parts))]
    results = [_result(mapping(p["functionResponse"])) for p in parts if "functionResponse" in p]
    given = tuple(_given(part) for part in parts if "functionResponse" not in part)
    return [*results, HumanMessage(given)] if given else results


def _said(part: Json, origin: str) -> Part:
    match part:
        case {"functionCall": call, **rest} if set(rest) <= {"thoughtSignature"}:
            signature = part.get("thoughtSignature")
            function = mapping(call)
            return ToolCall(
                text(function["id"]),
                text(function["name"]),
                raw(function.get("args", {})),
                signature=None if signature is None else text(signature),
                origin=None if signature is None else origin,
            )
        case {"text": str(words), **rest} if not rest:
            return TextPart(words)
        case _:
            raise UnreadableError(f"a model's part of {', '.join(part)}")


def _given(part: Json) -> Part:
    match part:
        case {"text": str(words), **rest} if not rest:
            return TextPart(words)
        case {"inlineData": {"data": str(data), "mimeType": str(kind)}, **rest} if not rest:
            return _class(kind)(base64.urlsafe_b64decode(_urlsafe(data)), media_type=kind)
        case {"fileData": {"fileUri": str(url), "mimeType": str(kind)}, **rest} if not rest:
            return _class(kind)(url=url, media_type=kind)
        case _:
            raise UnreadableError(f"a user's part of {', '.join(part)}")


def _result(response: Json) -> ToolMessage:
    media = [_given(part) for part in items(response.get("parts"))]
    said = TextPart(raw(response["response"]))
    return ToolMessage((said, *media), text(response["id"]), name=text(response["name"]))


def _class(kind: str) -> type[MediaPart]:
    return _CLASSES.get(kind.partition("/")[0], FilePart)


def _options(body: Json, origin: str) -> dict[str, object]:
    config = dict(mapping(body.get("generationConfig")))
    extra = {key: value for key, value in body.items() if key not in _ELSEWHERE}
    options: dict[str, object] = {
        name: config.pop(key) for key, name in _OPTIONS.items() if key in config
    }
    if isinstance(options.get("top_k"), float):
        options["top_k"] = msgspec.convert(options["top_k"], int, strict=False)
    if config.get("responseMimeType") == "application/json" and "responseJsonSchema" in config:
        del config["responseMimeType"]
        options["response_format"] = JsonSchema("answer", schema(config.pop("responseJsonSchema")))
    thinking = mapping(config.get("thinkingConfig"))
    if thinking == {"thinkingBudget": 0} or set(thinking) == {"thinkingBudget", "includeThoughts"}:
        options["reasoning"] = _reasoning(mapping(config.pop("thinkingConfig")))
    if body.get("tools"):
        tools = [body["tools"]] if isinstance(body["tools"], dict) else body["tools"]
        options["tools"] = [t for tool in items(tools) for t in _tools(tool, origin)]
    calling = mapping(mapping(extra.get("toolConfig")).get("functionCallingConfig"))
    if mapping(extra.get("toolConfig")).keys() == {"functionCallingConfig"}:
        choice = _choice(calling)
        if choice is not None:
            options["tool_choice"] = choice
            del extra["toolConfig"]
    if config:
        extra["generationConfig"] = config
    return {**options, "extra": extra} if extra else options


def _reasoning(thinking: Json) -> ReasoningConfig:
    summary = "none" if thinking.get("includeThoughts") is False else None
    given = {"budget_tokens": thinking["thinkingBudget"], "summary": summary}
    return msgspec.convert(given, ReasoningConfig)


def _choice(calling: Json) -> object:
    """The choice, where the library has a word for it."""
    match calling:
        case {"mode": "ANY", "allowedFunctionNames": [str(name)]}:
            return NamedTool(name)
        case {"mode": mode, **rest} if not rest:
            return _CHOICES.get(mode)
        case _:
            return None


def _tools(tool: Json, origin: str) -> Sequence[ToolSpec | ProviderTool]:
    if set(tool) != {"functionDeclarations"}:
        return [ProviderTool(origin, raw(tool))]
    declarations = items(tool["functionDeclarations"])
    return [
        ToolSpec(
            text(function["name"]),
            text(function.get("description", "")),
            schema(function.get("parametersJsonSchema") or {}),
        )
        for function in declarations
    ]


def _camel(value: object, key: str = "") -> object:
    """The wire's own keys in one way of writing them, and base64 in one alphabet."""
    if key in _OF_USERS:
        return value
    match value:
        case Mapping():
            named = [(_name(inner), item) for inner, item in value.items()]
            return {name: _camel(item, name) for name, item in named if item is not None}
        case list():
            return [_camel(item) for item in value]
        case str() if key in {"data", "thoughtSignature"}:
            return _urlsafe(value)
        case _:
            return value


def _name(key: str) -> str:
    camel = re.sub(r"_([a-z])", lambda match: match[1].upper(), key)
    return "parametersJsonSchema" if camel == "parameters" else camel


def _urlsafe(data: str) -> str:
    return data.replace("+", "-").replace("/", "_")
