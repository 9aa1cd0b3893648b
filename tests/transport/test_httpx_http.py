"""What goes over the wire, what comes back, and what is left open: HTTP by httpx, on loopback."""

from __future__ import annotations

import base64
import gc
import gzip
import itertools
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream

from beluga.errors import ModelError
from beluga.testing.acts import Act, Drop, End, Hang, Head, Piece, Wait
from beluga.testing.http_server import Call, serve_connection
from beluga.transport.http import HttpRequest, HttpResponse, Sent
from beluga.transport.httpx_http import HttpxHttp

pytestmark = pytest.mark.real_time

ANSWER = (Head(200, {"content-length": "5", "x-id": "7"}), Piece(b"whole"), End())
STREAM = (Head(200), Piece(b"one"), Piece(b"two"), Piece(b"three"), End())


class Server:
    """Count connections, keep requests, and answer as told."""

    def __init__(self, acts: Iterable[Act] | Callable[[Call], Iterable[Act]]) -> None:
        self.calls: list[Call] = []
        self.connections = 0
        self.url = ""
        self._acts = acts

    async def connected(self, stream: SocketStream) -> None:
        self.connections += 1
        await serve_connection(stream, self._answer, 10)

    def _answer(self, call: Call) -> Iterable[Act]:
        self.calls.append(call)
        return self._acts(call) if callable(self._acts) else self._acts


@asynccontextmanager
async def serving(
    acts: Iterable[Act] | Callable[[Call], Iterable[Act]] = ANSWER,
) -> AsyncGenerator[Server, None]:
    server = Server(acts)
    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):
        server.url = f"http://127.0.0.1:{listener.extra(SocketAttribute.local_port)}"
        tasks.start_soon(listener.serve, server.connected)
        yield server
        tasks.cancel_scope.cancel()


@pytest.fixture
async def http() -> AsyncGenerator[HttpxHttp, None]:
    http = HttpxHttp()
    yield http
    await http.aclose()
    gc.collect()


def posted(
    server: Server, body: bytes = b"{}", headers: Mapping[str, str] | None = None
) -> HttpRequest:
    return HttpRequest("POST", f"{server.url}/v1/ask?x=1", headers or {}, body)


async def sending(http: HttpxHttp, request: HttpRequest, sent: Sent = lambda: None) -> HttpResponse:
    return await http.send(request, connect_timeout=5, sent=sent)


async def body_of(response: HttpResponse) -> list[bytes]:
    pieces: list[bytes] = []
    try:
        while data := await response.read():
            pieces.append(data)
    finally:
        await response.aclose()
    return pieces


async def test_a_request_says_what_it_must_and_no_more(http: HttpxHttp) -> None:
    async with serving() as server:
        request = posted(server, b'{"a":1}', {"Authorization": "Bearer k", "content-type": "a/b"})
        await body_of(await sending(http, request))
        call = server.calls[0]
        assert (call.method, call.target, call.body) == ("POST", "/v1/ask?x=1", b'{"a":1}')
        assert call.headers == {
            "host": server.url.removeprefix("http://"),
            "accept": "*/*",
            "accept-encoding": "gzip, deflate",
            "user-agent": "beluga",
            "content-length": "7",
            "authorization": "Bearer k",
            "content-type": "a/b",
        }


async def test_headers_of_the_request_win_in_any_case(http: HttpxHttp) -> None:
    async with serving() as server:
        own = {"User-Agent": "mine", "ACCEPT": "text/event-stream", "Host": "models.example"}
        await body_of(await sending(http, posted(server, headers=own)))
        headers = server.calls[0].headers
        assert {name: headers[name.lower()] for name in own} == own


async def test_credentials_in_the_address_are_sent_as_such(http: HttpxHttp) -> None:
    async with serving() as server:
        url = server.url.replace("://", "://me:p%40ss@")
        await body_of(await sending(http, HttpRequest("GET", url)))
        expected = base64.b64encode(b"me:p@ss").decode()
        assert server.calls[0].headers["authorization"] == f"Basic {expected}"
        assert "content-length" not in server.calls[0].headers


