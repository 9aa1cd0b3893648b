"""JSON values, one a line, from bytes in any cut."""

from __future__ import annotations

from beluga.errors import ProviderDownError
from beluga.schema import Failure
from beluga.transport.sse import DEFAULT_EVENT_CAP

__all__ = ["LineReader"]


class LineReader:
    """Read lines that end in LF or CRLF; empty ones are left out.

    Args:
        cap: The most bytes that one line may have.
    """

    def __init__(self, cap: int = DEFAULT_EVENT_CAP) -> None:
        self._cap = cap
        self._pieces: list[bytes] = []
        self._pending = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Take in bytes and return the lines that they complete.

        Raises:
            ProviderDownError: A line is longer than the cap.
        """
        first, *others = data.split(b"\n")
        self._hold(first)
        if not others:
            return []
        lines = [self._taken(), *others[:-1]]
        self._hold(others[-1])
        return [line for line in map(bytes.strip, lines) if line]

    def close(self) -> list[bytes]:
        """Take in the end of the body and return what no line end has followed."""
        rest = self._taken().strip()
        return [rest] if rest else []

    def _taken(self) -> bytes:
        line = b"".join(self._pieces)
        self._pieces.clear()
        self._pending = 0
        return line

    def _hold(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._pending += len(piece)
        if self._pending > self._cap:
            raise ProviderDownError(
                Failure("provider_unavailable", f"one line has over {self._cap} bytes")
            )
