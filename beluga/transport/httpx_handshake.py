"""The connection that a TLS handshake is made on, which httpx loses if that is cancelled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

__all__ = ["Handshake"]


class _Closable(Protocol):
    async def aclose(self) -> None: ...


class Handshake:
    """Keep hold of a new connection until TLS is spoken on it.

    Below httpx, httpcore closes a connection whose handshake fails, but not one whose handshake is
    cancelled: the socket is left to the garbage collector. What httpcore does it tells to whoever
    stands in the extension `trace` of a request (https://www.encode.io/httpcore/extensions/#trace).
    """

    def __init__(self) -> None:
        self._stream: _Closable | None = None

    async def observe(self, event: str, details: Mapping[str, _Closable]) -> None:
        """Take in what httpcore tells."""
        if event.endswith("connect_tcp.complete"):
            self._stream = details["return_value"]
        elif event.endswith("start_tls.complete"):
            self._stream = None

    async def abandon(self) -> None:
        """Close the connection, if its handshake was never finished."""
        stream, self._stream = self._stream, None
        if stream is not None:
            await stream.aclose()