async def test_the_head_comes_with_lower_case_names(http: HttpxHttp) -> None:
    async with serving(
        [Head(404, {"X-Id": "7", "Content-Length": "2"}), Piece(b"no"), End()]
    ) as server:
        response = await sending(http, posted(server))
        assert response.head.status == 404
        assert response.head.header("x-id") == "7"
        assert await body_of(response) == [b"no"]


async def test_pieces_come_as_the_server_cut_them(http: HttpxHttp) -> None:
    async with serving(STREAM) as server:
        assert await body_of(await sending(http, posted(server))) == [b"one", b"two", b"three"]


async def test_a_compressed_body_is_decompressed(http: HttpxHttp) -> None:
    packed = gzip.compress(b"word " * 1000)
    async with serving([Head(200, {"content-encoding": "gzip"}), Piece(packed), End()]) as server:
        pieces = await body_of(await sending(http, posted(server)))
        assert b"".join(pieces) == b"word " * 1000


@pytest.mark.parametrize("body", [b"", b"{}", b"x" * 3_000_000])
async def test_it_tells_once_that_the_request_is_written(http: HttpxHttp, body: bytes) -> None:
    told: list[float] = []
    async with serving([Wait(0.1), *ANSWER]) as server:
        began = anyio.current_time()
        response = await sending(
            http, posted(server, body), lambda: told.append(anyio.current_time())
        )
        assert len(told) == 1
        assert told[0] - began < anyio.current_time() - began - 0.05
        await body_of(response)
        assert server.calls[0].body == body
        assert len(told) == 1


async def test_a_server_that_refuses_in_the_midst_of_a_large_body_is_heard(http: HttpxHttp) -> None:
    async def hang_up(stream: SocketStream) -> None:
        async with stream:
            await stream.receive(100)
            await stream.send(
                b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            )
            await stream.send_eof()
            with anyio.move_on_after(0.2):
                while True:
                    await stream.receive()

    server = Server(())
    server.connected = hang_up  # type: ignore[method-assign]  # this one does not speak through h11
    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):
        server.url = f"http://127.0.0.1:{listener.extra(SocketAttribute.local_port)}"
        tasks.start_soon(listener.serve, hang_up)
        response = await sending(http, posted(server, b"x" * 20_000_000))
        assert response.head.status == 413
        await body_of(response)
        tasks.cancel_scope.cancel()
    gc.collect()


@pytest.mark.parametrize("acts", [ANSWER, STREAM], ids=["whole", "streamed"])
async def test_calls_one_after_another_share_a_connection(
    http: HttpxHttp, acts: tuple[Act, ...]
) -> None:
    async with serving(acts) as server:
        for _ in range(5):
            await body_of(await sending(http, posted(server)))
        assert (len(server.calls), server.connections) == (5, 1)


async def test_many_calls_at_once_all_come_through_and_leave_nothing_open(http: HttpxHttp) -> None:
    async with serving([Wait(0.01), *ANSWER]) as server:

        async def ask() -> None:
            assert await body_of(await sending(http, posted(server))) == [b"whole"]

        async with anyio.create_task_group() as tasks:
            for _ in range(60):
                tasks.start_soon(ask)
        assert len(server.calls) == 60


@pytest.mark.parametrize("taken", [0, 1, 2])
async def test_a_body_that_is_left_early_takes_its_connection_along(
    http: HttpxHttp, taken: int
) -> None:
    async with serving([Head(200), Piece(b"one"), Piece(b"two"), Hang()]) as server:
        response = await sending(http, posted(server))
        for _ in range(taken):
            await response.read()
        await response.aclose()
        await response.aclose()
        await (await sending(http, posted(server))).aclose()
        assert server.connections == 2
    gc.collect()


