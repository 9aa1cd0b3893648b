"""AWS event streams: framed messages with checksums, from bytes in any cut.

Source: the event stream specification of AWS's Smithy (`application/vnd.amazon.eventstream`). A
message is: total length, length of the headers, CRC-32 of these two; the headers; the payload;
CRC-32 of everything before. Numbers are big-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Final
from zlib import crc32

import msgspec

from beluga.schema import Failure
from beluga.transport.failures import garbage
from beluga.transport.sse import DEFAULT_EVENT_CAP

__all__ = ["EventStreamMessage", "EventStreamReader"]

_PRELUDE: Final = struct.Struct(">III")
_LENGTH: Final = struct.Struct(">H")
_CHECKSUM: Final = struct.Struct(">I")
OVERHEAD: Final = _PRELUDE.size + _CHECKSUM.size
"""Bytes of a message that has neither headers nor a payload."""

_STRING: Final = 7
# How many bytes a value of each other type has; `None`: a length of two bytes precedes it.
_SIZES: Final[Mapping[int, int | None]] = {
    0: 0,  # true
    1: 0,  # false
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: None,  # bytes
    _STRING: None,
    8: 8,  # a time
    9: 16,  # a UUID
}


class EventStreamMessage(msgspec.Struct, frozen=True, gc=False):
    """One message. `headers` holds those whose value is a string, such as `:event-type`."""

    headers: Mapping[str, str]
    payload: bytes


class EventStreamReader:
    """Read messages from bytes in any cut; time is linear in their number.

    What is wrong with the bytes is a value, `failure`, so that the messages before it are not lost.
    After it nothing more is read.

    Args:
        cap: The most bytes that one message may have.
    """

    def __init__(self, cap: int = DEFAULT_EVENT_CAP) -> None:
        self._cap = cap
        self._buffer = bytearray()
        self._wanted = _PRELUDE.size
        self._failure: Failure | None = None

    @property
    def failure(self) -> Failure | None:
        """What is wrong with the bytes, if anything is."""
        return self._failure

    @property
    def is_within_message(self) -> bool:
        """Whether a message has begun and not ended."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[EventStreamMessage]:
        """Take in bytes and return the messages that they complete."""
        if self._failure is not None:
            return []
        self._buffer += data
        if len(self._buffer) < self._wanted:
            return []
        messages: list[EventStreamMessage] = []
        try:
            self._read(messages)
        except _DamageError as damage:
            self._failure = garbage(f"the event stream is damaged: {damage}")
            self._buffer = bytearray()
        return messages

    def _read(self, messages: list[EventStreamMessage]) -> None:
        position, end = 0, len(self._buffer)
        with memoryview(self._buffer) as view:
            while True:
                self._wanted = _PRELUDE.size
                if end - position >= self._wanted:
                    self._wanted = self._measure(view[position : position + _PRELUDE.size])
                if end - position < self._wanted:
                    break
                messages.append(_message(view[position : position + self._wanted]))
                position += self._wanted
        del self._buffer[:position]

    def _measure(self, prelude: memoryview) -> int:
        """Return how long a message is. It is checked before the rest of it is waited for."""
        total, headers, checksum = _PRELUDE.unpack(prelude)
        if crc32(prelude[:8]) != checksum:
            raise _DamageError("the checksum of a message's lengths is wrong")
        if headers + OVERHEAD > total:
            raise _DamageError("a message is shorter than its headers")
        if total > self._cap:
            raise _DamageError(f"one message has over {self._cap} bytes")
        return int(total)


class _DamageError(Exception):
    """The bytes are no event stream."""


def _message(frame: memoryview) -> EventStreamMessage:
    body = frame[: -_CHECKSUM.size]
    if crc32(body) != _CHECKSUM.unpack(frame[-_CHECKSUM.size :])[0]:
        raise _DamageError("the checksum of a message is wrong")
    start = _PRELUDE.size
    end = start + int.from_bytes(frame[4:8])
    return EventStreamMessage(_headers(bytes(body[start:end])), bytes(body[end:]))


def _headers(data: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    position = 0
    try:
        while position < len(data):
            name, position = _slice(data, position + 1, data[position])
            kind = data[position]
            size = _SIZES[kind]
            position += 1
            if size is None:
                size = _LENGTH.unpack_from(data, position)[0]
                position += _LENGTH.size
            value, position = _slice(data, position, size)
            if kind == _STRING:
                headers[name.decode()] = value.decode()
    except (IndexError, KeyError, struct.error, UnicodeDecodeError) as error:
        raise _DamageError(f"a message's headers cannot be read ({error!r})") from None
    return headers


def _slice(data: bytes, start: int, size: int) -> tuple[bytes, int]:
    end = start + size
    if end > len(data):
        raise IndexError("a header is cut")
    return data[start:end], end
