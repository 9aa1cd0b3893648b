"""Events and bodies as Anthropic sends them, and what becomes of them."""

from __future__ import annotations

import json
from typing import Any

from beluga.dialects.anthropic import AnthropicDialect
from beluga.outcomes import Ok
from beluga.schema import (
    AIMessage,
    Emission,
    Failure,
    Finish,
    GenerateOptions,
    HumanMessage,
    Request,
    fold,
)
from beluga.transport.dialect import Decoder
from beluga.transport.http import ResponseHead

DIALECT = AnthropicDialect("anthropic", "claude-sonnet-4-5", "https://example.com/v1/messages")
EVENTS = {"content-type": "text/event-stream"}

Decoded = tuple[list[Emission], Finish | Failure]


def decoder(*, streaming: bool = True, **headers: str) -> Decoder:
    request = Request((HumanMessage("?"),), GenerateOptions(), streaming)
    return DIALECT.decoder(request, ResponseHead(200, headers))


def decode(body: str | bytes, *, streaming: bool = True, size: int | None = None) -> Decoded:
    """Decode *body*, in pieces of *size* bytes or at once."""
    data = body.encode() if isinstance(body, str) else body
    decoding = decoder(streaming=streaming)
    chunks: list[Emission] = []
    for start in range(0, len(data), size or len(data) or 1):
        chunks += decoding.feed(data[start : start + (size or len(data))])
    ending = decoding.close()
    outcome = ending.outcome
    return [*chunks, *ending.chunks], outcome.value if isinstance(outcome, Ok) else outcome


def event(kind: str, **more: Any) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n"


def begin(index: int, kind: str, **more: Any) -> str:
    return event("content_block_start", index=index, content_block={"type": kind, **more})


def delta(index: int, kind: str, **more: Any) -> str:
    return event("content_block_delta", index=index, delta={"type": kind, **more})


def close(index: int) -> str:
    return event("content_block_stop", index=index)


def ending(reason: str, **more: Any) -> str:
    usage = {"output_tokens": 7}
    told = event("message_delta", delta={"stop_reason": reason, **more}, usage=usage)
    return told + event("message_stop")


START = event("message_start", message={"id": "msg_1", "model": "m", "usage": {"input_tokens": 3}})
WHITE = begin(0, "text", text="") + delta(0, "text_delta", text="white") + close(0)


def answer(decoded: Decoded) -> AIMessage:
    chunks, end = decoded
    assert isinstance(end, Finish)
    return fold([*chunks, end])


def failure(decoded: Decoded) -> Failure:
    assert isinstance(decoded[1], Failure)
    return decoded[1]


def whole(*content: Any, stop_reason: str = "end_turn", **more: Any) -> str:
    body = {"id": "msg_1", "type": "message", "content": content, "stop_reason": stop_reason}
    return json.dumps({**body, **more})
