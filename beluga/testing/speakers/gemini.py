"""The generateContent dialect of Google."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from beluga.providers.mock import words
from beluga.schema import AIMessage, FinishReason, ReasoningPart, TextPart, ToolCall, Usage
from beluga.testing.speakers.protocol import Asked
from beluga.testing.speakers.writing import arguments_of, refusal_of, server_sent

__all__ = ["GeminiSpeaker"]

_PATH: Final = re.compile(
    r"/models/(?P<model>[^/:]+):(?P<verb>generateContent|streamGenerateContent)$"
)

_REASONS: Final[Mapping[FinishReason, str]] = {
    "stop": "STOP",
    "length": "MAX_TOKENS",
    "tool_calls": "STOP",
    "content_filter": "SAFETY",
    "pause": "STOP",
    "error": "OTHER",
    "unknown": "FINISH_REASON_UNSPECIFIED",
}

_STATUSES: Final[Mapping[int, str]] = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


class _FunctionResponse(msgspec.Struct):
    response: dict[str, object] = {}


class _Part(msgspec.Struct, rename="camel"):
    text: str = ""
    function_response: _FunctionResponse | None = None


class _Content(msgspec.Struct):
    parts: list[_Part] = []


class _Function(msgspec.Struct):
    name: str


class _Tool(msgspec.Struct, rename="camel"):
    function_declarations: list[_Function] = []


class _Body(msgspec.Struct):
    contents: list[_Content]
    tools: list[_Tool] = []


_decode = msgspec.json.Decoder(_Body).decode


class GeminiSpeaker:
    """Speak generateContent: every event a response of its own, and nothing after the last."""

    @property
    def stream_type(self) -> str:
        """Server-sent events."""
        return "text/event-stream"

    def understands(self, method: str, path: str) -> bool:
        """Take what is posted to a model's `:generateContent` or `:streamGenerateContent`."""
        return method == "POST" and _PATH.search(path) is not None

    def read(self, path: str, body: bytes) -> Asked:
        """Read a request; the path says which model, and whether to stream."""
        place = _PATH.search(path)
        request = _decode(body)
        if place is None or not request.contents:
            raise ValueError("contents is not specified")
        last = request.contents[-1].parts
        declared = [f.name for tool in request.tools for f in tool.function_declarations]
        return Asked(
            model=place["model"],
            streaming=place["verb"] == "streamGenerateContent",
            text="".join([_text(part) for part in last]),
            answers_tool=any(part.function_response is not None for part in last),
            tools=tuple(declared),
        )

    def whole(self, asked: Asked, reply: AIMessage) -> bytes:  # noqa: ARG002 - the reply says it all
        """Write a response."""
        return msgspec.json.encode(_response(reply, list(_parts(reply)), _reason(reply)))

    def events(self, asked: Asked, reply: AIMessage) -> Sequence[bytes]:  # noqa: ARG002 - likewise
        """Write a response for every piece; the last one has no content."""
        pieces = [piece for part in _parts(reply) for piece in _pieces(part)]
        responses = [_response(reply, [piece], None) for piece in pieces]
        last = _response(reply, [{"text": ""}], _reason(reply))
        return [_event(response) for response in [*responses, last]]

    def refusal(self, status: int, message: str) -> bytes:
        """Write an error."""
        return msgspec.json.encode(_error(status, _STATUSES.get(status, "INTERNAL"), message))

    def failure(self, asked: Asked, code: str, message: str) -> bytes:
        """Write an error as it comes in a stream: as JSON alone, without the form of an event."""
        status = next((s for s, word in _STATUSES.items() if word == code), 500)
        error = msgspec.json.encode(_error(status, code, message))
        return error + b"\r\n\r\n" if asked.streaming else error


def _event(response: Mapping[str, object]) -> bytes:
    return server_sent(response).replace(b"\n", b"\r\n")


def _parts(reply: AIMessage) -> Iterator[dict[str, Any]]:
    for part in reply.parts:
        match part:
            case TextPart(text) if text:
                yield {"text": text}
            case ReasoningPart(text) if text:
                yield {"text": text, "thought": True}
            case ToolCall(id, name):
                called = {"id": id, "name": name, "args": arguments_of(part)}
                yield {"functionCall": called}
            case _:
                pass
    if refusal := refusal_of(reply):
        yield {"text": refusal}


def _pieces(part: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "text" not in part:
        yield part
    for word in words(part.get("text", "")):
        yield {**part, "text": word}


def _response(
    reply: AIMessage, parts: Sequence[dict[str, Any]], reason: str | None
) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
    if reason is not None:
        candidate["finishReason"] = reason
    return {
        "candidates": [candidate],
        "usageMetadata": _usage(reply.usage),
        "modelVersion": reply.model,
        "responseId": reply.response_id,
    }


def _reason(reply: AIMessage) -> str:
    return reply.raw_finish_reason or _REASONS[reply.finish_reason or "unknown"]


def _usage(usage: Usage) -> dict[str, int]:
    """Count tokens as Google does: the answer's without those of its thoughts."""
    thought = usage.reasoning_tokens or 0
    counts = {
        "promptTokenCount": usage.input_tokens or 0,
        "candidatesTokenCount": (usage.output_tokens or 0) - thought,
        "totalTokenCount": usage.total_tokens or 0,
    }
    if usage.reasoning_tokens is not None:
        counts["thoughtsTokenCount"] = thought
    if usage.cached_tokens is not None:
        counts["cachedContentTokenCount"] = usage.cached_tokens
    return counts


def _error(status: int, word: str, message: str) -> dict[str, Any]:
    return {"error": {"code": status, "message": message, "status": word}}


def _text(part: _Part) -> str:
    if part.function_response is None:
        return part.text
    return " ".join([str(value) for value in part.function_response.response.values()])
