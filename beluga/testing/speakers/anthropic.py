"""The Messages dialect of Anthropic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from beluga.providers.mock import words
from beluga.schema import AIMessage, FinishReason, ReasoningPart, TextPart, ToolCall, Usage
from beluga.testing.speakers.protocol import Asked
from beluga.testing.speakers.writing import arguments_of, json_pieces, refusal_of, server_sent

__all__ = ["AnthropicSpeaker"]

_REASONS: Final[Mapping[FinishReason, str]] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
    "pause": "pause_turn",
    "error": "end_turn",
    "unknown": "end_turn",
}

_ERROR_TYPES: Final[Mapping[int, str]] = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


class _Block(msgspec.Struct):
    type: str
    text: str = ""
    content: str | list[_Block] = ""


class _Message(msgspec.Struct):
    role: str
    content: str | list[_Block] = ""


class _Tool(msgspec.Struct):
    name: str = ""


class _Body(msgspec.Struct):
    model: str
    max_tokens: int
    messages: list[_Message]
    stream: bool = False
    tools: list[_Tool] = []


_decode = msgspec.json.Decoder(_Body).decode


class AnthropicSpeaker:
    """Speak Messages: blocks that open and close, tokens counted without the cache."""

    @property
    def stream_type(self) -> str:
        """Server-sent events."""
        return "text/event-stream; charset=utf-8"

    def understands(self, method: str, path: str) -> bool:
        """Take what is posted to any path that ends in `/v1/messages`."""
        return method == "POST" and path.endswith("/v1/messages")

    def read(self, path: str, body: bytes) -> Asked:  # noqa: ARG002 - the body says it all
        """Read a request."""
        request = _decode(body)
        if not request.messages:
            raise ValueError("messages: at least one message is required")
        last = request.messages[-1].content
        return Asked(
            model=request.model,
            streaming=request.stream,
            text=_text(last),
            answers_tool=any(b.type == "tool_result" for b in last if isinstance(b, _Block)),
            tools=tuple([tool.name for tool in request.tools]),
        )

    def whole(self, asked: Asked, reply: AIMessage) -> bytes:  # noqa: ARG002 - the reply says it all
        """Write a message."""
        content = [block for block, _ in _blocks(reply)]
        return msgspec.json.encode(
            {
                **_envelope(reply),
                "content": content,
                "stop_reason": _reason(reply),
                "usage": _usage(reply.usage),
            }
        )

    def events(self, asked: Asked, reply: AIMessage) -> Sequence[bytes]:  # noqa: ARG002 - likewise
        """Write the events of a message."""
        return [server_sent(event, str(event["type"])) for event in _events(reply)]

    def refusal(self, status: int, message: str) -> bytes:
        """Write an error."""
        return msgspec.json.encode(_error(_ERROR_TYPES.get(status, "api_error"), message))

    def failure(self, asked: Asked, code: str, message: str) -> bytes:
        """Write an error as an event, or as the whole body."""
        error = _error(code, message)
        return server_sent(error, "error") if asked.streaming else msgspec.json.encode(error)


def _events(reply: AIMessage) -> Iterator[dict[str, Any]]:
    begun = {**_usage(reply.usage), "output_tokens": 1}
    yield {
        "type": "message_start",
        "message": {**_envelope(reply), "content": [], "stop_reason": None, "usage": begun},
    }
    yield {"type": "ping"}
    for index, (block, deltas) in enumerate([*_blocks(reply), *_cut(reply)]):
        opened = {**block, **_EMPTY[block["type"]]}
        yield {"type": "content_block_start", "index": index, "content_block": opened}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    ended = {"stop_reason": _reason(reply), "stop_sequence": None}
    yield {"type": "message_delta", "delta": ended, "usage": _usage(reply.usage)}
    yield {"type": "message_stop"}


_EMPTY: Final[Mapping[str, Mapping[str, object]]] = {
    "text": {"text": ""},
    "thinking": {"thinking": "", "signature": ""},
    "tool_use": {"input": {}},
}
"""What of a block comes in its deltas."""


def _blocks(reply: AIMessage) -> Iterator[tuple[dict[str, Any], list[dict[str, str]]]]:
    """Each block of a reply, and the deltas in which it is streamed."""
    for part in reply.parts:
        match part:
            case TextPart(text) if text:
                yield _text_block(text)
            case ReasoningPart(text, signature=signature):
                block = {"type": "thinking", "thinking": text, "signature": signature or ""}
                deltas = [{"type": "thinking_delta", "thinking": word} for word in words(text)]
                yield block, [*deltas, {"type": "signature_delta", "signature": signature or ""}]
            case ToolCall():
                yield _call_block(part)
            case _:
                pass
    if refusal := refusal_of(reply):
        yield _text_block(refusal)


def _cut(reply: AIMessage) -> Iterator[tuple[dict[str, Any], list[dict[str, str]]]]:
    for call in reply.cut_calls:
        yield _call_block(call)


def _text_block(text: str) -> tuple[dict[str, Any], list[dict[str, str]]]:
    deltas = [{"type": "text_delta", "text": word} for word in words(text)]
    return {"type": "text", "text": text}, deltas


def _call_block(call: ToolCall) -> tuple[dict[str, Any], list[dict[str, str]]]:
    pieces = json_pieces(call.arguments)
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    block = {"type": "tool_use", "id": call.id, "name": call.name, "input": arguments_of(call)}
    return block, deltas


def _envelope(reply: AIMessage) -> dict[str, Any]:
    return {
        "id": reply.response_id,
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "stop_sequence": None,
    }


def _reason(reply: AIMessage) -> str:
    return reply.raw_finish_reason or _REASONS[reply.finish_reason or "unknown"]


def _usage(usage: Usage) -> dict[str, int]:
    cached, written = usage.cached_tokens or 0, usage.cache_write_tokens or 0
    return {
        "input_tokens": (usage.input_tokens or 0) - cached - written,
        "cache_read_input_tokens": cached,
        "cache_creation_input_tokens": written,
        "output_tokens": usage.output_tokens or 0,
    }


def _error(kind: str, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": None}


def _text(content: str | list[_Block]) -> str:
    if isinstance(content, str):
        return content
    return "".join([block.text or _text(block.content) for block in content])
