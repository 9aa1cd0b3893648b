"""A server on loopback that says exactly the bytes it is told to, however wrong they are."""

from __future__ import annotations

import gc
import re
import socket
import struct
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from enum import Enum
from pathlib import Path
from typing import TypeAlias

import anyio
from anyio.abc import SocketAttribute, SocketStream

__all__ = ["Connection", "Loopback", "Step", "answering", "head", "nothing_left_open"]

LONGEST_WAIT = 20.0
"""Seconds after which a connection is given up, so that no test hangs."""


class Connection(Enum):
    """What becomes of a connection in the midst of a response."""

    CLOSED = "closed"
    RESET = "reset"
    SILENT = "silent"


Step: TypeAlias = bytes | float | Connection
"""Bytes to send, seconds to wait, or the connection's end."""


class Loopback:
    """Answer each request with the next script; the last one answers all that follow.

    Attributes:
        url: The root.
        requests: The requests, as they came.
        connections: How many connections there were.
    """

    def __init__(self, scripts: Sequence[Sequence[Step]]) -> None:
        self.url = ""
        self.requests: list[bytes] = []
        self.connections = 0
        self.left_early = 0
        self._scripts = scripts

    async def connected(self, stream: SocketStream) -> None:
        """Answer the requests of one connection."""
        self.connections += 1
        try:
            async with _closing(stream):
                with anyio.move_on_after(LONGEST_WAIT):
                    while (request := await _next_request(stream)) is not None:
                        self.requests.append(request)
                        position = min(len(self.requests), len(self._scripts)) - 1
                        if not await self._played(self._scripts[position], stream):
                            return
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
            self.left_early += 1

    async def _played(self, script: Sequence[Step], stream: SocketStream) -> bool:
        """Play a script; whether the connection still stands."""
        for step in script:
            match step:
                case bytes():
                    await stream.send(step)
                case float():
                    await anyio.sleep(step)
                case Connection.CLOSED:
                    return False
                case Connection.RESET:
                    raw = stream.extra(SocketAttribute.raw_socket)
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return False
                case Connection.SILENT:
                    await _until_it_leaves(stream)
                    return False
        return True


@asynccontextmanager
async def answering(*scripts: Sequence[Step]) -> AsyncGenerator[Loopback, None]:
    """Serve *scripts*, one a request."""
    server = Loopback(scripts)
    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):
        server.url = f"http://127.0.0.1:{listener.extra(SocketAttribute.local_port)}"
        tasks.start_soon(listener.serve, server.connected)
        try:
            yield server
        finally:
            tasks.cancel_scope.cancel()


def head(status: int = 200, /, **headers: object) -> bytes:
    """Return the head of a response; `_` in a header's name stands for `-`."""
    lines = [f"HTTP/1.1 {status} Whatever"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


@contextmanager
def nothing_left_open() -> Iterator[None]:
    """Check that a block leaves no socket and no file open, and nothing for the collector.

    What it does leave for the garbage collector is a warning, and so an error.
    """
    gc.collect()
    before = _open_files()
    yield
    gc.collect()
    assert _open_files() <= before


def _open_files() -> int:
    files = Path("/proc/self/fd")
    return len([*files.iterdir()]) if files.is_dir() else 0


@asynccontextmanager
async def _closing(stream: SocketStream) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await anyio.aclose_forcefully(stream)


async def _next_request(stream: SocketStream) -> bytes | None:
    data = b""
    try:
        while b"\r\n\r\n" not in data:
            data += await stream.receive()
        length = re.search(rb"\r\ncontent-length: (\d+)", data, re.IGNORECASE)
        end = data.index(b"\r\n\r\n") + 4 + (int(length[1]) if length else 0)
        while len(data) < end:
            data += await stream.receive()
    except anyio.EndOfStream:
        return None
    return data


async def _until_it_leaves(stream: SocketStream) -> None:
    try:
        while True:
            await stream.receive()
    except anyio.EndOfStream:
        return
