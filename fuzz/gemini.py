# Events in any cut give the same chunks and the same end: an answer or a failure, nothing else.
"""Answers of Gemini's, through the reader of events, with errors that are no events."""

from __future__ import annotations

from collections.abc import Sequence

from beluga.dialects.gemini import GeminiDialect
from fuzz.decoders import check_decoder
from fuzz.harness import Harness

DIALECT = GeminiDialect("gemini-3-flash", "https://host/v1beta/models/gemini-3-flash")


def check(whole: bytes, pieces: Sequence[bytes]) -> None:
    check_decoder(DIALECT, "text/event-stream", whole, pieces)
    check_decoder(DIALECT, "application/json", whole, pieces)


def _event(body: str) -> bytes:
    return f"data: {{{body}}}\r\n\r\n".encode()


def _said(parts: str, more: str = "") -> bytes:
    return _event(f'"candidates":[{{"content":{{"parts":[{parts}]}}{more}}}],"responseId":"r"')


def _step(call: str) -> bytes:
    return _said(f'{{"functionCall":{{{call}}}}}')


SUPPORT = '{"segment":{"startIndex":1,"endIndex":5,"text":"x"},"groundingChunkIndices":[0,9]}'
GROUNDS = f'{{"groundingChunks":[{{"web":{{"uri":"u"}}}},7],"groundingSupports":[{SUPPORT}]}}'

HARNESS = Harness(
    [
        _said('{"text":"a🐋"}'),
        _said('{"text":""},{"text":"","thoughtSignature":"c2ln"}'),
        _said('{"text":"b","thoughtSignature":"c2ln"}'),
        _said('{"text":"hm","thought":true},{"thoughtSignature":"c2ln"}'),
        _said('{"text":"hm","thought":true,"thoughtSignature":"c2ln"}'),
        _said('{"inlineData":{"mimeType":"image/png","data":"iVBO"},"thoughtSignature":"c2ln"}'),
        _said('{"inlineData":{"data":"!"}}'),
        _said('{"executableCode":{"code":"1"}},{"odd":[1e999]},{}'),
        _step('"name":"f","args":{"a":1},"id":"c"'),
        _step('"name":"g"'),
        _step('"name":"h","willContinue":true'),
        _step('"partialArgs":[{"jsonPath":"$.a","stringValue":"x","willContinue":true}]'),
        _step('"partialArgs":[{"jsonPath":"$.a","stringValue":""}],"willContinue":true'),
        _step('"partialArgs":[{"jsonPath":"$.b[1].c","numberValue":1.50},{"jsonPath":"$"}]'),
        _step('"partialArgs":[{"jsonPath":"$[\\u0027q\\u0027]","nullValue":null}]'),
        _step(""),
        _said("", ',"finishReason":"STOP"'),
        _said("", ',"finishReason":"MAX_TOKENS"'),
        _said("", ',"finishReason":"SAFETY","finishMessage":"no"'),
        _said('{"text":"other"}', ',"index":1'),
        _said("", f',"groundingMetadata":{GROUNDS}'),
        _said("", ',"citationMetadata":{"citations":[{"endIndex":3,"uri":"u"},4]}'),
        _event('"promptFeedback":{"blockReason":"OTHER"}'),
        _event('"usageMetadata":{"promptTokenCount":2,"totalTokenCount":9}'),
        _event('"error":{"code":503,"status":"UNAVAILABLE","message":"busy"}'),
        b'{"error":{"code":503,"status":"UNAVAILABLE"}}',
        b'[{\r\n  "error": {"message":"busy"}\r\n}]',
        b'{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}]}',
        *[b"data: ", b"\r\n", b"\r\n\r\n", b"[", b"]", b"{", b"}", b'"', b",", b"null", b"\xff"],
        *[b"\\ud800", b"[" * 3000],
    ],
    check,
)
