# Bytes in any cut give the events that a plain reading of the standard gives for them at once.
"""Server-sent events."""

from __future__ import annotations

import re
from collections.abc import Sequence

from beluga.transport.sse import SseEvent, SseReader
from fuzz.harness import Harness


def check(whole: bytes, pieces: Sequence[bytes]) -> None:
    expected = plainly_read(whole)
    assert read([whole]) == expected
    assert read(pieces) == expected


def read(pieces: Sequence[bytes]) -> list[SseEvent]:
    reader = SseReader()
    events = [event for piece in pieces for event in reader.feed(piece)]
    return events + reader.close()


def plainly_read(whole: bytes) -> list[SseEvent]:
    """Read as the WHATWG HTML standard has it, and give out an event that nothing has ended."""
    events: list[SseEvent] = []
    data: list[bytes] = []
    name = b""
    for line in [*re.split(b"\r\n|\r|\n", whole.removeprefix(b"\xef\xbb\xbf")), b""]:
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value
        elif not line:
            if data:
                events.append(SseEvent(b"\n".join(data), name))
            data, name = [], b""
    return events


HARNESS = Harness(
    [
        b"data:", b"data", b"data: [DONE]", b"event:", b"event", b"id: 1", b"retry:", b":", b" ",
        b"\n", b"\r", b"\r\n", b"\n\n", b"\r\n\r\n", b"\xef\xbb\xbf", b'{"a":1}', b"\xe2\x80\xa8",
    ],
    check,
)  # fmt: skip
