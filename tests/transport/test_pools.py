"""Connections: how many there are, whose they are, and when they are closed."""

from __future__ import annotations

import asyncio
import gc
import itertools
import ssl
from collections.abc import Sequence

import anyio
import httpx
import pytest
import trio

from beluga.errors import InvalidInputError, ModelError
from beluga.model import ChatModel
from beluga.registry import new
from beluga.transport.http import HttpRequest, HttpResponse, ResponseHead, Sent
from beluga.transport.httpx_http import HttpxHttp
from beluga.transport.httpx_pool import SHARDS_KEPT
from tests.transport.loopback import Connection, Step, answering, nothing_left_open
from tests.transport.wire import (
    DONE,
    END,
    GOOD_STREAM,
    GOOD_WHOLE,
    SSE,
    TEXT,
    WHOLE,
    chunk,
    delta,
    refusal,
    whole,
)

pytestmark = pytest.mark.real_time

SILENT = Connection.SILENT
HELD = (SSE, chunk(delta("Hi ")), 0.2, chunk(delta("you.", "stop") + DONE), END)


async def stream(model: ChatModel) -> str:
    async with model.stream("Hi") as chunks:
        return (await chunks.message()).text


def test_a_model_serves_every_loop_and_is_closed_with_it() -> None:
    """Nobody closes it; each loop leaves an idle connection, one that was cut, and a failure."""
    model = new("openai-compatible:m", base_url="http://127.0.0.1:9/v1")
    http = HttpxHttp()

    async def use() -> None:
        cut: Sequence[Step] = [SSE, chunk(delta("Hi ")), SILENT]
        with pytest.raises(ModelError):
            await model.generate("Hi")
        async with answering(GOOD_STREAM, cut, [refusal(500)], GOOD_WHOLE) as server:
            one = new("openai-compatible:m", base_url=f"{server.url}/v1", http=http)
            assert await stream(one) == TEXT
            async with one.stream("Hi") as chunks:
                await anext(aiter(chunks))
            with pytest.raises(ModelError):
                await one.generate("Hi")
            assert (await one.generate("Hi")).text == TEXT

    with nothing_left_open():
        for backend in itertools.islice(itertools.cycle(["asyncio", "trio"]), 4):
            anyio.run(use, backend=backend)
            gc.collect()
        asyncio.run(use())
        trio.run(use)


@pytest.mark.parametrize("count", [1, 8, 9, 100])
async def test_many_streams_at_once_all_come_whole(count: int) -> None:
    http = HttpxHttp()
    held = (SSE, chunk(delta("Hi ")), 0.1, chunk(delta("you.", "stop") + DONE), END)
    with nothing_left_open():
        async with answering(held) as server:
            model = new("openai-compatible:m", base_url=f"{server.url}/v1", http=http)
            texts: list[str] = []

            async def ask() -> None:
                texts.append(await stream(model))

            for _ in range(2):
                async with anyio.create_task_group() as tasks:
                    for _ in range(count):
                        tasks.start_soon(ask)
            assert texts == [TEXT] * (2 * count)
            assert server.connections <= 2 * count
            pool = await http._pools.running()
            assert len(pool._shards) <= SHARDS_KEPT
            assert await stream(model) == TEXT
            await http.aclose()


@pytest.mark.parametrize("streaming", [True, False], ids=["stream", "whole"])
async def test_a_model_may_be_closed_while_it_answers_and_used_again(streaming: bool) -> None:
    at_once = (whole(WHOLE)[:40], 0.2, whole(WHOLE)[40:])
    with nothing_left_open():
        async with answering(HELD if streaming else at_once) as server:
            model = new("openai-compatible:m", base_url=f"{server.url}/v1")
            answers: list[str] = []

            async def ask() -> None:
                answer = await (stream(model) if streaming else generate(model))
                answers.append(answer)

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(ask)
                await anyio.sleep(0.1)
                for _ in range(2):
                    await model.aclose()
                assert answers == []
                tasks.start_soon(ask)
            assert answers == [TEXT, TEXT]
            assert server.connections == 2
            await model.aclose()


