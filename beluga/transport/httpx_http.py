"""HTTP by httpx: its transports, without its client, and errors of our own.

A client adds cookies, redirects, log lines and the environment's proxies, none of which a request
with a key on it should have, and is a quarter of a call's time.
"""

from __future__ import annotations

import contextlib
import math
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.util import find_spec
from typing import Final

import anyio
import httpx

from beluga.errors import ModelError, error_for, invalid_input
from beluga.schema import Failure
from beluga.transport.http import HttpRequest, HttpResponse, ResponseHead, Sent
from beluga.transport.httpx_failures import FOREIGN, failure_of
from beluga.transport.httpx_handshake import Handshake
from beluga.transport.httpx_pool import CALLS_PER_SHARD, Pool, PoolOfLoop, Shard
from beluga.transport.inflate import ACCEPTED, Inflater

__all__ = ["HttpxHttp"]

WRITE_TIMEOUT: Final = 60.0
"""Seconds that one write to the network may wait for the peer."""

DEFAULT_BODY_CAP: Final = 64 * 1024 * 1024

_HEADERS: Final = {"accept": "*/*", "accept-encoding": ACCEPTED, "user-agent": "beluga"}


class HttpxHttp:
    """Send requests with httpx.

    Args:
        body_cap: The most bytes that a response may have, decompressed.
        trust_env: Use the proxies that the environment names, and the certificates that
            `SSL_CERT_FILE` and `SSL_CERT_DIR` do. Off unless asked for, since a request carries a
            key.
        proxy: The URL of a proxy to use.
        http2: Speak HTTP/2 where the server does; needs the `http2` extra.
        verify: How to check certificates; by default against those that httpx brings.

    Raises:
        InvalidInputError: The proxy is no URL of one, or an extra is missing.
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
        if http2 and find_spec("h2") is None:
            raise invalid_input("http2 needs an extra: install beluga[http2]")
        if proxy is not None:
            _check_proxy(proxy)
        self._body_cap = body_cap
        self._trust_env, self._proxy, self._http2, self._verify = trust_env, proxy, http2, verify
        self._pools = PoolOfLoop(self._transport)

    async def send(
        self, request: HttpRequest, *, connect_timeout: float, sent: Sent
    ) -> HttpResponse:
        """Send *request*; see `Http`."""
        pool = await self._pools.running()
        shard = pool.borrow()
        handshake = Handshake() if request.url.startswith("https:") else None
        try:
            outgoing = _outgoing(request, connect_timeout, sent)
            if handshake is not None:
                outgoing.extensions["trace"] = handshake.observe
            response = await shard.transport.handle_async_request(outgoing)
        except BaseException as error:
            with anyio.CancelScope(shield=True):
                if handshake is not None:
                    await handshake.abandon()
                await pool.give_back(shard)
            if isinstance(error, FOREIGN):
                raise error_for(failure_of(error, in_body=False)) from error
            raise
        packed = response.headers.get("content-encoding", "identity") != "identity"
        kind = _PackedResponse if packed else _Response
        return kind(response, self._body_cap, pool, shard)

    async def aclose(self) -> None:
        """Close the connections of this event loop; calls under way go on, and close theirs."""
        await self._pools.aclose()

    def _transport(self) -> httpx.AsyncBaseTransport:
        verify = self._verify or _shared_ssl_context(self._trust_env)
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
        try:
            self._client = httpx.AsyncClient(
                verify=verify, http2=http2, limits=limits, cookies=no_cookies
            )
        except (ImportError, ValueError) as error:
            raise invalid_input(f"the environment's proxy cannot be used: {error}") from None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._client.send(request, stream=True)

    async def aclose(self) -> None:
        await self._client.aclose()


class _Response:
    """A response of httpx, read under a cap."""

    head: ResponseHead

    def __init__(self, response: httpx.Response, cap: int, pool: Pool, shard: Shard) -> None:
        assert isinstance(response.stream, httpx.AsyncByteStream)
        self._response, self._pool, self._shard = response, pool, shard
        self._reads: AsyncIterator[bytes] = aiter(response.stream)
        self._cap = cap
        self._ended = self._closed = False
        self._pieces = self._each()
        self.read = self._pieces.__anext__  # a coroutine around it would cost as much again
        self.head = ResponseHead(response.status_code, dict(response.headers.items()))

    async def _each(self) -> AsyncGenerator[bytes, None]:
        """Yield the pieces; after the end, nothing for as long as somebody asks."""
        left = self._cap
        try:
            async for piece in self._reads:
                left -= len(piece)
                if left < 0:
                    raise self._too_large()
                yield piece
        except FOREIGN as error:
            raise error_for(failure_of(error, in_body=True)) from error
        self._ended = True
        while True:
            yield b""

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
                    await self._pieces.aclose()
                    await self._response.aclose()
                finally:
                    await self._pool.give_back(self._shard)

    def _too_large(self) -> ModelError:
        message = f"the response has over {self._cap} bytes"
        return error_for(Failure("provider_unavailable", message))

    async def _unwind(self) -> None:
        """Close the chain of generators under the body from its innermost `await` outwards.

        To close the outermost one would leave those that it iterates to the garbage collector,
        which trio reports as a `ResourceWarning`.
        """
        with anyio.CancelScope() as scope, contextlib.suppress(*FOREIGN):
            scope.cancel()
            async for _ in self._reads:
                pass


class _PackedResponse(_Response):
    """A compressed response; the cap holds for what it is decompressed to as well.

    httpx would decompress all that has come at once, whatever it amounts to.
    """

    async def _each(self) -> AsyncGenerator[bytes, None]:
        inflater, room = Inflater(self.head.headers["content-encoding"]), self._cap
        async with contextlib.aclosing(super()._each()) as pieces:
            while piece := await anext(pieces):
                whole = inflater.feed(piece, room)
                room -= len(whole)
                if room < 0:
                    raise self._too_large()
                if whole:
                    yield whole
        inflater.close()
        while True:
            yield b""


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


def _check_proxy(proxy: str) -> None:
    """Refuse what is no proxy. The text does not show it, for it may hold a password."""
    try:
        url = httpx.URL(proxy)
    except (httpx.InvalidURL, TypeError):
        url = httpx.URL()
    if url.scheme not in {"http", "https", "socks5", "socks5h"} or not url.host:
        raise invalid_input("proxy takes the URL of a proxy, such as http://host:3128")
    if url.scheme.startswith("socks") and find_spec("socksio") is None:
        raise invalid_input("a SOCKS proxy needs socksio: install httpx[socks]")


@cache
def _shared_ssl_context(trust_env: bool) -> ssl.SSLContext:
    """One context for the whole process: it takes 20 ms to build, and is never changed."""
    return httpx.create_ssl_context(trust_env=trust_env)
