"""Requests on the wire of Bedrock's Converse, read back."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final

import msgspec

from beluga.schema import (
    AIMessage,
    FilePart,
    HumanMessage,
    ImagePart,
    JsonSchema,
    Message,
    NamedTool,
    Part,
    PromptCache,
    ProviderPart,
    ProviderTool,
    ReasoningConfig,
    ReasoningPart,
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
    without_empty,
)

__all__ = ["ConverseReader"]

_OPTIONS: Final[Mapping[str, str]] = {
    "maxTokens": "max_tokens",
    "temperature": "temperature",
    "topP": "top_p",
    "stopSequences": "stop",
}
_CHOICES: Final[Mapping[str, str]] = {"auto": "auto", "any": "required"}
_MEDIA: Final[Mapping[str, type[ImagePart | VideoPart | FilePart]]] = {
    "image": ImagePart,
    "video": VideoPart,
    "document": FilePart,
}
_TYPES: Final[Mapping[str, str]] = {"txt": "text/plain", "pdf": "application/pdf"}
_ELSEWHERE: Final = frozenset({"messages", "system", "toolConfig", "inferenceConfig"})


class ConverseReader:
    """Read requests on the wire of Bedrock's Converse."""

    def read(self, body: Json, origin: str) -> Asked:
        """Return what was asked for."""
        messages: list[Message] = []
        if body.get("system"):
            messages.append(SystemMessage(_parts(items(body["system"]), origin)))
        for message in items(body["messages"]):
            messages += _messages(message, origin)
        options = _options(body)
        config = mapping(body.get("toolConfig"))
        if config:
            options["tools"] = [_tool(tool, origin) for tool in items(config["tools"])]
        if "toolChoice" in config:
            options["tool_choice"] = _choice(mapping(config["toolChoice"]))
        return Asked(messages, options)

    def canonical(self, body: Json) -> object:
        """Return *body* with one form for what may be said in several."""
        plain = {key: value for key, value in without_empty(body).items() if value not in ({}, [])}
        turns = items(plain["messages"])
        plain["messages"] = [
            {"role": role, "content": [_plain(b) for turn in group for b in items(turn["content"])]}
            for role, group in groupby(turns, lambda turn: turn["role"])
        ]
        form = _json_schema(plain)
        if form:
            decoded = msgspec.json.decode(text(form["schema"]))
            plain["outputConfig"] = {**form, "schema": decoded}
        return plain


def _messages(message: Json, origin: str) -> Sequence[Message]:
    blocks = items(message["content"])
    if message["role"] == "assistant":
        return [AIMessage(_parts(blocks, origin))]
    results = [_result(mapping(b["toolResult"])) for b in blocks if "toolResult" in b]
    given = _parts([block for block in blocks if "toolResult" not in block], origin)
    return [*results, HumanMessage(given)] if given else results


def _parts(blocks: Sequence[Json], origin: str) -> tuple[Part, ...]:
    parts: list[Part] = []
    for block in blocks:
        if "cachePoint" in block:
            ttl = mapping(block["cachePoint"]).get("ttl")
            cache = PromptCache(None if ttl is None else text(ttl))
            parts[-1] = _marked(parts[-1], cache)
        else:
            parts.append(_part(block, origin))
    return tuple(parts)


def _marked(part: Part, cache: PromptCache) -> Part:
    if isinstance(part, TextPart | ImagePart | VideoPart | FilePart):
        return msgspec.structs.replace(part, prompt_cache=cache)
    raise UnreadableError(f"a cache mark on a {type(part).__name__}")


def _part(block: Json, origin: str) -> Part:
    match block:
        case {"text": str(words)}:
            return TextPart(words)
        case {"toolUse": {"toolUseId": str(id), "name": str(name), "input": given, **rest}}:
            if rest:
                return ProviderPart("toolUse", origin, raw(block))
            return ToolCall(id, name, raw(given))
        case {"reasoningContent": {"reasoningText": {"text": str(words), "signature": str(proof)}}}:
            return ReasoningPart(words, signature=proof, origin=origin)
        case {"image": media} | {"video": media} | {"document": media}:
            return _media(next(iter(block)), mapping(media))
        case _:
            return ProviderPart(next(iter(block)), origin, raw(block))


def _media(kind: str, media: Json) -> Part:
    form = text(media["format"])
    media_type = form if "/" in form else _TYPES.get(form, f"{kind}/{form}")
    source = mapping(media["source"])
    if "bytes" in source:
        part = _MEDIA[kind](base64.b64decode(text(source["bytes"])), media_type=media_type)
    else:
        part = _MEDIA[kind](url=text(mapping(source["s3Location"])["uri"]), media_type=media_type)
    if isinstance(part, FilePart):
        return msgspec.structs.replace(part, name=text(media["name"]))
    return part


def _result(result: Json) -> ToolMessage:
    parts: list[Part] = []
    for block in items(result["content"]):
        if "json" in block:
            parts.append(TextPart(raw(block["json"])))
        else:
            parts.append(_part(block, ""))
    is_error = result.get("status") == "error"
    return ToolMessage(tuple(parts), text(result["toolUseId"]), is_error=is_error)


def _options(body: Json) -> dict[str, object]:
    config = mapping(body.get("inferenceConfig"))
    options = {name: config[key] for key, name in _OPTIONS.items() if key in config}
    extra = {k: v for k, v in without_empty(body).items() if v != {} and k not in _ELSEWHERE}
    match extra.get("additionalModelRequestFields"):
        case {"thinking": {"type": "enabled", "budget_tokens": int(budget)}, **rest} if not rest:
            del extra["additionalModelRequestFields"]
            options["reasoning"] = ReasoningConfig(budget_tokens=budget)
        case _:
            pass
    form = _json_schema(extra)
    if form:
        del extra["outputConfig"]
        given = msgspec.json.decode(text(form["schema"]))
        description = form.get("description")
        options["response_format"] = JsonSchema(
            text(form["name"]),
            schema(given),
            description=None if description is None else text(description),
        )
    return {**options, "extra": extra} if extra else options


def _json_schema(body: Json) -> Json:
    """The schema that the answer is held to, if that is all that the output is told."""
    match body.get("outputConfig"):
        case {"textFormat": {"structure": {"jsonSchema": dict(form)}}, **rest} if not rest:
            return form
        case _:
            return {}


def _choice(choice: Json) -> object:
    kind = next(iter(choice))
    return NamedTool(text(mapping(choice["tool"])["name"])) if kind == "tool" else _CHOICES[kind]


def _tool(tool: Json, origin: str) -> ToolSpec | ProviderTool:
    if "toolSpec" not in tool:
        return ProviderTool(origin, raw(tool))
    spec = mapping(tool["toolSpec"])
    strict = spec.get("strict")
    return ToolSpec(
        text(spec["name"]),
        text(spec.get("description", "")),
        schema(mapping(spec["inputSchema"])["json"]),
        None if strict is None else bool(strict),
    )


def _plain(block: Json) -> Json:
    """Success goes without saying."""
    result = mapping(block.get("toolResult"))
    if result.get("status") != "success":
        return block
    return {"toolResult": {key: value for key, value in result.items() if key != "status"}}
