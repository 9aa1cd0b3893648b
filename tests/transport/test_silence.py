"""How long nothing may come, over real sockets: what ends the wait, and what never does."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream

from beluga.effects import live
from beluga.errors import ModelTimeoutError, ProviderDownError, RateLimitError
from beluga.events import AttemptEnded, Event
from beluga.model import ChatModel
from beluga.registry import new
from beluga.schema import AIMessage, Timeouts
from tests.transport.loopback import Connection, Step, answering, head, nothing_left_open
from tests.transport.wire import END, GOOD_STREAM, SSE, STREAM, TEXT, WHOLE, chunk, delta, whole

pytestmark = pytest.mark.real_time

SILENT = Connection.SILENT
PING = chunk(b": ping\n\n")
ROLE = chunk(b'data: {"choices": [{"index": 0, "delta": {"role": "assistant"}}]}\n\n')
EMPTY = chunk(delta(""))
FIRST = Timeouts(first_content=0.25, between_content=60, total=60)
BETWEEN = Timeouts(first_content=60, between_content=0.25, total=60)


async def watch(model: ChatModel, timeouts: Timeouts, events: list[Event]) -> AIMessage:
    fx = live().notifying(events.append)
    async with model.stream("Hi", timeout=timeouts, fx=fx) as chunks:
        return await chunks.message()


def repeated(*steps: Step) -> list[Step]:
    return [*steps] * 30


BEFORE_CONTENT: dict[str, Sequence[Step]] = {
    "no head": [SILENT],
    "half a head": [b"HTTP/1.1 200 OK\r\ncontent-", SILENT],
    "no body": [SSE, SILENT],
    "half an event": [SSE, chunk(STREAM[:20]), SILENT],
    "pings": [SSE, *repeated(PING, 0.05)],
    "a flood of pings": [SSE, *repeated(PING * 1000, 0.01), SILENT],
    "roles": [SSE, *repeated(ROLE, 0.05)],
    "empty deltas": [SSE, *repeated(EMPTY, 0.05)],
    "byte by byte": [SSE, *[step for byte in STREAM for step in (chunk(bytes([byte])), 0.02)]],
}
IN_CONTENT: dict[str, Sequence[Step]] = {
    "nothing more": [SSE, chunk(delta("Hi ")), SILENT],
    "half an event": [SSE, chunk(delta("Hi ") + STREAM[:20]), SILENT],
    "pings": [SSE, chunk(delta("Hi ")), *repeated(PING, 0.05)],
    "empty deltas": [SSE, chunk(delta("Hi ")), *repeated(EMPTY, 0.05)],
}


@pytest.mark.parametrize(
    ("steps", "timeouts", "which", "partial"),
    [
        *[pytest.param(s, FIRST, "first_content", "", id=n) for n, s in BEFORE_CONTENT.items()],
        *[
            pytest.param(s, BETWEEN, "between_content", "Hi ", id=f"{n}, later")
            for n, s in IN_CONTENT.items()
        ],
    ],
)
async def test_silence_ends_a_stream_and_says_which_timeout_it_was(
    steps: Sequence[Step], timeouts: Timeouts, which: str, partial: str
) -> None:
    events: list[Event] = []
    with nothing_left_open():
        async with (
            answering(steps, GOOD_STREAM) as server,
            new("openai-compatible:m", base_url=f"{server.url}/v1") as model,
        ):
            began = anyio.current_time()
            with pytest.raises(ModelTimeoutError) as caught:
                await watch(model, timeouts, events)
            assert 0.24 < anyio.current_time() - began < 3
            error = caught.value
            assert f"timeout {which}" in error.message
            assert "0.25 s" in error.message
            assert (error.retryable, error.local) == (not partial, False)
            assert (error.partial.text if error.partial else "") == partial
            ended = events[-1]
            assert isinstance(ended, AttemptEnded)
            assert (ended.failure, ended.abandoned) == (error.failure, False)
            assert (await watch(model, Timeouts(), events)).text == TEXT


async def test_content_in_time_may_come_for_as_long_as_it_likes() -> None:
    slow = [SSE, *repeated(chunk(delta("a")), 0.03), chunk(STREAM), END]
    async with answering(slow) as server:
        model = new("openai-compatible:m", base_url=f"{server.url}/v1")
        answer = await watch(model, Timeouts(first_content=0.5, between_content=0.5), [])
        assert answer.text == "a" * 30 + TEXT
        await model.aclose()


async def test_a_slow_consumer_is_never_silence() -> None:
    many = [SSE, *[chunk(delta("a"))] * 40, 0.02, chunk(STREAM), END]
    async with answering(many) as server:
        model = new("openai-compatible:m", base_url=f"{server.url}/v1")
        quick = Timeouts(first_content=0.2, between_content=0.2)
        async with model.stream("Hi", timeout=quick) as chunks:
            await anyio.sleep(0.5)
            for _ in range(3):
                await anext(aiter(chunks))
                await anyio.sleep(0.3)
            assert (await chunks.message()).text == "a" * 40 + TEXT
        await model.aclose()


async def test_a_whole_answer_may_take_all_the_time_there_is() -> None:
    async with answering([0.4, whole(WHOLE)]) as server:
        model = new("openai-compatible:m", base_url=f"{server.url}/v1")
        assert (await model.generate("Hi", timeout=FIRST)).text == TEXT
        await model.aclose()


@pytest.mark.parametrize("streaming", [True, False], ids=["stream", "whole"])
async def test_the_total_names_itself_and_nothing_is_tried_again(streaming: bool) -> None:
    drip = [SSE, *repeated(chunk(delta("a")), 0.05)] if streaming else [0.05, SILENT]
    events: list[Event] = []
    with nothing_left_open():
        async with (
            answering(drip) as server,
            new("openai-compatible:m", base_url=f"{server.url}/v1") as model,
        ):
            with pytest.raises(ModelTimeoutError, match=r"total time of 0\.4 s") as caught:
                if streaming:
                    await watch(model, Timeouts(total=0.4), events)
                else:
                    fx = live().notifying(events.append)
                    await model.generate("Hi", timeout=0.4, fx=fx)
            assert (caught.value.retryable, caught.value.local) == (False, True)
            assert (caught.value.partial is not None) == streaming
            ended = events[-1]
            assert isinstance(ended, AttemptEnded)
            assert (ended.failure, ended.abandoned) == (None, True)


@pytest.mark.parametrize("streaming", [True, False], ids=["stream", "whole"])
async def test_a_refusal_whose_body_never_comes_is_known_by_its_status(streaming: bool) -> None:
    stuck = [head(429, retry_after=9, content_length=50), b'{"error', SILENT]
    with nothing_left_open():
        async with (
            answering(stuck) as server,
            new("openai-compatible:m", base_url=f"{server.url}/v1") as model,
        ):
            with anyio.fail_after(10), pytest.raises(RateLimitError) as caught:
                if streaming:
                    await watch(model, FIRST, [])
                else:
                    await model.generate("Hi")
            assert caught.value.retry_after == 9


async def test_a_connection_that_is_never_made_has_a_timeout_of_its_own() -> None:
    """A server that accepts and is silent, where TLS is to be spoken."""
    with nothing_left_open():
        async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
            port = listener.extra(SocketAttribute.local_port)
            url = f"https://127.0.0.1:{port}/v1"
            async with new("openai-compatible:m", base_url=url) as model:
                timeouts = Timeouts(connect=0.2, first_content=0.05, total=60)
                with pytest.raises(ModelTimeoutError, match="timeout connect") as caught:
                    await watch(model, timeouts, [])
                assert caught.value.retryable


async def test_a_server_that_speaks_no_tls_is_told_as_that() -> None:
    async def greet(stream: SocketStream) -> None:
        async with stream:
            await stream.send(b"220 smtp.example ESMTP\r\n")
            with anyio.move_on_after(5):
                await stream.receive()

    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(listener.serve, greet)
        port = listener.extra(SocketAttribute.local_port)
        async with new("openai-compatible:m", base_url=f"https://127.0.0.1:{port}") as model:
            with pytest.raises(ProviderDownError, match=r"no connection was made: .*SSL"):
                await model.generate("Hi")
        tasks.cancel_scope.cancel()
