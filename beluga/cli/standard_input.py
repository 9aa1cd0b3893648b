"""Standard input, read so that an interrupt ends the wait.

A worker thread that waits in a read cannot be interrupted, and the process does not end before it.
"""

from __future__ import annotations

import os
import stat
import sys
from typing import Final

import anyio
from anyio import to_thread

__all__ = ["StandardInput"]

_PIECE: Final = 1 << 16


class StandardInput:
    """Read standard input by lines, or to its end."""

    def __init__(self) -> None:
        self._held = b""
        self._source = _descriptor()
        self._waits = self._source is not None and _waits(self._source)

    async def line(self) -> str:
        """Return the next line, with its end; nothing if there is none."""
        while b"\n" not in self._held and (piece := await self._piece()):
            self._held += piece
        line, end, self._held = self._held.partition(b"\n")
        return (line + end).decode("utf-8", "replace")

    async def rest(self) -> str:
        """Return everything up to the end."""
        pieces = [self._held]
        self._held = b""
        while piece := await self._piece():
            pieces.append(piece)
        return b"".join(pieces).decode("utf-8", "replace")

    async def _piece(self) -> bytes:
        """Return what has come, after waiting for something; nothing at the end."""
        if self._source is None:
            return sys.stdin.readline().encode()
        if not self._waits:
            return await to_thread.run_sync(os.read, self._source, _PIECE)
        await anyio.wait_readable(self._source)
        return os.read(self._source, _PIECE)


def _descriptor() -> int | None:
    try:
        return sys.stdin.fileno()
    except (OSError, ValueError):  # something else stands for it
        return None


def _waits(source: int) -> bool:
    """Return whether one can wait for it: not for a file, and on Windows for sockets alone."""
    mode = os.fstat(source).st_mode
    return sys.platform != "win32" and (
        os.isatty(source) or stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
    )
