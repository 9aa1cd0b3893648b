"""Answers of a chat-completions server, as bytes."""

from __future__ import annotations

import json

from tests.transport.loopback import Step, head

__all__ = [
    "DONE",
    "END",
    "GOOD_STREAM",
    "GOOD_WHOLE",
    "SSE",
    "STREAM",
    "TEXT",
    "WHOLE",
    "chunk",
    "delta",
    "failure",
    "packed",
    "refusal",
    "whole",
]

TEXT = "Hi you."


def _event(body: object) -> bytes:
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def delta(text: str, reason: str | None = None) -> bytes:
    """An event with a piece of text."""
    return _event({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": reason}]})


def failure(message: str, code: str = "server_error") -> bytes:
    """An event that reports a failure inside a good response."""
    return _event({"error": {"message": message, "code": code}})


def chunk(data: bytes) -> bytes:
    """One chunk of HTTP's chunked coding."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def packed(body: bytes, status: int = 200, /, **headers: object) -> bytes:
    """A response whose length is told."""
    return head(status, content_length=len(body), **headers) + body


def whole(body: bytes) -> bytes:
    """A good response with *body* as JSON."""
    return packed(body, content_type="application/json")


def refusal(status: int, message: str = "no", /, **headers: object) -> bytes:
    """A response with an error status."""
    return packed(json.dumps({"error": {"message": message}}).encode(), status, **headers)


USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
DONE = b"data: [DONE]\n\n"
STREAM = (
    delta("Hi ") + delta("you.") + _event({"choices": [{"delta": {}, "finish_reason": "stop"}]})
) + (_event({"choices": [], "usage": USAGE}) + DONE)
WHOLE = json.dumps(
    {"choices": [{"message": {"content": TEXT}, "finish_reason": "stop"}], "usage": USAGE}
).encode()

SSE = head(content_type="text/event-stream", transfer_encoding="chunked")
END = b"0\r\n\r\n"
GOOD_STREAM: tuple[Step, ...] = (SSE, chunk(STREAM), END)
GOOD_WHOLE: tuple[Step, ...] = (whole(WHOLE),)
