"""The chat-completions dialect of OpenAI, which most others speak too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from beluga.providers.mock import words
from beluga.schema import AIMessage, FinishReason, ToolCall, Usage
from beluga.testing.speakers.protocol import Asked
from beluga.testing.speakers.writing import json_pieces, refusal_of, server_sent

__all__ = ["ChatSpeaker", "openai_error"]

_REASONS: Final[Mapping[FinishReason, str]] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
    "pause": "stop",
    "error": "error",
    "unknown": "stop",
}

_ERROR_TYPES: Final[Mapping[int, tuple[str, str | None]]] = {
    400: ("invalid_request_error", None),
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("invalid_request_error", "permission_denied"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("requests", "rate_limit_exceeded"),
}


class _Function(msgspec.Struct):
    name: str = ""


class _Tool(msgspec.Struct):
    function: _Function = msgspec.field(default_factory=_Function)


class _Text(msgspec.Struct):
    text: str = ""


class _Message(msgspec.Struct):
    role: str
    content: str | list[_Text] | None = None


class _StreamOptions(msgspec.Struct):
    include_usage: bool = False


class _Body(msgspec.Struct):
    model: str
    messages: list[_Message]
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    tools: list[_Tool] | None = None


_decode = msgspec.json.Decoder(_Body).decode
_encode = msgspec.json.encode


class ChatSpeaker:
    """Speak chat completions: events that `[DONE]` ends, reasoning as DeepSeek sends it."""

    @property
    def stream_type(self) -> str:
        """Server-sent events."""
        return "text/event-stream; charset=utf-8"

    def understands(self, method: str, path: str) -> bool:
        """Take what is posted to any path that ends in `/chat/completions`."""
        return method == "POST" and path.endswith("/chat/completions")

    def read(self, path: str, body: bytes) -> Asked:  # noqa: ARG002 - the body says it all
        """Read a request."""
        request = _decode(body)
        if not request.messages:
            raise ValueError("[] is too short - 'messages'")
        last = request.messages[-1]
        return Asked(
            model=request.model,
            streaming=bool(request.stream),
            text=_text(last),
            answers_tool=last.role == "tool",
            tools=tuple([tool.function.name for tool in request.tools or ()]),
            wants_usage=request.stream_options is not None and request.stream_options.include_usage,
        )

    def whole(self, asked: Asked, reply: AIMessage) -> bytes:  # noqa: ARG002 - the reply says it all
        """Write a completion."""
        calls = [*reply.tool_calls, *reply.cut_calls]
        message: dict[str, object] = {"role": "assistant", "content": reply.text or None}
        if reply.reasoning:
            message["reasoning_content"] = reply.reasoning
        if refusal := refusal_of(reply):
            message["refusal"] = refusal
        if calls:
            message["tool_calls"] = [_call(call, call.arguments) for call in calls]
        choice = {"index": 0, "message": message, "finish_reason": _reason(reply)}
        return _encode(
            {
                **_envelope(reply, "chat.completion"),
                "choices": [choice],
                "usage": _usage(reply.usage),
            }
        )

    def events(self, asked: Asked, reply: AIMessage) -> Sequence[bytes]:
        """Write chunks, one an event."""
        envelope = _envelope(reply, "chat.completion.chunk")
        events = [
            server_sent({**envelope, "choices": [{"index": 0, "delta": d, "finish_reason": None}]})
            for d in _deltas(reply)
        ]
        end = {"index": 0, "delta": {}, "finish_reason": _reason(reply)}
        events.append(server_sent({**envelope, "choices": [end]}))
        if asked.wants_usage:
            events.append(server_sent({**envelope, "choices": [], "usage": _usage(reply.usage)}))
        return [*events, b"data: [DONE]\n\n"]

    def refusal(self, status: int, message: str) -> bytes:
        """Write an error."""
        return _encode(openai_error(status, message))

    def failure(self, asked: Asked, code: str, message: str) -> bytes:
        """Write an error as an event, or as the whole body."""
        error = {"error": {"message": message, "type": code, "param": None, "code": code}}
        return server_sent(error) if asked.streaming else _encode(error)


def openai_error(status: int, message: str) -> dict[str, object]:
    """Return the body of an error status, in OpenAI's form."""
    kind, code = _ERROR_TYPES.get(status, ("server_error", None))
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def _envelope(reply: AIMessage, kind: str) -> dict[str, object]:
    return {"id": reply.response_id, "object": kind, "created": 1735689600, "model": reply.model}


def _reason(reply: AIMessage) -> str:
    return reply.raw_finish_reason or _REASONS[reply.finish_reason or "unknown"]


def _deltas(reply: AIMessage) -> Iterator[dict[str, object]]:
    yield {"role": "assistant", "content": ""}
    for word in words(reply.reasoning):
        yield {"reasoning_content": word}
    for word in words(reply.text):
        yield {"content": word}
    for word in words(refusal_of(reply)):
        yield {"refusal": word}
    for index, call in enumerate([*reply.tool_calls, *reply.cut_calls]):
        yield {"tool_calls": [{"index": index, **_call(call, "")}]}
        for piece in json_pieces(call.arguments):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def _call(call: ToolCall, arguments: str) -> dict[str, object]:
    function = {"name": call.name, "arguments": arguments}
    return {"id": call.id, "type": "function", "function": function}


def _usage(usage: Usage) -> dict[str, object]:
    counts: dict[str, object] = {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
    }
    if usage.cached_tokens is not None:
        counts["prompt_tokens_details"] = {"cached_tokens": usage.cached_tokens}
    if usage.reasoning_tokens is not None:
        counts["completion_tokens_details"] = {"reasoning_tokens": usage.reasoning_tokens}
    return counts


def _text(message: _Message) -> str:
    if isinstance(message.content, str):
        return message.content
    return "".join([part.text for part in message.content or ()])
