"""HTTP by httpx: its transports, without its client, and errors of our own.

A client adds cookies, redirects, log lines and the environment's proxies, none of which a request
with a key on it should have, and is a quarter of a call's time.
"""

from __future__ import annotations

import contextlib
import math
import ssl
from collections.abc import AsyncIterator, Mapping
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import anyio
import httpx

from beluga.errors import error_for
from beluga.schema import ErrorCode, Failure
from beluga.transport.http import HttpRequest, HttpResponse, ResponseHead, Sent
from beluga.transport.httpx_pool import CALLS_PER_SHARD, Pool, PoolOfLoop, Shard

__all__ = ["HttpxHttp"]

WRITE_TIMEOUT: Final = 60.0
"""Seconds that one write to the network may wait for the peer."""

DEFAULT_BODY_CAP: Final = 64 * 1024 * 1024

_HEADERS: Final = {"accept": "*/*", "accept-encoding": "gzip, deflate", "user-agent": "beluga"}


class HttpxHttp:
    """Send requests with httpx.

    Args:
        body_cap: The most bytes that a response may have, decompressed.
        trust_env: Use the proxies that the environment names. Off unless asked for, since a
            request carries a key.
        proxy: The URL of a proxy to use.
        http2: Speak HTTP/2 where the server does; needs the `http2` extra.
        verify: How to check certificates; by default with the platform's trusted ones.
    """

    def __init__(
        self,
        *,
        body_cap: int = DEFAULT_BODY_CAP,
        trust_env: bool = False,
        proxy: str | None = None,
        http2: bool = False,
        verify: ssl.SSLContext | None = None,
    ) -> None:
        self._body_cap = body_cap
        self._trust_env, self._proxy, self._http2, self._verify = trust_env, proxy, http2, verify
        self._pools = PoolOfLoop(self._transport)

    async def send(
        self, request: HttpRequest, *, connect_timeout: float, sent: Sent
    ) -> HttpResponse:
        """Send *request*; see `Http`."""
        pool = await self._pools.running()
        shard = pool.borrow()
        try:
            outgoing = _outgoing(request, connect_timeout, sent)
            response = await shard.transport.handle_async_request(outgoing)
        except BaseException as error:
            shard.calls -= 1
            if isinstance(error, _FOREIGN_KINDS):
                raise error_for(_failure(error, in_body=False)) from error
            raise
        return _Response(response, self._body_cap, pool, shard)

    async def aclose(self) -> None:
        """Close the connections that this event loop has opened."""
        await self._pools.aclose()

    def _transport(self) -> httpx.AsyncBaseTransport:
        verify = self._verify or _shared_ssl_context()
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=CALLS_PER_SHARD)
        if self._trust_env and self._proxy is None:
            return _ByEnvironment(verify, self._http2, limits)
        return httpx.AsyncHTTPTransport(
            verify=verify, trust_env=False, http2=self._http2, limits=limits, proxy=self._proxy
        )


class _ByEnvironment(httpx.AsyncBaseTransport):
    """Send through the proxy that the environment names for a host, which only a client knows."""

    def __init__(self, verify: ssl.SSLContext, http2: bool, limits: httpx.Limits) -> None:
        no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
        self._client = httpx.AsyncClient(
            verify=verify, http2=http2, limits=limits, cookies=no_cookies
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._client.send(request, stream=True)

    async def aclose(self) -> None:
        await self._client.aclose()


class _Response:
    """A response of httpx, read under a cap."""

    head: ResponseHead

    def __init__(self, response: httpx.Response, cap: int, pool: Pool, shard: Shard) -> None:
        self._response, self._pool, self._shard = response, pool, shard
        self._reads = _reads(response)
        self._cap = self._left = cap
        self._ended = self._closed = False
        self.head = ResponseHead(response.status_code, dict(response.headers.items()))

    async def read(self) -> bytes:
        try:
            data = await self._reads.__anext__()
        except StopAsyncIteration:
            self._ended = True
            return b""
        except _FOREIGN_KINDS as error:
            raise error_for(_failure(error, in_body=True)) from error
        self._left -= len(data)
        if self._left < 0:
            message = f"the response has over {self._cap} bytes"
            raise error_for(Failure("provider_unavailable", message))
        return data

    async def aclose(self) -> None:
        if self._closed:
            return
        self._closed = True
        try:
            if not self._ended:
                await self._unwind()
        finally:
            with anyio.CancelScope(shield=True):
                try:
                    await self._response.aclose()
                finally:
                    await self._pool.give_back(self._shard)

    async def _unwind(self) -> None:
        """Close the chain of generators under the body from its innermost `await` outwards.

        To close the outermost one would leave those that it iterates to the garbage collector,
        which trio reports as a `ResourceWarning`.
        """
        with anyio.CancelScope() as scope, contextlib.suppress(*_FOREIGN_KINDS):
            scope.cancel()
            async for _ in self._reads:
                pass


def _reads(response: httpx.Response) -> AsyncIterator[bytes]:
    """The body's bytes; what is not compressed is read without httpx's decoding layers."""
    stream = response.stream
    if "content-encoding" in response.headers or not isinstance(stream, httpx.AsyncByteStream):
        return response.aiter_bytes()
    return aiter(stream)


class _Body(httpx.AsyncByteStream):
    """A request's body, which tells when it has been written.

    It is its own iterator: an async generator whose writing fails is left to the garbage collector,
    which trio reports.
    """

    def __init__(self, data: bytes, sent: Sent) -> None:
        self._pieces = [data] if data else []
        self._sent = sent

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._pieces:
            return self._pieces.pop()
        self._sent()
        raise StopAsyncIteration


def _outgoing(request: HttpRequest, connect_timeout: float, sent: Sent) -> httpx.Request:
    url = httpx.URL(request.url)
    headers = {"host": url.netloc.decode("ascii"), **_HEADERS}
    if request.body:
        headers["content-length"] = str(len(request.body))
    headers.update({name.lower(): value for name, value in request.headers.items()})
    connect = None if connect_timeout == math.inf else connect_timeout
    timeout = {"connect": connect, "read": None, "write": WRITE_TIMEOUT, "pool": None}
    outgoing = httpx.Request(
        request.method,
        url,
        headers=headers,
        stream=_Body(request.body, sent),
        extensions={"timeout": timeout},
    )
    if url.userinfo:
        next(httpx.BasicAuth(url.username, url.password).auth_flow(outgoing))
    return outgoing


_FOREIGN: Final[Mapping[type[Exception], ErrorCode]] = {
    httpx.TimeoutException: "timeout",
    httpx.UnsupportedProtocol: "invalid_input",
    httpx.InvalidURL: "invalid_input",
    httpx.RequestError: "provider_unavailable",
    ssl.SSLError: "provider_unavailable",
}
"""What httpx raises, and what it means here; the first that fits."""

_FOREIGN_KINDS: Final = tuple(_FOREIGN)


def _failure(error: Exception, in_body: bool) -> Failure:
    code = next(code for kind, code in _FOREIGN.items() if isinstance(error, kind))
    what = str(error) or type(error).__name__
    if code == "invalid_input":
        return Failure(code, f"{what}; check base_url", local=True)
    if in_body and not isinstance(error, httpx.DecodingError):
        return Failure("incomplete_stream", f"the answer broke off: {what}", retryable=True)
    return Failure(code, what, retryable=True)


@cache
def _shared_ssl_context() -> ssl.SSLContext:
    """One context for the whole process: it takes 20 ms to build, and is never changed."""
    return httpx.create_ssl_context(trust_env=False)
