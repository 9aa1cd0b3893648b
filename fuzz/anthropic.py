# Events in any cut give the same chunks and the same end: an answer or a failure, nothing else.
"""Answers on Anthropic's Messages wire, streamed and whole."""

from __future__ import annotations

from collections.abc import Sequence

from beluga.dialects.anthropic import AnthropicDialect
from fuzz.decoders import check_decoder
from fuzz.harness import Harness

DIALECT = AnthropicDialect(
    "anthropic", "claude-sonnet-4-5", "https://api.anthropic.com/v1/messages"
)


def check(whole: bytes, pieces: Sequence[bytes]) -> None:
    check_decoder(DIALECT, "text/event-stream", whole, pieces)
    check_decoder(DIALECT, "application/json", whole, pieces)


def _event(kind: str, more: str) -> bytes:
    return f'event: {kind}\ndata: {{"type":"{kind}"{more}}}\n\n'.encode()


def _start(block: str, index: int = 0) -> bytes:
    return _event("content_block_start", f',"index":{index},"content_block":{{{block}}}')


def _delta(delta: str, index: int = 0) -> bytes:
    return _event("content_block_delta", f',"index":{index},"delta":{{{delta}}}')


def _stop(index: int = 0) -> bytes:
    return _event("content_block_stop", f',"index":{index}')


def _end(delta: str) -> bytes:
    return _event("message_delta", f',"delta":{{{delta}}},"usage":{{"output_tokens":7}}')


CALL = '"type":"tool_use","id":"c","name":"f","input":{"a":1}'
SEARCH = '"type":"server_tool_use","id":"s","name":"web_search","input":{}'

HARNESS = Harness(
    [
        _event("message_start", ',"message":{"id":"m","usage":{"input_tokens":3}}'),
        _event("message_start", f',"message":{{"id":"n","content":[{{{CALL}}}]}}'),
        _start('"type":"text","text":"a"'),
        _start('"type":"thinking","thinking":""', 1),
        _start('"type":"redacted_thinking","data":"ZA=="', 1),
        _start(CALL, 2),
        _start('"type":"tool_use"'),
        _start(SEARCH, 3),
        _start('"type":"web_search_tool_result","content":[{"text":"🐋"}]'),
        _start('"type":"compaction","content":null'),
        _delta('"type":"text_delta","text":"🐋"'),
        _delta('"type":"thinking_delta","thinking":"hm"', 1),
        _delta('"type":"signature_delta","signature":"c2ln"', 1),
        _delta('"type":"input_json_delta","partial_json":"{}"', 2),
        _delta('"type":"input_json_delta","partial_json":"{\\"q"', 3),
        _delta('"type":"citations_delta","citation":{"url":"u","cited_text":"t"}'),
        _delta('"type":"compaction_delta","content":"so far"'),
        *[_stop(index) for index in range(4)],
        *[_end(f'"stop_reason":"{word}"') for word in ("end_turn", "max_tokens", "refusal")],
        _event("message_stop", ""),
        _event("ping", ""),
        _event("error", ',"error":{"type":"overloaded_error","message":"Overloaded"}'),
        _event("new", ',"index":null'),
        b'{"type":"message","id":"m","content":[',
        b'{"type":"text","text":"a"}',
        f"{{{CALL}}}".encode(),
        b'],"stop_reason":"tool_use"}',
        b'{"type":"error","error":{"type":"api_error"}}',
        *[
            b"data: ",
            b"event: ",
            b"\n",
            b"\n\n",
            b"{",
            b"}",
            b'"',
            b",",
            b"null",
            b"\\ud800",
            b"\xff",
        ],
        b"[" * 3000,
    ],
    check,
)
