# Bytes in any cut give the lines that splitting them at once gives, without empty ones.
"""Lines of JSON."""

from __future__ import annotations

from collections.abc import Sequence

from beluga.transport.ndjson import LineReader
from fuzz.harness import Harness


def check(whole: bytes, pieces: Sequence[bytes]) -> None:
    expected = [line.strip() for line in whole.split(b"\n") if line.strip()]
    assert read([whole]) == expected
    assert read(pieces) == expected


def read(pieces: Sequence[bytes]) -> list[bytes]:
    reader = LineReader()
    lines = [line for piece in pieces for line in reader.feed(piece)]
    return lines + reader.close()


HARNESS = Harness(
    [b'{"a":1}', b"\n", b"\r\n", b"\r", b" ", b"\t", b"\n\n", b"\x0b", b"\x00"], check
)
