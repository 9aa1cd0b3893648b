# Events in any cut give the same chunks and the same end: an answer or a failure, nothing else.
"""Answers on the chat-completions wire, streamed and whole."""

from __future__ import annotations

from collections.abc import Sequence

from beluga.dialects.chat import ChatDialect, Quirks
from fuzz.decoders import check_decoder
from fuzz.harness import Harness

DIALECT = ChatDialect("openrouter", "m", "https://x/v1/chat/completions", Quirks(details=True))


def check(whole: bytes, pieces: Sequence[bytes]) -> None:
    check_decoder(DIALECT, "text/event-stream", whole, pieces)
    check_decoder(DIALECT, "application/json", whole, pieces)


def _event(choice: str, more: str = "") -> bytes:
    return f'data: {{"id":"i","choices":[{{{choice}}}]{more}}}\n\n'.encode()


def _delta(delta: str) -> bytes:
    return _event(f'"index":0,"delta":{{{delta}}}')


def _call(call: str) -> bytes:
    return _delta(f'"tool_calls":[{{{call}}}]')


HARNESS = Harness(
    [
        _delta('"content":"a"'),
        _delta('"content":[{"type":"thinking","thinking":[{"text":"h"}]},{"text":"b"}]'),
        _delta('"reasoning_content":"h"'),
        _delta(
            '"reasoning":"h","reasoning_details":[{"type":"reasoning.text","text":"h","index":0}]'
        ),
        _delta('"refusal":"no"'),
        _delta('"annotations":[{"type":"url_citation","url_citation":{"url":"u"}}]'),
        _delta(
            '"audio":{"id":"x","data":"!","transcript":"t"},"images":[{"image_url":{"url":"u"}}]'
        ),
        _delta('"function_call":{"name":"f","arguments":"{}"}'),
        _call('"index":0,"id":"c","function":{"name":"f","arguments":""}'),
        _call('"index":0,"function":{"arguments":"{\\"a\\":"}'),
        _call('"index":0,"id":"","function":{"name":"","arguments":"1}"}'),
        _call('"index":1,"id":"c","function":{"name":"g","arguments":"{}"}'),
        _call('"id":"null","function":{"name":"h","arguments":{"a":1}}'),
        _call('"id":"d","custom":{"name":"s","input":"x"}'),
        _event('"index":1,"delta":{"content":"other"}'),
        _event('"index":0,"delta":{},"finish_reason":"stop"'),
        _event('"index":0,"delta":{},"finish_reason":"length"'),
        _event('"index":0,"delta":{},"finish_reason":"content_filter"'),
        _event('"index":0,"logprobs":{"content":[{"token":"a"}]}'),
        b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":9}}\n\n',
        b'data: {"error":{"message":"no","code":429}}\n\n',
        b'event: error\ndata: {"message":"no"}\n\n',
        b'{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}',
        *[b": comment\n\n", b"data: [DONE]\n\n", b"data: ", b"\n\n", b"\r\n", b"\r", b"\\ud800"],
        *[b"[" * 3000, b"null", b'"', b"{", b"}"],
    ],
    check,
)
