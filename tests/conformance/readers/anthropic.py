"""Requests on the Messages wire, read back."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
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
    ToolDeclaration,
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

__all__ = ["AnthropicReader"]

_ELSEWHERE: Final = frozenset({"model", "messages", "system", "stream"})
_SAME: Final = frozenset({"temperature", "top_p", "top_k", "max_tokens"})
_FUNCTION_KEYS: Final = frozenset({"name", "description", "input_schema", "strict"})
_CHOICES: Final[Mapping[object, str]] = {"auto": "auto", "any": "required", "none": "none"}
_THINKING: Final = frozenset({"type", "budget_tokens", "display"})


class AnthropicReader:
    """Read requests on the Messages wire."""

    def read(self, body: Json, origin: str) -> Asked:
        """Return what was asked for."""
        messages: list[Message] = []
        if not items(body["messages"]):
            raise UnreadableError("messages that are none")
        if "system" in body:
            messages.append(SystemMessage(_content(body["system"], origin)))
        for message in items(body.get("messages")):
            messages += _messages(message, origin)
        given = {k: v for k, v in without_empty(body).items() if k not in _ELSEWHERE}
        streaming = body.get("stream") is True
        return Asked(messages, _options(given, origin), text(body.get("model")), streaming)

    def canonical(self, body: Json) -> object:
        """Return *body* with one form for what may be said in several."""
        plain = without_empty(body)
        if plain.get("stream") is False:
            del plain["stream"]
        system = [block for block in _blocks(plain.pop("system", [])) if block.get("text")]
        if system:
            plain["system"] = system
        turns = items(plain["messages"])
        plain["messages"] = [
            {"role": role, "content": [b for turn in group for b in _blocks(turn["content"])]}
            for role, group in groupby(turns, lambda turn: turn["role"])
        ]
        if "tools" in plain:
            plain["tools"] = [_plain_tool(tool) for tool in items(plain["tools"])]
        return plain


def _messages(message: Json, origin: str) -> Iterator[Message]:
    content = message["content"]
    match message["role"]:
        case "assistant":
            yield AIMessage(_content(content, origin), provider=origin)
        case "system":
            yield SystemMessage(_content(content, origin))
        case _:
            blocks = _blocks(content)
            for block in blocks:
                if block["type"] == "tool_result":
                    yield _result(block, origin)
            rest = tuple([_part(b, origin) for b in blocks if b["type"] != "tool_result"])
            if rest:
                yield HumanMessage(rest)


def _result(block: Json, origin: str) -> ToolMessage:
    if "cache_control" in block:
        raise UnreadableError("a cache mark on a result")
    return ToolMessage(
        _content(block.get("content", ""), origin),
        text(block["tool_use_id"]),
        is_error=block.get("is_error") is True,
    )


def _content(content: object, origin: str) -> str | tuple[Part, ...]:
    if isinstance(content, str):
        return content
    return tuple([_part(block, origin) for block in items(content)])


def _part(block: Json, origin: str) -> Part:
    ttl = mapping(block.get("cache_control")).get("ttl")
    cache = PromptCache(None if ttl is None else text(ttl)) if "cache_control" in block else None
    match block["type"]:
        case "text" if "citations" not in block:
            return TextPart(text(block["text"]), prompt_cache=cache)
        case "image":
            return _image(mapping(block["source"]), cache)
        case "document" if set(block) <= {"type", "source", "title", "cache_control"}:
            return _document(mapping(block["source"]), block.get("title"), cache)
        case "thinking":
            signature = text(block["signature"])
            return ReasoningPart(text(block["thinking"]), signature=signature, origin=origin)
        case "redacted_thinking":
            return ReasoningPart("", opaque=raw(block), origin=origin)
        case "tool_use" if set(block) == {"type", "id", "name", "input"}:
            return ToolCall(text(block["id"]), text(block["name"]), raw(block["input"]))
        case kind:
            return ProviderPart(text(kind), origin, raw(block))


def _image(source: Json, cache: PromptCache | None) -> ImagePart:
    match source["type"]:
        case "base64":
            data = base64.b64decode(text(source["data"]))
            return ImagePart(data, media_type=text(source["media_type"]), prompt_cache=cache)
        case "url":
            return ImagePart(url=text(source["url"]), prompt_cache=cache)
        case _:
            return ImagePart(id=text(source["file_id"]), prompt_cache=cache)


def _document(source: Json, title: object, cache: PromptCache | None) -> FilePart:
    name = None if title is None else text(title)
    match source["type"]:
        case "base64":
            data = base64.b64decode(text(source["data"]))
            kind = text(source["media_type"])
            return FilePart(data, media_type=kind, name=name, prompt_cache=cache)
        case "text":
            kind, data = text(source["media_type"]), text(source["data"]).encode()
            return FilePart(data, media_type=kind, name=name, prompt_cache=cache)
        case "url":
            return FilePart(url=text(source["url"]), name=name, prompt_cache=cache)
        case "file":
            return FilePart(id=text(source["file_id"]), name=name, prompt_cache=cache)
        case kind:
            raise UnreadableError(f"a document from {kind}")


def _options(given: dict[str, object], origin: str) -> dict[str, object]:
    options: dict[str, object] = {k: v for k, v in given.items() if k in _SAME}
    extra = {k: v for k, v in given.items() if k not in _SAME}
    if "stop_sequences" in extra:
        options["stop"] = extra.pop("stop_sequences")
    if "tools" in extra:
        options["tools"] = [_tool(tool, origin) for tool in items(extra.pop("tools"))]
    if mapping(extra.get("metadata")).keys() == {"user_id"}:
        options["metadata"] = extra.pop("metadata")
    if "tool_choice" in extra:
        options |= _choice(mapping(extra.pop("tool_choice")))
    options |= _output(extra)
    return {**options, "extra": extra} if extra else options


def _output(extra: dict[str, object]) -> dict[str, object]:
    """Take what the library has words for out of the keys about thinking and the answer's form."""
    options: dict[str, object] = {}
    thinking, config = mapping(extra.get("thinking")), dict(mapping(extra.get("output_config")))
    if set(config) - {"effort", "format"}:
        return options
    effort = config.pop("effort", None) if thinking.get("type") == "adaptive" else None
    known = set(thinking) <= _THINKING and thinking.get("type") in {"enabled", "adaptive"}
    if known:
        given = {"effort": effort, "budget_tokens": thinking.get("budget_tokens")}
        given["summary"] = thinking.get("display")
        options["reasoning"] = msgspec.convert(given, ReasoningConfig)
        del extra["thinking"]
    if "format" in config and "effort" not in config:
        options["response_format"] = JsonSchema(
            "answer", schema(mapping(config.pop("format"))["schema"])
        )
    if not config:
        extra.pop("output_config", None)
    return options


