"""HTTP as a capability: what is sent, what comes back, and who can do it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeAlias

import msgspec

from beluga.schema.redaction import shown_url

__all__ = ["Http", "HttpRequest", "HttpResponse", "ResponseHead", "Sent"]

Sent: TypeAlias = Callable[[], None]
"""Called once, when a request has been written to the network."""


class HttpRequest(msgspec.Struct, frozen=True):
    """A request, complete with its body.

    Its text form shows no header's value, for one of them is a key.
    """

    method: str
    url: str
    headers: Mapping[str, str] = {}
    body: bytes = b""

    def with_headers(self, headers: Mapping[str, str]) -> HttpRequest:
        """Return this request with *headers* added; a name that is there already is replaced.

        But `anthropic-beta` and its like hold a list of features: what was there stays in it.
        """
        names = {name.lower() for name in headers}
        kept = {name: value for name, value in self.headers.items() if name.lower() not in names}
        lists = {n.lower(): v for n, v in self.headers.items() if n.lower().endswith("-beta")}
        added = {n: ",".join(filter(None, (lists.get(n.lower()), v))) for n, v in headers.items()}
        return HttpRequest(self.method, self.url, {**kept, **added}, self.body)

    def __repr__(self) -> str:
        return f"HttpRequest({self.method!r}, {shown_url(self.url)!r}, {len(self.body)} bytes)"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        """Show rich no more than anybody else; msgspec would show it every header."""
        return [("method", self.method), ("url", shown_url(self.url)), ("bytes", len(self.body))]


class ResponseHead(msgspec.Struct, frozen=True):
    """What comes before a response's body. The names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str] = {}

    def header(self, name: str) -> str | None:
        """Return a header's value; *name* is in lower case."""
        return self.headers.get(name)


class HttpResponse(Protocol):
    """A response whose body is read as it comes, decompressed. It must be closed."""

    @property
    def head(self) -> ResponseHead:
        """Its status and headers."""

    def read(self) -> Awaitable[bytes]:
        """Return the next piece of the body, as it arrives; nothing (`b""`) is its end."""

    async def aclose(self) -> None:
        """Close it; if the body was not read to its end, so is the connection."""


class Http(Protocol):
    """Whoever can send requests.

    Every failure of the network is raised as a `ModelError`.
    """

    async def send(
        self, request: HttpRequest, *, connect_timeout: float, sent: Sent
    ) -> HttpResponse:
        """Send *request* and return the response as soon as its head has come.

        Args:
            request: What to send.
            connect_timeout: Seconds to open a connection; `math.inf` is no bound.
            sent: Called once, when the request has been written.
        """

    async def aclose(self) -> None:
        """Close every connection, those of calls under way at their end. It may be called again."""
