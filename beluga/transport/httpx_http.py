"""HTTP by httpx: connection pools that belong to an event loop, and errors of our own.

A pool of httpx looks at all of its connections several times a request, so many small ones are
faster than a large one: calls in flight are spread over shards of a few connections each.
"""

from __future__ import annotations

import contextlib
import math
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import anyio
import httpx
from anyio.lowlevel import RunVar

from beluga.errors import error_for
from beluga.schema import ErrorCode, Failure
from beluga.transport.http import HttpRequest, HttpResponse, ResponseHead, Sent

__all__ = ["HttpxHttp"]

CALLS_PER_SHARD: Final = 8
SHARDS_KEPT: Final = 4
"""Shards beyond these are closed as soon as they are idle."""

WRITE_TIMEOUT: Final = 60.0
"""Seconds that one write to the network may wait for the peer."""

DEFAULT_BODY_CAP: Final = 64 * 1024 * 1024


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
        self._pool: RunVar[_Pool] = RunVar("beluga.transport.pool")

    async def send(
        self, request: HttpRequest, *, connect_timeout: float, sent: Sent
    ) -> HttpResponse:
        """Send *request*; see `Http`."""
        pool = await self._running_pool()
        shard = pool.borrow()
        try:
            outgoing = _outgoing(shard.client, request, connect_timeout, sent)
            response = await shard.client.send(outgoing, stream=True)
        except BaseException as error:
            shard.calls -= 1
            if isinstance(error, _FOREIGN_KINDS):
                raise error_for(_failure(error, in_body=False)) from error
            raise
        return _Response(response, self._body_cap, pool, shard)

    async def aclose(self) -> None:
        """Close the connections that this event loop has opened."""
        pool = self._pool.get(None)
        if pool is not None:
            await pool.aclose()

    async def _running_pool(self) -> _Pool:
        pool = self._pool.get(None)
        if pool is None or pool.closed:
            pool = _Pool(self._client)
            self._pool.set(pool)
            await pool.live_with_the_loop()
        return pool

    def _client(self) -> httpx.AsyncClient:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=CALLS_PER_SHARD)
        no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
        return httpx.AsyncClient(
            verify=self._verify or _shared_ssl_context(),
            cookies=no_cookies,
            trust_env=self._trust_env,
            proxy=self._proxy,
            http2=self._http2,
            limits=limits,
            follow_redirects=False,
        )


class _Shard:
    """A client with a few connections."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.calls = 0


class _Pool:
    """The shards of one event loop."""

    def __init__(self, new_client: Callable[[], httpx.AsyncClient]) -> None:
        self._new_client = new_client
        self._shards: list[_Shard] = []
        self._keeper: AsyncGenerator[None, None] | None = None
        self.closed = False

    def borrow(self) -> _Shard:
        """Lend the first shard that has room, so that the last ones fall idle."""
        shard = next((s for s in self._shards if s.calls < CALLS_PER_SHARD), None)
        if shard is None:
            shard = _Shard(self._new_client())
            self._shards.append(shard)
        shard.calls += 1
        return shard

    async def give_back(self, shard: _Shard) -> None:
        """Take a shard back; idle ones beyond those that are kept are closed."""
        shard.calls -= 1
        while len(self._shards) > SHARDS_KEPT and self._shards[-1].calls == 0:
            await self._shards.pop().client.aclose()

    async def live_with_the_loop(self) -> None:
        """Have the loop close the pool when it ends, as it does with open async generators.

        Nothing else tells a library that a loop ends; connections left open then would be closed by
        the garbage collector, with a warning.
        """
        self._keeper = self._close_at_the_end()
        await anext(self._keeper)

    async def aclose(self) -> None:
        self.closed = True
        shards, self._shards = self._shards, []
        with anyio.CancelScope(shield=True):
            for shard in shards:
                await shard.client.aclose()
            if self._keeper is not None:
                keeper, self._keeper = self._keeper, None
                await keeper.aclose()

    async def _close_at_the_end(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            self._keeper = None
            await self.aclose()


class _Response:
    """A response of httpx, read under a cap."""

    head: ResponseHead

    def __init__(self, response: httpx.Response, cap: int, pool: _Pool, shard: _Shard) -> None:
        self._response, self._pool, self._shard = response, pool, shard
        self._reads = _reads(response)
        self._cap = self._left = cap
        self._closed = False
        self.head = ResponseHead(
            response.status_code, {n.lower(): v for n, v in response.headers.items()}
        )

    async def read(self) -> bytes:
        try:
            data = await self._reads.__anext__()
        except StopAsyncIteration:
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
            await self._unwind()
            with anyio.CancelScope(shield=True):
                await self._response.aclose()
        finally:
            with anyio.CancelScope(shield=True):
                await self._pool.give_back(self._shard)

    async def _unwind(self) -> None:
        """Close the chain of generators under the body from its innermost `await` outwards.

        To close the outermost one would leave those that it iterates to the garbage collector, which
        trio reports as a `ResourceWarning`.
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


def _outgoing(
    client: httpx.AsyncClient, request: HttpRequest, connect_timeout: float, sent: Sent
) -> httpx.Request:
    connect = None if connect_timeout == math.inf else connect_timeout

    async def trace(event: str, info: object) -> None:
        if event.endswith("send_request_body.complete"):
            sent()

    return client.build_request(
        request.method,
        request.url,
        headers=dict(request.headers),
        content=request.body or None,
        timeout=httpx.Timeout(None, connect=connect, write=WRITE_TIMEOUT),
        extensions={"trace": trace},
    )


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


