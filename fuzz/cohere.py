# Events in any cut give the same chunks and the same end: an answer or a failure, nothing else.
"""Answers of Cohere's, through the reader of events."""

from __future__ import annotations

from collections.abc import Sequence

from beluga.dialects.cohere import CohereDialect
from fuzz.decoders import check_decoder
from fuzz.harness import Harness

DIALECT = CohereDialect("cohere", "m", "https://api.cohere.com/v2/chat")


def check(whole: bytes, pieces: Sequence[bytes]) -> None:
    check_decoder(DIALECT, "text/event-stream", whole, pieces)
    check_decoder(DIALECT, "application/json", whole, pieces)


def _piece(kind: str, message: str, index: int = 0) -> bytes:
    data = f'{{"type":"{kind}","index":{index},"delta":{{"message":{{{message}}}}}}}'
    return f"event: {kind}\ndata: {data}\n\n".encode()


def _end(delta: str) -> bytes:
    return f'data: {{"type":"message-end","delta":{{{delta}}}}}\n\n'.encode()


HARNESS = Harness(
    [
        _piece("message-start", '"content":[],"tool_plan":"","tool_calls":[]'),
        _piece("content-start", '"content":{"type":"text","text":""}'),
        _piece("content-delta", '"content":{"text":"🐋"}'),
        _piece("content-delta", '"content":{"thinking":"hm"}', 1),
        _piece("tool-plan-delta", '"tool_plan":"first"'),
        _piece("tool-call-start", '"tool_calls":{"id":"c","function":{"name":"f"}}'),
        _piece("tool-call-start", '"tool_calls":{"id":"d","function":{"name":"g"}}', 1),
        _piece("tool-call-delta", '"tool_calls":{"function":{"arguments":"{}"}}'),
        _piece("citation-start", '"citations":{"start":0,"sources":[{"document":{"url":1}}]}'),
        _piece("citation-start", '"citations":{"start":"x","type":"PLAN","sources":null}'),
        _end('"finish_reason":"COMPLETE","usage":{"tokens":{"input_tokens":1.0}}'),
        _end('"finish_reason":"MAX_TOKENS"'),
        _end('"finish_reason":"ERROR","error":"no"'),
        b'data: {"delta":{"usage":{"tokens":{"input_tokens":1e999}}}}\n\n',
        b'data: {"message":"internal error"}\n\n',
        b"event: error\ndata: {}\n\n",
        b"data: [DONE]\n\n",
        b'{"id":"i","message":{"content":[{"type":"text","text":"a"}]}}',
        b'{"message":"no"}',
        *[b"data: ", b"event: ", b"\n", b"\n\n", b"{", b"}", b'"', b"null", b"\\ud800", b"\xff"],
        b"[" * 3000,
    ],
    check,
)
