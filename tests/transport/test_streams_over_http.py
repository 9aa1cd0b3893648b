"""Streams from a socket to their consumer: in order, at once, and no faster than they are taken."""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream

from beluga.model import ChatModel
from beluga.registry import new
from beluga.schema import Finish, TextDelta
from beluga.streams import BUFFERED_BATCHES, ChunkStream
from beluga.transport.http import HttpRequest, HttpResponse, ResponseHead, Sent
from beluga.transport.relay import BATCH
from tests.transport.loopback import answering, nothing_left_open
from tests.transport.wire import DONE, END, GOOD_STREAM, SSE, chunk, delta

Serve = Callable[[SocketStream], Awaitable[None]]


@asynccontextmanager
async def asking(url: str) -> AsyncIterator[ChatModel]:
    async with new("openai-compatible:m", base_url=f"{url}/v1") as model:
        yield model


@asynccontextmanager
async def lockstep(serve: Serve) -> AsyncGenerator[ChatModel, None]:
    """Answer the only request with *serve*, which may wait for what the consumer has seen."""

    async def connected(stream: SocketStream) -> None:
        async with stream:
            await stream.receive()
            await stream.send(SSE)
            await serve(stream)

    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):
        url = f"http://127.0.0.1:{listener.extra(SocketAttribute.local_port)}"
        tasks.start_soon(listener.serve, connected)
        async with asking(url) as model:
            yield model
        tasks.cancel_scope.cancel()


async def texts(chunks: ChunkStream) -> list[str]:
    return [chunk.text async for chunk in chunks if isinstance(chunk, TextDelta)]


@pytest.mark.real_time
@pytest.mark.parametrize("size", [1, 7, 100, 65536])
async def test_every_chunk_comes_once_and_in_order_however_the_bytes_are_cut(size: int) -> None:
    numbers = [str(n) for n in range(3000 if size > 99 else 60)]
    body = b"".join([chunk(delta(n)) for n in numbers]) + chunk(delta("", "stop") + DONE) + END
    cuts = [body[at : at + size] for at in range(0, len(body), size)]
    async with answering([SSE, *cuts]) as server, asking(server.url) as model:
        for _ in range(2):
            async with model.stream("Hi") as chunks:
                assert await texts(chunks) == numbers
        assert server.connections == 1


@pytest.mark.real_time
@pytest.mark.parametrize("burst", [1, 2, BATCH - 1, BATCH, BATCH + 1, 3 * BATCH])
async def test_no_chunk_is_held_back_while_the_server_waits(burst: int) -> None:
    seen = [anyio.Event() for _ in range(4)]

    async def serve(stream: SocketStream) -> None:
        for turn, all_seen in enumerate(seen):
            events = [chunk(delta(f"{turn}.{n}")) for n in range(burst)]
            await stream.send(b"".join(events))
            await all_seen.wait()
        await stream.send(chunk(delta("", "stop") + DONE) + END)

    async with lockstep(serve) as model, model.stream("Hi") as chunks:
        with anyio.fail_after(20):
            for turn, all_seen in enumerate(seen):
                for n in range(burst):
                    assert await anext(chunks) == TextDelta(f"{turn}.{n}")
                all_seen.set()
            assert isinstance(await anext(chunks), Finish)


@pytest.mark.real_time
@pytest.mark.parametrize("taken", [1, 2, BATCH, 2 * BATCH + 3])
async def test_a_stream_left_in_the_midst_ends_at_once_and_leaves_nothing(taken: int) -> None:
    burst = b"".join([chunk(delta(str(n))) for n in range(3 * BATCH)])

    with nothing_left_open():
        async with (
            answering([SSE, burst, 60.0], GOOD_STREAM) as server,
            asking(server.url) as model,
        ):
            began = anyio.current_time()
            async with model.stream("Hi") as chunks:
                for n in range(taken):
                    assert await anext(chunks) == TextDelta(str(n))
            assert anyio.current_time() - began < 10
            async with model.stream("Hi") as chunks:
                assert (await chunks.message()).text == "Hi you."
            assert server.connections == 2


@pytest.mark.real_time
async def test_a_stream_cancelled_while_it_waits_ends_at_once_and_leaves_nothing() -> None:
    burst = b"".join([chunk(delta(str(n))) for n in range(5)])
    with nothing_left_open():
        async with answering([SSE, burst, 60.0]) as server, asking(server.url) as model:
            seen: list[object] = []
            with anyio.move_on_after(0.3) as scope:
                async with model.stream("Hi") as chunks:
                    async for each in chunks:
                        seen.append(each)
            assert scope.cancelled_caught
            assert seen == [TextDelta(str(n)) for n in range(5)]


class Torrent:
    """A response whose body never ends and never waits."""

    head = ResponseHead(200, {"content-type": "text/event-stream"})

    def __init__(self) -> None:
        self.numbers = itertools.count()
        self.given = 0

    async def read(self) -> bytes:
        self.given += 1
        return delta(str(next(self.numbers)))

    async def aclose(self) -> None:
        """There is nothing to close."""


class TorrentHttp:
    def __init__(self, response: Torrent) -> None:
        self._response = response

    async def send(
        self, request: HttpRequest, *, connect_timeout: float, sent: Sent
    ) -> HttpResponse:
        sent()
        return self._response

    async def aclose(self) -> None:
        """There is nothing to close."""


async def test_a_slow_consumer_holds_the_server_back() -> None:
    torrent = Torrent()
    model = new("openai-compatible:m", base_url="http://localhost", http=TorrentHttp(torrent))
    ahead = (BUFFERED_BATCHES + 2) * BATCH
    async with model.stream("Hi") as chunks:
        for taken in range(5 * ahead):
            assert await anext(chunks) == TextDelta(str(taken))
            assert torrent.given - taken <= ahead
            if taken % 97 == 0:
                await anyio.sleep(1)


async def test_a_fast_server_starves_nobody() -> None:
    model = new("openai-compatible:m", base_url="http://localhost", http=TorrentHttp(Torrent()))
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            await anyio.lowlevel.checkpoint()
            turns += 1

    async with anyio.create_task_group() as tasks, model.stream("Hi") as chunks:
        tasks.start_soon(other)
        for _ in range(100 * BATCH):
            await anext(chunks)
        tasks.cancel_scope.cancel()
    assert turns >= 3