async def test_a_read_that_is_cancelled_cleans_up(http: HttpxHttp) -> None:
    async with serving([Head(200), Piece(b"one"), Hang()]) as server:
        with anyio.move_on_after(0.1) as scope:
            await body_of(await sending(http, posted(server)))
        assert scope.cancelled_caught
        with anyio.move_on_after(0.1) as scope:
            await body_of(await sending(http, posted(server)))
        assert (scope.cancelled_caught, server.connections) == (True, 2)
    gc.collect()


async def test_a_wait_for_the_head_can_be_cancelled(http: HttpxHttp) -> None:
    async with serving([Hang()]) as server:
        for _ in range(3):
            with anyio.move_on_after(0.05) as scope:
                await sending(http, posted(server))
            assert scope.cancelled_caught
        assert server.connections == 3


async def test_a_body_larger_than_the_cap_is_refused() -> None:
    http = HttpxHttp(body_cap=7)
    async with serving(STREAM) as server:
        with pytest.raises(ModelError, match="over 7 bytes"):
            await body_of(await sending(http, posted(server)))
    await http.aclose()


async def test_a_body_that_breaks_off_is_incomplete(http: HttpxHttp) -> None:
    async with serving([Head(200), Piece(b"one"), Drop()]) as server:
        with pytest.raises(ModelError, match="broke off") as caught:
            await body_of(await sending(http, posted(server)))
        assert caught.value.failure.code == "incomplete_stream"
        assert caught.value.failure.retryable


async def test_nobody_there_is_a_provider_that_is_down(http: HttpxHttp) -> None:
    async with serving() as server:
        pass
    with pytest.raises(ModelError) as caught:
        await sending(http, posted(server))
    assert caught.value.failure.code == "provider_unavailable"
    assert caught.value.failure.retryable


@pytest.mark.parametrize("url", ["ftp://models.example/v1", "http://[::1/v1", "models.example"])
async def test_a_wrong_address_is_the_callers(http: HttpxHttp, url: str) -> None:
    with pytest.raises(ModelError, match="check base_url") as caught:
        await sending(http, HttpRequest("POST", url, {}, b"{}"))
    assert caught.value.failure.code == "invalid_input"


async def test_cookies_are_not_kept() -> None:
    acts: list[Act] = [Head(200, {"set-cookie": "a=1; Path=/", "content-length": "0"}), End()]
    for http in (HttpxHttp(), HttpxHttp(trust_env=True)):
        async with serving(acts) as server:
            for _ in range(2):
                await body_of(await sending(http, posted(server)))
            assert all("cookie" not in call.headers for call in server.calls)
        await http.aclose()


@pytest.mark.parametrize("trusted", [True, False])
async def test_the_environments_proxy_is_used_only_if_trusted(
    monkeypatch: pytest.MonkeyPatch, trusted: bool
) -> None:
    http = HttpxHttp(trust_env=trusted)
    async with serving() as proxy, serving() as server:
        for name in ("HTTP_PROXY", "http_proxy"):
            monkeypatch.setenv(name, proxy.url)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        await body_of(await sending(http, posted(server)))
        through = [call.target for call in proxy.calls]
        assert through == ([f"{server.url}/v1/ask?x=1"] if trusted else [])
        assert len(server.calls) == (0 if trusted else 1)
    await http.aclose()


async def test_a_proxy_of_ones_own_is_used() -> None:
    async with serving() as proxy:
        http = HttpxHttp(proxy=proxy.url)
        await body_of(
            await sending(http, HttpRequest("POST", "http://models.invalid/v1", {}, b"{}"))
        )
        assert proxy.calls[0].target == "http://models.invalid/v1"
        assert proxy.calls[0].headers["host"] == "models.invalid"
        await http.aclose()


def test_one_http_serves_every_loop_it_is_used_in() -> None:
    http = HttpxHttp()

    async def ask_twice() -> int:
        async with serving() as server:
            for _ in range(2):
                await body_of(await sending(http, posted(server)))
            return server.connections

    for backend in itertools.islice(itertools.cycle(["asyncio", "trio"]), 4):
        assert anyio.run(ask_twice, backend=backend) == 1  # and nothing is left open: a warning
    gc.collect()
