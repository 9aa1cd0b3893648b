"""A server on loopback that gives stored answers, cut wherever one likes.

It speaks just enough HTTP/1.1 for a client that sends its requests whole. Chunked answers are cut
twice: into HTTP chunks, and what is written into pieces that know nothing of these.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Literal, TypeAlias, TypeVar

import anyio
import anyio.lowlevel
import msgspec
from anyio.abc import SocketAttribute, SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream

__all__ = ["CUTS", "Cut", "Reply", "Server", "Taken", "serving"]

T = TypeVar("T")

Cut: TypeAlias = Literal["whole", "writes", "chunks", "bytes"]
"""How an answer is cut: not at all, into writes, into HTTP chunks and writes, or byte by byte."""

CUTS: Final[tuple[Cut, ...]] = ("whole", "writes", "chunks", "bytes")

PATIENCE: Final = 60.0
MOST_PIECES: Final = 24
HEAD_LIMIT: Final = 64 * 1024
OURS: Final = frozenset({"content-length", "transfer-encoding", "connection", "content-encoding"})


class Taken(msgspec.Struct, frozen=True):
    """A request that came in. The names of `headers` are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Reply(msgspec.Struct, frozen=True):
    """An answer to give, and how to cut it.

    Attributes:
        status: Its status.
        headers: Its headers, without those that say how the body is framed.
        body: Its body.
        cut: How to cut it.
        seed: Decides where; the same seed cuts the same body in the same places.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    cut: Cut = "whole"
    seed: str = ""

    def writes(self) -> list[bytes]:
        """Return the bytes to write, a piece a write."""
        chance = random.Random(f"{self.seed} {self.cut}")
        match self.cut:
            case "whole":
                return [self._head(f"content-length: {len(self.body)}") + self.body]
            case "writes":
                head = self._head(f"content-length: {len(self.body)}")
                return [head, *_pieces(self.body, chance)]
            case "chunks":
                framed = _chunked(_pieces(self.body, chance))
                return [self._head("transfer-encoding: chunked"), *_pieces(framed, chance)]
            case "bytes":
                each = [_chunked([bytes([byte])], last=False) for byte in self.body]
                return [self._head("transfer-encoding: chunked"), *each, b"0\r\n\r\n"]

    def _head(self, framing: str) -> bytes:
        given = [
            f"{name}: {value}" for name, value in self.headers.items() if name.lower() not in OURS
        ]
        lines = [f"HTTP/1.1 {self.status} Recorded", *given, framing, "", ""]
        return "\r\n".join(lines).encode("latin-1")


class Server:
    """Gives `reply` to every request, whatever its path, and keeps what was asked.

    Attributes:
        url: Where it is, without a slash at its end.
        reply: What it answers from now on.
        taken: The requests it has had.
    """

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.reply = Reply(404, {}, b"")
        self.taken: list[Taken] = []

    async def handle(self, stream: SocketStream) -> None:
        """Answer the requests of one connection until it is closed."""
        reader = BufferedByteReceiveStream(stream)
        async with stream:
            try:
                while True:
                    self.taken.append(await _request(reader))
                    for data in self.reply.writes():
                        await stream.send(data)
                        await anyio.lowlevel.checkpoint()
            except (anyio.BrokenResourceError, anyio.IncompleteRead, anyio.EndOfStream):
                return  # the client has gone, as it may


async def serving(use: Callable[[Server], Awaitable[T]]) -> T:
    """Run *use* with a server that is there for as long; all of it within `PATIENCE` seconds."""
    with anyio.fail_after(PATIENCE):
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        async with listener, anyio.create_task_group() as tasks:
            server = Server(listener.extra(SocketAttribute.local_port))
            tasks.start_soon(listener.serve, server.handle)
            result = await use(server)
            tasks.cancel_scope.cancel("nobody asks any more")
        return result


async def _request(reader: BufferedByteReceiveStream) -> Taken:
    head = (await reader.receive_until(b"\r\n\r\n", HEAD_LIMIT)).decode("latin-1")
    first, *lines = head.split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    body = await reader.receive_exactly(int(headers.get("content-length", "0")))
    return Taken(method, path, headers, body)


def _pieces(data: bytes, chance: random.Random) -> list[bytes]:
    count = min(len(data), chance.randint(2, MOST_PIECES))
    if count < 2:
        return [data] if data else []
    cuts = sorted(chance.sample(range(1, len(data)), count - 1))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def _chunked(pieces: list[bytes], *, last: bool = True) -> bytes:
    framed = b"".join([b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces])
    return framed + b"0\r\n\r\n" if last else framed
