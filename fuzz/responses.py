# Events in any cut give the same chunks and the same end: an answer or a failure, nothing else.
"""Answers on the Responses wire, streamed and whole."""

from __future__ import annotations

from collections.abc import Sequence

from beluga.dialects.responses import Quirks, ResponsesDialect
from fuzz.decoders import check_decoder
from fuzz.harness import Harness

DIALECT = ResponsesDialect("openai", "gpt-5", "https://x/v1/responses", Quirks())


def check(whole: bytes, pieces: Sequence[bytes]) -> None:
    check_decoder(DIALECT, "text/event-stream", whole, pieces)
    check_decoder(DIALECT, "application/json", whole, pieces)


def _event(kind: str, more: str) -> bytes:
    return f'event: {kind}\ndata: {{"type":"{kind}",{more}}}\n\n'.encode()


def _item(when: str, item: str, index: int) -> bytes:
    return _event(f"response.output_item.{when}", f'"output_index":{index},"item":{{{item}}}')


def _delta(kind: str, delta: str, index: int) -> bytes:
    return _event(f"response.{kind}.delta", f'"output_index":{index},"delta":{delta}')


_CALL = '"type":"function_call","call_id":"c","name":"f"'
_TEXT = (
    '"type":"message","id":"m","content":[{"type":"output_text","text":"ab","annotations":[%s]}]'
)
_LINK = '{"type":"url_citation","url":"u","start_index":0}'
_USAGE = '"usage":{"input_tokens":3,"output_tokens":2,"input_tokens_details":{"cached_tokens":1}}'

HARNESS = Harness(
    [
        _event("response.created", '"response":{"id":"r","status":"in_progress"}'),
        _item("added", _CALL, 0),
        _delta("function_call_arguments", '"{}"', 0),
        _item("done", _CALL + ',"arguments":"{}"', 0),
        _item("done", '"type":"custom_tool_call","call_id":"d","name":"s","input":"x"', 1),
        _delta("output_text", '"a"', 2),
        _delta("output_text", "null", 2),
        _item("done", _TEXT % _LINK, 2),
        _item("done", '"type":"message","content":[{"type":"refusal","refusal":"no"}]', 3),
        _delta("reasoning_summary_text", '"h"', 4),
        _item("done", '"type":"reasoning","id":"rs","summary":[{"text":"h"}]', 4),
        _item("done", '"type":"web_search_call","id":"ws"', 5),
        _item("done", '"type":"image_generation_call","result":"!"', 6),
        _item("done", '"type":7', 7),
        _event("response.completed", f'"response":{{"id":"r","status":"completed",{_USAGE}}}'),
        _event(
            "response.incomplete",
            '"response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}',
        ),
        _event("response.failed", '"response":{"status":"failed","error":{"code":"server_error"}}'),
        _event("error", '"code":"rate_limit_exceeded","message":"slow"'),
        b'{"status":"completed","output":[{%s}]}' % (_TEXT % "").encode(),
        b'{"error":{"message":"no"}}',
        *[b"data: [DONE]\n\n", b": ping\n\n", b"data: ", b"\n\n", b"\r\n", b"\\ud800", b"[" * 3000],
        *[b"null", b'"', b"{", b"}"],
    ],
    check,
)
