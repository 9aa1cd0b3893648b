"""Cancellation at every await of an exchange: nothing is left, and the account is right.

A call is run again and again, and each time it is cancelled one suspension later, until it ends
before its cancellation. It is cancelled while it waits, and in the moment in which it wakes.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar

import anyio
import pytest

from beluga.effects import Effects, live
from beluga.errors import ModelError
from beluga.events import Attempted, AttemptEnded, Event
from beluga.model import ChatModel, Wrapper
from beluga.registry import new
from beluga.schema import Finish, Request, Timeouts, Usage
from beluga.transport.httpx_http import HttpxHttp
from tests.transport.loopback import Connection, Step, answering, head, nothing_left_open
from tests.transport.wire import (
    END,
    GOOD_STREAM,
    GOOD_WHOLE,
    SSE,
    STREAM,
    TEXT,
    WHOLE,
    chunk,
    delta,
    refusal,
)

pytestmark = pytest.mark.real_time

T = TypeVar("T")
MOST_STEPS = 400


class Stepped(Generic[T]):
    """Await a call, and tell before each suspension, or each awakening, how many there were."""

    def __init__(self, call: Coroutine[Any, Any, T], told: Callable[[int], None], waking: bool):
        self._call, self._told, self._waking = call, told, waking

    def __await__(self) -> Generator[Any, Any, T]:
        steps = 0
        resume: Callable[[], Any] = lambda: self._call.send(None)  # noqa: E731
        while True:
            try:
                waiting = resume()
            except StopIteration as done:
                result: T = done.value
                return result
            steps += 1
            if not self._waking:
                self._told(steps)
            try:
                sent = yield waiting
            except BaseException as error:  # cancellation is handed in, not kept
                resume = lambda error=error: self._call.throw(error)  # noqa: E731
            else:
                resume = lambda sent=sent: self._call.send(sent)  # noqa: E731
            if self._waking:
                self._told(steps)


class Cut:
    """Cancel at a step of whatever is run through it.

    Args:
        step: At which suspension.
        waking: As it wakes, instead of while it waits.
        cancel: What cancels it; its own scope, unless something else does.
    """

    def __init__(self, step: int, waking: bool, cancel: Callable[[], object] | None = None) -> None:
        self._step, self._waking = step, waking
        self.reached = False
        self.scope = anyio.CancelScope()
        self._cancel = cancel or self.scope.cancel

    def through(self, call: Coroutine[Any, Any, T]) -> Stepped[T]:
        return Stepped(call, self._told, self._waking)

    def _told(self, steps: int) -> None:
        if steps == self._step:
            self.reached = True
            self._cancel()


class SteppedModel(Wrapper):
    """Take the steps of an answer, wherever it is made, one by one."""

    def __init__(self, inner: ChatModel, cut: Cut) -> None:
        super().__init__(inner)
        self._cut = cut

    async def respond(self, request: Request, fx: Effects) -> Finish:
        return await self._cut.through(self.inner.respond(request, fx))


async def ask(model: ChatModel, events: list[Event], *, streaming: bool) -> str:
    fx = live(0).notifying(events.append)
    timeouts = Timeouts(5, 5, 5, 5)
    if not streaming:
        return (await model.generate("Hi", fx=fx, timeout=timeouts)).text
    async with model.stream("Hi", fx=fx, timeout=timeouts) as chunks:
        return (await chunks.message()).text


@asynccontextmanager
async def asking(steps: Sequence[Step], http: HttpxHttp) -> AsyncGenerator[ChatModel, None]:
    with nothing_left_open():
        async with answering(steps) as server:
            url = f"{server.url}/v1"
            async with new("openai-compatible:m", base_url=url, http=http) as model:
                yield model
            await http.aclose()


def check_account(events: list[Event], *, cancelled: bool) -> None:
    """Every attempt that began has ended; if it was cut short, it says so."""
    ended = [event for event in events if isinstance(event, AttemptEnded)]
    begun = [event for event in events if isinstance(event, Attempted)]
    assert len(ended) == len(begun) <= 1
    for event in ended:
        assert event.seconds >= 0
        assert not (event.abandoned and event.failure)
        if cancelled:
            assert event.abandoned or event.failure or event.usage == Usage(1, 2, 3)
        else:
            assert not event.abandoned


LONG = head(content_length=len(WHOLE))
PIECES = [STREAM[at : at + 40] for at in range(0, len(STREAM), 40)]

SCRIPTS: dict[str, tuple[bool, Sequence[Step]]] = {
    "stream": (True, GOOD_STREAM),
    "stream in pieces": (True, [SSE, *[step for p in PIECES for step in (chunk(p), 0.001)], END]),
    "stream that lingers": (True, [SSE, chunk(STREAM), Connection.SILENT]),
    "stream that breaks": (True, [SSE, chunk(delta("Hi ")), 0.001, Connection.CLOSED]),
    "whole": (False, GOOD_WHOLE),
    "whole in pieces": (False, [LONG, 0.001, WHOLE[:30], 0.001, WHOLE[30:]]),
    "refusal": (False, [refusal(429)]),
    "refusal in pieces": (True, [head(500, content_length=4), 0.001, b"oh", 0.001, b"no"]),
    "refusal that breaks": (True, [head(500, content_length=4), b"oh", Connection.CLOSED]),
    "reset": (True, [Connection.RESET]),
}  # fmt: skip


@pytest.mark.parametrize("waking", [False, True], ids=["waiting", "waking"])
@pytest.mark.parametrize("whose", ["model", "caller"])
@pytest.mark.parametrize(("streaming", "steps"), SCRIPTS.values(), ids=SCRIPTS)
async def test_at_every_step_nothing_is_left_and_the_account_is_right(
    streaming: bool, steps: Sequence[Step], whose: str, waking: bool
) -> None:
    http = HttpxHttp()
    async with asking(steps, http) as model:
        for step in range(1, MOST_STEPS):
            events: list[Event] = []
            cut = Cut(step, waking)
            with cut.scope, contextlib.suppress(ModelError):
                if whose == "model":
                    await ask(SteppedModel(model, cut), events, streaming=streaming)
                else:
                    await cut.through(ask(model, events, streaming=streaming))
            check_account(events, cancelled=cut.scope.cancelled_caught)
            assert calls_in_flight(http) == 0
            if not cut.reached:
                break
        assert 1 < step < MOST_STEPS - 1


@pytest.mark.parametrize("waking", [False, True], ids=["waiting", "waking"])
@pytest.mark.parametrize(("streaming", "steps"), SCRIPTS.values(), ids=SCRIPTS)
def test_a_task_of_asyncio_is_cancelled_at_every_step(
    streaming: bool, steps: Sequence[Step], waking: bool
) -> None:
    """As frameworks do it that know no scopes: once, and a second time in the clean-up."""

    async def call(model: ChatModel, step: int, times: int, events: list[Event]) -> Cut:
        def cancel() -> None:
            task.cancel()
            if times > 1:
                asyncio.get_running_loop().call_later(0.0005, task.cancel)

        async def run() -> None:
            with contextlib.suppress(ModelError):
                await ask(SteppedModel(model, cut), events, streaming=streaming)

        cut = Cut(step, waking, cancel)
        task = asyncio.create_task(run())
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return cut

    async def sweep() -> None:
        http = HttpxHttp()
        async with asking(steps, http) as model:
            for step, times in itertools.product(range(1, MOST_STEPS), (1, 2)):
                events: list[Event] = []
                cut = await call(model, step, times, events)
                check_account(events, cancelled=cut.reached)
                assert calls_in_flight(http) == 0
                if not cut.reached:
                    return
        pytest.fail("it never ends")

    asyncio.run(sweep())


async def test_a_cancelled_close_closes_all_the_same() -> None:
    http = HttpxHttp()
    async with asking(GOOD_WHOLE, http) as model:
        for step in range(1, MOST_STEPS):
            assert await ask(model, [], streaming=False) == TEXT
            cut = Cut(step, waking=False)
            with cut.scope:
                await cut.through(http.aclose())
            assert open_connections(http) == 0
            if not cut.reached:
                break


def open_connections(http: HttpxHttp) -> int:
    pool = http._pools._pool.get(None)
    return 0 if pool is None else len(pool._shards)


def calls_in_flight(http: HttpxHttp) -> int:
    pool = http._pools._pool.get(None)
    return 0 if pool is None else sum(shard.calls for shard in pool._shards)
