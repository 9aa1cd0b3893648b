"""A network that keeps what is sent and gives one stored answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from beluga.transport.http import HttpRequest, HttpResponse, ResponseHead, Sent

__all__ = ["StoredHttp"]


class StoredHttp:
    """Answer every request alike, and keep them."""

    def __init__(
        self, body: str, headers: Mapping[str, str] | None = None, status: int = 200
    ) -> None:
        self.requests: list[HttpRequest] = []
        self._head = ResponseHead(status, headers or {"content-type": "application/json"})
        self._body = body.encode()

    @property
    def sent(self) -> Any:
        """The JSON body of the last request."""
        return json.loads(self.requests[-1].body)

    async def send(
        self, request: HttpRequest, *, connect_timeout: float, sent: Sent
    ) -> HttpResponse:
        self.requests.append(request)
        sent()
        return _StoredResponse(self._head, self._body)

    async def aclose(self) -> None:
        """There is nothing to close."""


class _StoredResponse:
    def __init__(self, head: ResponseHead, body: bytes) -> None:
        self.head = head
        self._pieces = [body]

    async def read(self) -> bytes:
        return self._pieces.pop() if self._pieces else b""

    async def aclose(self) -> None:
        """There is nothing to close."""
