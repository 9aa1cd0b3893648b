# Lines in any cut give the same chunks and the same end: an answer or a failure, nothing else.
"""Answers of Ollama's, through the reader of lines."""

from __future__ import annotations

from collections.abc import Sequence

from beluga.dialects.ollama import Loading, OllamaDialect
from fuzz.decoders import check_decoder
from fuzz.harness import Harness

DIALECT = OllamaDialect("ollama", "m", "http://127.0.0.1:11434/api/chat", Loading())


def check(whole: bytes, pieces: Sequence[bytes]) -> None:
    check_decoder(DIALECT, "application/x-ndjson", whole, pieces)
    check_decoder(DIALECT, "application/json", whole, pieces)


CALLS = [
    b'{"function":{"name":"f","arguments":{"a":[1e9]}}}',
    b'{"id":"c","function":{"name":"f","arguments":"{}"}}',
    b'{"id":"c","function":{"name":"f","arguments":null}},{"id":"c"}',
]

HARNESS = Harness(
    [
        *[b'{"created_at":"x","message":{"tool_calls":[' + call + b"]}}" for call in CALLS],
        b'{"message":{"content":"a"}}',
        b'{"message":{"content":"\\ud800"}}',
        b'{"message":{"thinking":"\xf0\x9f\x90\x8b"}}',
        b'{"logprobs":[{"token":"a"}]}',
        b'{"done":true,"done_reason":"stop","eval_count":3,"prompt_eval_count":2}',
        b'{"done":true,"done_reason":"length","message":{"images":["iVBORw0KGgo=","!"]}}',
        b'{"done":true}',
        b'{"error":"model runner has stopped"}',
        b'{"error":{"message":"no"}}',
        b'{"error":',
        b'"done":true',
        *[b"\n", b"\r\n", b"\n\n", b" ", b"[", b"]", b"{", b"}", b'"', b",", b"null"],
        *[b"\\ud800", b"[" * 3000],
    ],
    check,
)
