"""An HTTP/1.1 server for tests, h11 on anyio: it does what a list of acts says, faults and all."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable, Iterable
from typing import Final

import anyio
import h11
from anyio.abc import SocketAttribute, SocketStream

from beluga.testing.acts import Act, Call, Drop, End, Hang, Head, Piece, Reset, Wait

__all__ = ["Handler", "serve_connection"]

BODY_CAP: Final = 64 * 1024 * 1024
READ_SIZE: Final = 65536
GONE: Final = (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream, OSError)


Handler = Callable[[Call], Iterable[Act]]
"""Says what to do about a request."""


async def serve_connection(stream: SocketStream, handler: Handler, patience: float) -> None:
    """Answer the requests of one connection until either side is done with it.

    Args:
        stream: The connection; it is closed in the end.
        handler: Says what to do about each request.
        patience: Seconds to wait for a request, and to stay silent where an act says so.
    """
    connection = _Connection(stream, handler, patience)
    try:
        with contextlib.suppress(*GONE):
            await connection.serve()
    finally:
        await anyio.aclose_forcefully(stream)


class _Connection:
    def __init__(self, stream: SocketStream, handler: Handler, patience: float) -> None:
        self._stream, self._handler, self._patience = stream, handler, patience
        self._wire = h11.Connection(h11.SERVER)

    async def serve(self) -> None:
        while True:
            call = await self._next_call()
            if call is None:
                return
            await self._answer(self._handler(call))
            if self._wire.our_state is not h11.DONE or self._wire.their_state is not h11.DONE:
                return
            self._wire.start_next_cycle()

    async def _next_call(self) -> Call | None:
        """Read a request; `None` if there comes none, or none that is HTTP."""
        head: h11.Request | None = None
        body = bytearray()
        with anyio.move_on_after(self._patience):
            while True:
                try:
                    event = await self._next_event()
                except h11.RemoteProtocolError as error:
                    await self._refuse(error)
                    return None
                if isinstance(event, h11.Request):
                    head = event
                elif isinstance(event, h11.Data):
                    body += event.data
                    if len(body) > BODY_CAP:
                        return None
                elif isinstance(event, h11.EndOfMessage) and head is not None:
                    return _call(head, bytes(body))
                else:
                    return None
        return None

    async def _next_event(self) -> object:
        while True:
            event = self._wire.next_event()
            if event is not h11.NEED_DATA:
                return event
            if self._wire.they_are_waiting_for_100_continue:
                await self._send(h11.InformationalResponse(status_code=100, headers=[]))
            try:
                data = await self._stream.receive(READ_SIZE)
            except anyio.EndOfStream:
                data = b""
            self._wire.receive_data(data)

    async def _refuse(self, error: h11.RemoteProtocolError) -> None:
        if self._wire.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            return
        headers = [("connection", "close"), ("content-length", "0")]
        await self._send(h11.Response(status_code=error.error_status_hint, headers=headers))
        await self._send(h11.EndOfMessage())

    async def _answer(self, acts: Iterable[Act]) -> None:
        for act in acts:
            match act:
                case Head(status, headers):
                    await self._send(h11.Response(status_code=status, headers=[*headers.items()]))
                case Piece(data):
                    await self._send(h11.Data(data=data))
                case Wait(seconds):
                    await self._until_the_client_leaves(seconds)
                case End():
                    await self._send(h11.EndOfMessage())
                case Hang():
                    await self._until_the_client_leaves(self._patience)
                    return
                case Drop():
                    return
                case Reset():
                    self._make_closing_reset()
                    return

    async def _send(self, event: h11.Event) -> None:
        data = self._wire.send(event)
        if data:
            await self._stream.send(data)

    async def _until_the_client_leaves(self, seconds: float) -> None:
        """Wait so long; a client that leaves meanwhile is noticed."""
        with anyio.move_on_after(seconds):
            while True:
                data = await self._stream.receive(READ_SIZE)
                self._wire.receive_data(data)

    def _make_closing_reset(self) -> None:
        raw = self._stream.extra(SocketAttribute.raw_socket)  # noqa: S610 - it is not Django's
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _call(head: h11.Request, body: bytes) -> Call:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers}
    return Call(head.method.decode(), head.target.decode("latin-1"), headers, body)
