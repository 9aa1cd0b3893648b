# Events in any cut give the same chunks and the same end: an answer or a failure, nothing else.
"""Answers of Bedrock's Converse, through the reader of AWS event streams."""

from __future__ import annotations

from collections.abc import Sequence

from beluga.dialects.converse import ConverseDialect
from beluga.transport.eventstream import EventStreamMessage
from fuzz.decoders import check_decoder
from fuzz.eventstream import frame
from fuzz.harness import Harness

DIALECT = ConverseDialect("bedrock", "amazon.nova-pro-v1:0", "https://host")


def check(whole: bytes, pieces: Sequence[bytes]) -> None:
    check_decoder(DIALECT, "application/vnd.amazon.eventstream", whole, pieces)
    check_decoder(DIALECT, "application/json", whole, pieces)


def event(kind: str, payload: bytes, message_type: str = "event") -> bytes:
    headers = {":message-type": message_type, f":{message_type}-type": kind}
    return frame(EventStreamMessage(headers, payload))


def delta(piece: str, index: int = 0) -> bytes:
    payload = f'{{"contentBlockIndex":{index},"delta":{{{piece}}}}}'
    return event("contentBlockDelta", payload.encode())


def start(head: str, index: int = 0) -> bytes:
    payload = f'{{"contentBlockIndex":{index},"start":{{{head}}}}}'
    return event("contentBlockStart", payload.encode())


HARNESS = Harness(
    [
        start('"toolUse":{"toolUseId":"a","name":"f"}'),
        start('"toolUse":{"name":"f"}', 1),
        start('"toolUse":{"toolUseId":"s","name":"n","type":"server_tool_use"}', 2),
        start('"toolResult":{"toolUseId":"s"}', 3),
        start('"image":{"format":"png"}', 4),
        delta('"text":"🐋"'),
        delta('"text":"b"', 1),
        delta('"text":"\\ud800"'),
        delta('"reasoningContent":{"text":"hm"}', 1),
        delta('"reasoningContent":{"signature":"cw=="}', 1),
        delta('"reasoningContent":{"redactedContent":"cw=="}', 1),
        delta('"reasoningContent":{"redactedContent":"!"}'),
        delta('"toolUse":{"input":"{}"}'),
        delta('"toolUse":{"input":"{"}', 2),
        delta('"toolResult":[{"text":"c"},{"json":{}}]', 3),
        delta('"toolResult":[null]'),
        delta('"citation":{"title":"d","location":{"web":{}}}'),
        delta('"image":{"source":{"bytes":"cw=="}}', 4),
        event("contentBlockStop", b'{"contentBlockIndex":0}'),
        event("contentBlockStop", b'{"contentBlockIndex":1}'),
        event("contentBlockStop", b'{"contentBlockIndex":2}'),
        event("messageStop", b'{"stopReason":"end_turn"}'),
        event("messageStop", b'{"stopReason":"max_tokens"}'),
        event("messageStop", b'{"stopReason":"content_filtered"}'),
        event("metadata", b'{"usage":{"inputTokens":1,"outputTokens":2}}'),
        event("metadata", b'{"usage":{"inputTokens":1e999},"trace":[]}'),
        event("throttlingException", b'{"message":"no"}', "exception"),
        event("modelStreamErrorException", b"[" * 3000, "exception"),
        b'{"output":{"message":{"content":[{"toolUse":{"input":[1]}}]}},"stopReason":"tool_use"}',
        b'{"output":{"message":{"content":[null]}},"stopReason":""}',
        *[b"{", b"}", b"null", b"\xff", b"\x00\x00\x00\x10"],
    ],
    check,
)