async def generate(model: ChatModel) -> str:
    return (await model.generate("Hi")).text


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_call_that_still_connects_when_its_model_is_closed_leaves_nothing(
    scheme: str,
) -> None:
    with nothing_left_open():
        async with answering([SILENT]) as server:
            model = new(
                "openai-compatible:m", base_url=server.url.replace("http", scheme, 1) + "/v1"
            )
            with anyio.move_on_after(0.2):
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(stream, model)
                    await anyio.sleep(0.05)
                    await model.aclose()
            gc.collect()


class Watched(HttpxHttp):
    closed = 0

    async def aclose(self) -> None:
        self.closed += 1
        await super().aclose()


async def test_what_sends_for_somebody_else_is_not_closed_with_the_model() -> None:
    http = Watched()
    async with answering(GOOD_WHOLE) as server:
        url = f"{server.url}/v1"
        model = new("openai-compatible:m", base_url=url, http=http)
        async with model, model.with_options(seed=1) as derived:
            assert await generate(derived) == TEXT
        assert (http.closed, await generate(model)) == (0, TEXT)
        assert server.connections == 1
        await http.aclose()


async def test_one_way_to_the_network_serves_many_models() -> None:
    http = HttpxHttp()
    async with answering(GOOD_WHOLE) as server:
        for name in ("openai-compatible", "litellm", "bifrost"):
            model = new(name, model="m", base_url=f"{server.url}/v1", http=http)
            assert await generate(model) == TEXT
        assert server.connections == 1
    await http.aclose()


async def test_every_model_shares_one_ssl_context(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[ssl.SSLContext] = []
    create = httpx.create_ssl_context

    def counted(**given: bool) -> ssl.SSLContext:
        made.append(create(**given))
        return made[-1]

    monkeypatch.setattr(httpx, "create_ssl_context", counted)
    for _ in range(5):
        async with new("openai-compatible:m", base_url="https://127.0.0.1:9/v1") as model:
            with pytest.raises(ModelError):
                await model.generate("Hi")
    assert len(made) <= 1


DEAD = "http://127.0.0.1:9"


async def test_a_dead_proxy_in_the_environment_harms_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, DEAD)
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere.pem")
    async with answering(GOOD_WHOLE, GOOD_STREAM) as server:
        async with new("openai-compatible:m", base_url=f"{server.url}/v1") as model:
            assert (await generate(model), await stream(model)) == (TEXT, TEXT)
        trusting = HttpxHttp(trust_env=True)
        async with new("openai-compatible:m", base_url=f"{server.url}/v1", http=trusting) as model:
            monkeypatch.delenv("SSL_CERT_FILE")
            with pytest.raises(ModelError, match="no connection was made"):
                await generate(model)
        await trusting.aclose()


@pytest.mark.parametrize(
    "proxy", ["127.0.0.1:3128", "ftp://me:word@proxy", "http://", "http://:word@", "socks5://a:1"]
)
def test_a_proxy_that_is_none_is_refused_at_once_and_not_shown(proxy: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        HttpxHttp(proxy=proxy)
    assert "word" not in str(caught.value)


async def test_a_proxy_of_the_environment_that_cannot_be_used_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "socks5://127.0.0.1:9")
    async with new("openai-compatible:m", base_url=DEAD, http=HttpxHttp(trust_env=True)) as model:
        with pytest.raises(InvalidInputError, match="proxy"):
            await model.generate("Hi")


async def test_an_own_way_to_the_network_may_break_off_and_is_closed_once() -> None:
    """A user's `http` that raises what it likes is passed on, and its response is closed."""

    class Own:
        head = ResponseHead(200)
        closed = 0

        async def send(
            self, request: HttpRequest, *, connect_timeout: float, sent: Sent
        ) -> HttpResponse:
            sent()
            return self

        async def read(self) -> bytes:
            raise ZeroDivisionError

        async def aclose(self) -> None:
            self.closed += 1

    own = Own()
    model = new("openai-compatible:m", base_url=DEAD, http=own)
    with pytest.raises(ZeroDivisionError):
        await model.generate("Hi")
    assert own.closed == 1
