"""The v2 chat dialect of Cohere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from beluga.providers.mock import words
from beluga.schema import (
    AIMessage,
    FinishReason,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCall,
    Usage,
)
from beluga.testing.speakers.protocol import Asked
from beluga.testing.speakers.writing import json_pieces, server_sent

__all__ = ["CohereSpeaker"]

_REASONS: Final[Mapping[FinishReason, str]] = {
    "stop": "COMPLETE",
    "length": "MAX_TOKENS",
    "tool_calls": "TOOL_CALL",
    "content_filter": "ERROR_TOXIC",
    "pause": "COMPLETE",
    "error": "ERROR",
    "unknown": "COMPLETE",
}


class _Document(msgspec.Struct):
    data: object = None


class _Block(msgspec.Struct):
    type: str = "text"
    text: str = ""
    document: _Document | None = None


class _Message(msgspec.Struct):
    role: str
    content: str | list[_Block] | None = None


class _Function(msgspec.Struct):
    name: str = ""


class _Tool(msgspec.Struct):
    function: _Function


class _Body(msgspec.Struct):
    model: str
    messages: list[_Message]
    stream: bool = False
    tools: list[_Tool] = []


_decode = msgspec.json.Decoder(_Body).decode


class CohereSpeaker:
    """Speak v2 chat: named events, thinking and text as contents of their own, calls in pieces."""

    @property
    def stream_type(self) -> str:
        """Server-sent events."""
        return "text/event-stream"

    def understands(self, method: str, path: str) -> bool:
        """Take what is posted to any path that ends in `/v2/chat`."""
        return method == "POST" and path.endswith("/v2/chat")

    def read(self, path: str, body: bytes) -> Asked:  # noqa: ARG002 - the body says it all
        """Read a request."""
        request = _decode(body)
        if not request.messages:
            raise ValueError("invalid request: messages must not be empty")
        last = request.messages[-1]
        return Asked(
            model=request.model,
            streaming=request.stream,
            text=_text(last),
            answers_tool=last.role == "tool",
            tools=tuple([tool.function.name for tool in request.tools]),
        )

    def whole(self, asked: Asked, reply: AIMessage) -> bytes:  # noqa: ARG002 - the reply says it all
        """Write an answer."""
        message: dict[str, Any] = {"role": "assistant", "content": list(_contents(reply))}
        if reply.tool_calls:
            message["tool_calls"] = [_call(call, call.arguments) for call in reply.tool_calls]
        return msgspec.json.encode(
            {
                "id": reply.response_id,
                "finish_reason": _reason(reply),
                "message": message,
                "usage": _usage(reply.usage),
            }
        )

    def events(self, asked: Asked, reply: AIMessage) -> Sequence[bytes]:  # noqa: ARG002 - likewise
        """Write the events of an answer."""
        events = [server_sent(event, event["type"]) for event in _events(reply)]
        return [*events, b"data: [DONE]\n\n"]

    def refusal(self, status: int, message: str) -> bytes:  # noqa: ARG002 - the status line has it
        """Write an error."""
        return msgspec.json.encode({"message": message})

    def failure(self, asked: Asked, code: str, message: str) -> bytes:
        """Write an end that is an error."""
        ended = {"finish_reason": "ERROR", "error": f"{code}: {message}"}
        if asked.streaming:
            return server_sent({"type": "message-end", "delta": ended}, "message-end")
        return msgspec.json.encode({**ended, "message": {"role": "assistant", "content": []}})


def _events(reply: AIMessage) -> Iterator[dict[str, Any]]:
    yield {"type": "message-start", "id": reply.response_id, "delta": _delta(role="assistant")}
    for index, content in enumerate(_contents(reply)):
        key = content["type"]
        opened = _delta(content={"type": key, key: ""})
        yield {"type": "content-start", "index": index, "delta": opened}
        for word in words(content[key]):
            yield {"type": "content-delta", "index": index, "delta": _delta(content={key: word})}
        yield {"type": "content-end", "index": index}
    for index, call in enumerate([*reply.tool_calls, *reply.cut_calls]):
        opened = _delta(tool_calls=_call(call, ""))
        yield {"type": "tool-call-start", "index": index, "delta": opened}
        for piece in json_pieces(call.arguments):
            more = _delta(tool_calls={"function": {"arguments": piece}})
            yield {"type": "tool-call-delta", "index": index, "delta": more}
        if index < len(reply.tool_calls):
            yield {"type": "tool-call-end", "index": index}
    ended = {"finish_reason": _reason(reply), "usage": _usage(reply.usage)}
    yield {"type": "message-end", "delta": ended}


def _delta(**message: object) -> dict[str, Any]:
    return {"message": message}


def _contents(reply: AIMessage) -> Iterator[dict[str, str]]:
    for part in reply.parts:
        match part:
            case TextPart(text) | RefusalPart(text):
                yield {"type": "text", "text": text}
            case ReasoningPart(text):
                yield {"type": "thinking", "thinking": text}
            case _:
                pass


def _call(call: ToolCall, arguments: str) -> dict[str, Any]:
    function = {"name": call.name, "arguments": arguments}
    return {"id": call.id, "type": "function", "function": function}


def _reason(reply: AIMessage) -> str:
    return reply.raw_finish_reason or _REASONS[reply.finish_reason or "unknown"]


def _usage(usage: Usage) -> dict[str, object]:
    tokens = {"input_tokens": usage.input_tokens or 0, "output_tokens": usage.output_tokens or 0}
    counts: dict[str, object] = {"billed_units": tokens, "tokens": tokens}
    if usage.cached_tokens is not None:
        counts["cached_tokens"] = usage.cached_tokens
    return counts


def _text(message: _Message) -> str:
    if message.content is None or isinstance(message.content, str):
        return message.content or ""
    return "".join([_block_text(block) for block in message.content])


def _block_text(block: _Block) -> str:
    return block.text if block.document is None else str(block.document.data)
