"""Server-sent events, from bytes in any cut.

Source: the event stream format of the WHATWG HTML standard, section 9.2. Lines end in CR, LF or
CRLF and nothing else, which is why text-splitting functions will not do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from beluga.errors import ProviderDownError
from beluga.schema import Failure

__all__ = ["SseEvent", "SseReader"]

BOM: Final = b"\xef\xbb\xbf"
LF: Final = 0x0A
CR: Final = 0x0D
DEFAULT_EVENT_CAP: Final = 32 * 1024 * 1024
STRAY_CAP: Final = 64 * 1024
_JSON_STARTS: Final = frozenset(b' \t{}[],"')


class SseEvent(msgspec.Struct, frozen=True, gc=False):
    """One event. `name` is empty where the stream gave none; lines of `data` are joined by LF."""

    data: bytes
    name: bytes = b""


class SseReader:
    """Read events from bytes in any cut; time is linear in their number.

    Args:
        cap: The most bytes that one event may have.
    """

    def __init__(self, cap: int = DEFAULT_EVENT_CAP) -> None:
        self._cap = cap
        self._between = False  # nothing of an event or a line is held
        self._pieces: list[bytes] = []  # of a line whose end has not come yet
        self._pending = 0  # bytes in them
        self._after_cr = False
        self._at_start = True
        self._data: list[bytes] = []
        self._size = 0
        self._name = b""
        self._strays: list[bytes] = []
        self._stray_size = 0

    @property
    def stray(self) -> bytes:
        """The lines that begin as JSON and so are no field of an event, 64 kB of them at most.

        The standard ignores them. Google writes there what goes wrong in the midst of a stream.
        """
        return b"\n".join(self._strays)

    def feed(self, data: bytes) -> list[SseEvent]:
        """Take in bytes and return the events that they complete.

        Raises:
            ProviderDownError: An event is larger than the cap.
        """
        # One whole event in a piece of its own is what most servers send.
        if self._between and data.startswith(b"data: "):
            end = -2 if data.endswith(b"\n\n") else -4 if data.endswith(b"\r\n\r\n") else 0
            value = data[6:end]
            if end and LF not in value and CR not in value:
                return [SseEvent(value)]
        events = self._read(data)
        held = self._pieces or self._data or self._name or self._after_cr or self._at_start
        self._between = not held
        return events

    def _read(self, data: bytes) -> list[SseEvent]:
        if self._after_cr and data:
            self._after_cr = False
            if data[0] == LF:  # the second half of a CRLF that was cut in two
                data = data[1:]
        if LF not in data and CR not in data:
            self._hold(data)
            return []
        if self._pieces:
            self._pieces.append(data)
            data = b"".join(self._pieces)
            self._pieces.clear()
            self._pending = 0
        if self._at_start:
            data = data.removeprefix(BOM)
            self._at_start = False
        lines = data.splitlines()
        last = data[-1]
        if last == CR:
            self._after_cr = True
        elif last != LF:
            self._hold(lines.pop())
        return self._events(lines)

    def close(self) -> list[SseEvent]:
        """Take in the end of the stream.

        The standard drops an event that no empty line has ended. Some servers forget it after
        their last event, so it is given out; a cut one shows itself when it is decoded.
        """
        rest = b"".join(self._pieces)
        if self._at_start:
            rest = rest.removeprefix(BOM)
        self._pieces.clear()
        return self._events([rest, b""])

    def _hold(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._pending += len(piece)
        self._check(self._pending + self._size)

    def _events(self, lines: Sequence[bytes]) -> list[SseEvent]:
        events: list[SseEvent] = []
        for line in lines:
            if not line:
                if self._data:
                    whole = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
                    events.append(SseEvent(whole, self._name))
                    self._data.clear()
                    self._size = 0
                self._name = b""
            elif line.startswith(b"data:"):
                value = line[6:] if line[5:6] == b" " else line[5:]
                self._data.append(value)
                self._size += len(value) + 1  # with the LF that joins it to the next
                self._check(self._size)
            elif line.startswith(b"event:"):
                self._name = line[7:] if line[6:7] == b" " else line[6:]
            elif line == b"data":
                self._data.append(b"")
                self._size += 1
                self._check(self._size)
            elif line == b"event":
                self._name = b""
            elif line[0] in _JSON_STARTS and self._stray_size < STRAY_CAP:
                self._strays.append(line)
                self._stray_size += len(line)
        return events

    def _check(self, size: int) -> None:
        if size > self._cap:
            raise ProviderDownError(
                Failure("provider_unavailable", f"one event has over {self._cap} bytes")
            )
