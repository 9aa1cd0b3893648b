"""The Responses dialect of OpenAI."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from beluga.providers.mock import words
from beluga.schema import AIMessage, ReasoningPart, RefusalPart, TextPart, ToolCall, Usage
from beluga.testing.speakers.chat import openai_error
from beluga.testing.speakers.protocol import Asked
from beluga.testing.speakers.writing import json_pieces, server_sent

__all__ = ["ResponsesSpeaker"]


class _Content(msgspec.Struct):
    text: str = ""


class _Item(msgspec.Struct):
    type: str = "message"
    content: str | list[_Content] | None = ""
    output: str | list[_Content] = ""


class _Tool(msgspec.Struct):
    name: str = ""


class _Body(msgspec.Struct):
    model: str
    input: str | list[_Item]
    stream: bool | None = None
    tools: list[_Tool] = []


_decode = msgspec.json.Decoder(_Body).decode


class ResponsesSpeaker:
    """Speak Responses: items that are added and done, and an end that holds the whole."""

    @property
    def stream_type(self) -> str:
        """Server-sent events."""
        return "text/event-stream; charset=utf-8"

    def understands(self, method: str, path: str) -> bool:
        """Take what is posted to any path that ends in `/responses`."""
        return method == "POST" and path.endswith("/responses")

    def read(self, path: str, body: bytes) -> Asked:  # noqa: ARG002 - the body says it all
        """Read a request."""
        request = _decode(body)
        if not request.input:
            raise ValueError("input is empty")
        last = (
            request.input[-1] if isinstance(request.input, list) else _Item(content=request.input)
        )
        return Asked(
            model=request.model,
            streaming=bool(request.stream),
            text=_text(last.output or last.content),
            answers_tool=last.type == "function_call_output",
            tools=tuple([tool.name for tool in request.tools if tool.name]),
        )

    def whole(self, asked: Asked, reply: AIMessage) -> bytes:  # noqa: ARG002 - the reply says it all
        """Write a response."""
        return msgspec.json.encode(_response(reply, _items(reply)))

    def events(self, asked: Asked, reply: AIMessage) -> Sequence[bytes]:  # noqa: ARG002 - likewise
        """Write the events of a response."""
        return [
            server_sent({**event, "sequence_number": number}, event["type"])
            for number, event in enumerate(_events(reply))
        ]

    def refusal(self, status: int, message: str) -> bytes:
        """Write an error."""
        return msgspec.json.encode(openai_error(status, message))

    def failure(self, asked: Asked, code: str, message: str) -> bytes:
        """Write an error as an event, or a failed response."""
        error = {"code": code, "message": message}
        if asked.streaming:
            return server_sent({"type": "error", **error, "param": None}, "error")
        return msgspec.json.encode({"object": "response", "status": "failed", "error": error})


def _events(reply: AIMessage) -> Iterator[dict[str, Any]]:
    begun = {**_response(reply, []), "status": "in_progress", "usage": None}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(_items(reply)):
        for event in _told(item):
            yield {**event, "output_index": index, "item_id": item["id"]}
    response = _response(reply, _items(reply))
    yield {"type": f"response.{response['status']}", "response": response}


def _told(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The events of one item."""
    empty: dict[str, dict[str, object]] = {
        "message": {"content": []},
        "reasoning": {"summary": []},
    }
    opened = {**item, "status": "in_progress", **empty.get(item["type"], {"arguments": ""})}
    yield {"type": "response.output_item.added", "item": opened}
    match item:
        case {"type": "function_call", "arguments": arguments}:
            name = "response.function_call_arguments"
            for piece in json_pieces(arguments):
                yield {"type": f"{name}.delta", "delta": piece}
            if item["status"] == "completed":
                yield {"type": f"{name}.done", "arguments": arguments}
        case {"type": "reasoning", "summary": parts}:
            yield from _spoken(parts, "summary_index", "response.reasoning_summary_part", "summary")
        case _:
            parts = item["content"]
            yield from _spoken(parts, "content_index", "response.content_part", "content")
    if item["status"] == "completed":
        yield {"type": "response.output_item.done", "item": item}


def _spoken(
    parts: Sequence[dict[str, Any]], counter: str, name: str, where: str
) -> Iterator[dict[str, Any]]:
    """The events of an item's parts."""
    for index, part in enumerate(parts):
        key = "refusal" if part["type"] == "refusal" else "text"
        kind = "reasoning_summary_text" if where == "summary" else part["type"]
        at = {counter: index}
        yield {"type": f"{name}.added", **at, "part": {**part, key: ""}}
        for word in words(part[key]):
            yield {"type": f"response.{kind}.delta", **at, "delta": word}
        yield {"type": f"response.{kind}.done", **at, key: part[key]}
        yield {"type": f"{name}.done", **at, "part": part}


def _items(reply: AIMessage) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    for part in reply.parts:
        ident = f"{reply.response_id}-{len(items)}"
        match part:
            case TextPart(text):
                spoken = {"type": "output_text", "text": text, "annotations": []}
                items.append(_message(ident, spoken))
            case RefusalPart(text):
                items.append(_message(ident, {"type": "refusal", "refusal": text}))
            case ReasoningPart(text):
                summary = [{"type": "summary_text", "text": text}] if text else []
                item = {"type": "reasoning", "id": ident, "summary": summary}
                items.append({**item, "status": "completed"})
            case ToolCall():
                items.append(_call(ident, part, "completed"))
            case _:
                pass
    for call in reply.cut_calls:
        items.append(_call(f"{reply.response_id}-{len(items)}", call, "incomplete"))
    return items


def _message(ident: str, spoken: dict[str, Any]) -> dict[str, Any]:
    item = {"type": "message", "id": ident, "role": "assistant", "content": [spoken]}
    return {**item, "status": "completed"}


def _call(ident: str, call: ToolCall, status: str) -> dict[str, Any]:
    said = {"call_id": call.id, "name": call.name, "arguments": call.arguments}
    return {"type": "function_call", "id": ident, **said, "status": status}


def _response(reply: AIMessage, items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    incomplete = {"length": "max_output_tokens", "content_filter": "content_filter"}
    reason = incomplete.get(reply.finish_reason or "unknown")
    return {
        "id": reply.response_id,
        "object": "response",
        "created_at": 1735689600,
        "model": reply.model,
        "status": "completed" if reason is None else "incomplete",
        "incomplete_details": None if reason is None else {"reason": reason},
        "error": None,
        "output": items,
        "usage": _usage(reply.usage),
    }


def _usage(usage: Usage) -> dict[str, object]:
    return {
        "input_tokens": usage.input_tokens or 0,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens or 0},
        "output_tokens": usage.output_tokens or 0,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens or 0},
        "total_tokens": usage.total_tokens or 0,
    }


def _text(content: str | list[_Content] | None) -> str:
    if isinstance(content, str):
        return content
    return "".join([part.text for part in content or ()])