def _choice(choice: Json) -> dict[str, object]:
    kind = choice["type"]
    chosen = NamedTool(text(choice["name"])) if kind == "tool" else _CHOICES[kind]
    if "disable_parallel_tool_use" not in choice:
        return {"tool_choice": chosen}
    return {
        "tool_choice": chosen,
        "parallel_tool_calls": not choice["disable_parallel_tool_use"],
    }


def _tool(tool: Json, origin: str) -> ToolDeclaration:
    if set(tool) - _FUNCTION_KEYS:
        return ProviderTool(origin, raw(tool))
    strict = tool.get("strict")
    return ToolSpec(
        text(tool["name"]),
        text(tool.get("description", "")),
        schema(tool["input_schema"]),
        None if strict is None else bool(strict),
    )


def _plain_tool(tool: Json) -> Json:
    plain = without_empty(tool)
    if plain.get("description") == "":
        del plain["description"]
    return plain


def _blocks(content: object) -> list[dict[str, object]]:
    """Content as a list of blocks; a block without what says nothing."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    blocks = [without_empty(block) for block in items(content)]
    for block in blocks:
        if block["type"] == "tool_result":
            block["content"] = _blocks(block.get("content", []))
            if block.get("is_error") is False:
                del block["is_error"]
    return blocks
