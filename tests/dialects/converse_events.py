"""What tests of answers share: streams as Converse sends them, and what becomes of them."""

from __future__ import annotations

import json
import struct
from typing import Any
from zlib import crc32

from beluga.dialects.converse import ConverseDialect
from beluga.outcomes import Ok
from beluga.schema import (
    AIMessage,
    Emission,
    Failure,
    Finish,
    HumanMessage,
    Request,
    fold,
)
from beluga.transport.dialect import (
    Decoder,
    Ending,
)
from beluga.transport.http import ResponseHead

DIALECT = ConverseDialect("bedrock", "anthropic.claude-sonnet-4-6", "https://host")
EVENTS = {"content-type": "application/vnd.amazon.eventstream", "x-amzn-requestid": "r1"}
JSON = {"content-type": "application/json", "x-amzn-requestid": "r1"}


def frame(payload: bytes, **headers: str) -> bytes:
    named = b""
    for name, value in headers.items():
        key = f":{name.replace('_', '-')}".encode()
        named += bytes([len(key)]) + key + b"\x07" + struct.pack(">H", len(value)) + value.encode()
    lengths = struct.pack(">II", 16 + len(named) + len(payload), len(named))
    body = lengths + struct.pack(">I", crc32(lengths)) + named + payload
    return body + struct.pack(">I", crc32(body))


def event(kind: str, **payload: Any) -> bytes:
    return frame(json.dumps(payload).encode(), message_type="event", event_type=kind)


def delta(index: int, **piece: Any) -> bytes:
    return event("contentBlockDelta", contentBlockIndex=index, delta=piece, p="abc")


def start(index: int, **head: Any) -> bytes:
    return event("contentBlockStart", contentBlockIndex=index, start=head)


def stop(index: int) -> bytes:
    return event("contentBlockStop", contentBlockIndex=index)


def end(reason: str = "end_turn", **more: Any) -> bytes:
    return event("messageStop", stopReason=reason, **more)


def exception(kind: str, **payload: Any) -> bytes:
    return frame(json.dumps(payload).encode(), message_type="exception", exception_type=kind)


def call(index: int, *pieces: str, **head: Any) -> bytes:
    use = {"toolUseId": f"t{index}", "name": "f", **head}
    inputs = [delta(index, toolUse={"input": piece}) for piece in pieces]
    return start(index, toolUse=use) + b"".join(inputs) + stop(index)


METADATA = event("metadata", usage={"inputTokens": 3, "outputTokens": 2, "totalTokens": 5})


def decoder(*, streaming: bool = True) -> Decoder:
    request = Request((HumanMessage("Hi."),), streaming=streaming)
    return DIALECT.decoder(request, ResponseHead(200, EVENTS if streaming else JSON))


def fed(data: bytes, size: int, *, streaming: bool) -> tuple[list[Emission], Ending]:
    decoding = decoder(streaming=streaming)
    pieces = [data[i : i + size] for i in range(0, len(data), size)]
    chunks = [chunk for piece in pieces for chunk in decoding.feed(piece)]
    ending = decoding.close()
    return [*chunks, *ending.chunks], ending


def streamed(*events: bytes) -> tuple[list[Emission], Ending]:
    """Decode a stream, in several cuts which must not differ."""
    data = b"".join(events)
    whole = fed(data, len(data) or 1, streaming=True)
    for size in (1, 5, 64):
        assert fed(data, size, streaming=True) == whole
    return whole


def whole(*blocks: Any, reason: str = "end_turn", **more: Any) -> tuple[list[Emission], Ending]:
    message = {"role": "assistant", "content": list(blocks)}
    given = {"output": {"message": message}, "stopReason": reason, **more}
    return fed(json.dumps(given).encode(), 7, streaming=False)


def finish(ending: Ending) -> Finish:
    assert isinstance(ending.outcome, Ok)
    return ending.outcome.value


def failure(ending: Ending) -> Failure:
    assert isinstance(ending.outcome, Failure)
    return ending.outcome


def message(chunks: list[Emission], ending: Ending) -> AIMessage:
    return fold([*chunks, finish(ending)])
