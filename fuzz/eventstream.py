# Bytes in any cut give the same messages and verdict; what comes before damage is not lost.
"""AWS event streams."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from zlib import crc32

from beluga.transport.eventstream import EventStreamMessage, EventStreamReader
from fuzz.harness import Harness


def check(whole: bytes, pieces: Sequence[bytes]) -> None:
    messages, damaged, within = read([whole])
    assert read(pieces) == (messages, damaged, within)
    rest = whole
    for message in messages:  # in order, from the beginning, and each in full
        frame = next(f for f, m in zip(FRAMES, MESSAGES, strict=True) if m == message)
        assert rest.startswith(frame)
        rest = rest.removeprefix(frame)
    assert not rest.startswith(tuple(FRAMES))
    assert damaged or within == bool(rest)


def read(pieces: Sequence[bytes]) -> tuple[list[EventStreamMessage], bool, bool]:
    reader = EventStreamReader()
    messages = [message for piece in pieces for message in reader.feed(piece)]
    return messages, reader.failure is not None, reader.is_within_message


def frame(message: EventStreamMessage) -> bytes:
    """Write a message as the specification has it."""
    headers = b"".join(
        bytes([len(name.encode())])
        + name.encode()
        + b"\x07"
        + struct.pack(">H", len(value))
        + value.encode()
        for name, value in message.headers.items()
    )
    lengths = struct.pack(">II", len(headers) + len(message.payload) + 16, len(headers))
    body = lengths + struct.pack(">I", crc32(lengths)) + headers + message.payload
    return body + struct.pack(">I", crc32(body))


MESSAGES = [
    EventStreamMessage({}, b""),
    EventStreamMessage({":event-type": "messageStop"}, b'{"stopReason":"end_turn"}'),
    EventStreamMessage({":message-type": "exception", "é": ""}, b"\x00"),
]
FRAMES = [frame(message) for message in MESSAGES]

HARNESS = Harness([*FRAMES, *FRAMES, FRAMES[1][:12], FRAMES[1][12:], b"\x00\x00\x00\x10"], check)
