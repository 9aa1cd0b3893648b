"""Streams and calls under the backends' own cancellation, without anyio's scopes round them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
import trio.testing

from beluga.effects import Effects
from beluga.errors import ModelTimeoutError
from beluga.schema import Finish, Request, TextDelta
from beluga.testing.virtual_time import VirtualTimeLoop
from tests.conftest import eager_loops
from tests.doubles import Endless, FunctionModel, words

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "virtual": VirtualTimeLoop,
}
if sys.version_info >= (3, 12):
    LOOPS["eager"] = eager_loops(VirtualTimeLoop)


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Callable[[Awaitable[None]], None]:
    """Run a coroutine on plain asyncio; neither a task may be left nor the loop complain."""

    def run_to_its_end(call: Any) -> None:
        complaints: list[dict[str, Any]] = []

        async def watched() -> None:
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda _, context: complaints.append(context))
            await call
            assert asyncio.all_tasks() == {asyncio.current_task()}

        with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
            runner.run(watched())
        assert complaints == []

    return run_to_its_end


def cancelling() -> int:
    task = asyncio.current_task()
    assert task is not None
    return task.cancelling()


Run = Callable[[Awaitable[None]], None]


def test_asyncio_timeout_round_a_stream(run: Run) -> None:
    producer = Endless()

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3.5):
                async with FunctionModel(producer).stream("Hi") as chunks:
                    await chunks.message()
        assert producer.cleaned
        assert cancelling() == 0
        await asyncio.sleep(1)  # the task is whole

    run(main())


def test_asyncio_timeout_round_one_chunk(run: Run) -> None:
    async def main() -> None:
        async with FunctionModel(Endless(interval=5)).stream("Hi") as chunks:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await anext(aiter(chunks))
            assert cancelling() == 0
            assert await anext(aiter(chunks)) == TextDelta("0 ")

    run(main())


def test_a_cancellation_that_meets_a_chunk_loses_nothing(run: Run) -> None:
    """As when a timeout passes in the very step of the loop in which a chunk arrives."""

    async def main() -> None:
        waiting = asyncio.Event()
        readers: list[asyncio.Task[Any]] = []

        async def answer(request: Request, fx: Effects) -> Finish:
            await waiting.wait()
            await fx.emit([TextDelta("a")])
            readers[0].cancel()
            await asyncio.sleep(1)
            await fx.emit([TextDelta("b")])
            return Finish("stop")

        async with FunctionModel(answer).stream("Hi") as chunks:

            async def read() -> None:
                await anext(aiter(chunks))

            readers.append(asyncio.create_task(read()))
            await asyncio.sleep(0)
            waiting.set()
            with pytest.raises(asyncio.CancelledError):
                await readers[0]
            assert (await chunks.message()).text == "ab"

    run(main())


def test_asyncio_timeout_inside_the_block(run: Run) -> None:
    producer = Endless()

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with FunctionModel(producer).stream("Hi") as chunks, asyncio.timeout(2.5):
                await chunks.message()
        assert producer.cleaned
        assert cancelling() == 0

    run(main())


def test_a_cancelled_task_cleans_up_and_is_cancelled(run: Run) -> None:
    producer = Endless()
    after: list[str] = []

    async def consume() -> None:
        try:
            async with FunctionModel(producer).stream("Hi") as chunks:
                await chunks.message()
        finally:
            after.append("left")
        after.append("never")

    async def main() -> None:
        task = asyncio.create_task(consume())
        await asyncio.sleep(3.5)
        task.cancel("enough")
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled()
        assert producer.cleaned
        assert after == ["left"]

    run(main())


def test_a_task_cancelled_at_once_leaves_nothing(run: Run) -> None:
    producer = Endless()

    async def consume() -> None:
        async with FunctionModel(producer).stream("Hi") as chunks:
            await chunks.message()

    async def main() -> None:
        for ticks in range(4):
            task = asyncio.create_task(consume())
            for _ in range(ticks):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    run(main())


def test_a_task_cancelled_twice_still_cleans_up(run: Run) -> None:
    producer = Endless()

    async def consume() -> None:
        async with FunctionModel(producer).stream("Hi") as chunks:
            await chunks.message()

    async def main() -> None:
        task = asyncio.create_task(consume())
        await asyncio.sleep(2.5)
        task.cancel()
        await asyncio.sleep(1)  # in the midst of the clean-up
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert producer.cleaned

    run(main())


def test_uncancel_after_a_swallowed_cancellation(run: Run) -> None:
    async def main() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            async with FunctionModel(Endless()).stream("Hi") as chunks:
                await chunks.message()
        assert task.uncancel() == 0
        async with FunctionModel(words("a")).stream("Hi") as chunks:
            assert (await chunks.message()).text == "a"

    run(main())


def test_a_task_group_that_fails_cancels_the_stream(run: Run) -> None:
    producer = Endless()

    async def consume() -> None:
        async with FunctionModel(producer).stream("Hi") as chunks:
            await chunks.message()

    async def fail() -> None:
        await asyncio.sleep(2.5)
        raise ValueError("sibling")

    async def main() -> None:
        with pytest.raises(ExceptionGroup) as caught:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(consume())
                tasks.create_task(fail())
        assert [str(error) for error in caught.value.exceptions] == ["sibling"]
        assert producer.cleaned

    run(main())


def test_asyncio_timeout_round_a_call(run: Run) -> None:
    producer = Endless()

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3.5):
                await FunctionModel(producer).generate("Hi")
        assert producer.cleaned
        assert cancelling() == 0

    run(main())


def test_the_total_deadline_is_no_cancellation_of_the_callers_task(run: Run) -> None:
    async def main() -> None:
        with pytest.raises(ModelTimeoutError):
            await FunctionModel(Endless()).generate("Hi", timeout=3)
        assert cancelling() == 0
        async with asyncio.timeout(100):
            async with FunctionModel(Endless()).stream("Hi", timeout=3) as chunks:
                with pytest.raises(ModelTimeoutError):
                    await chunks.message()
        assert cancelling() == 0

    run(main())


def test_wait_for_and_gather(run: Run) -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(FunctionModel(Endless()).generate("Hi"), 2)
        answers = await asyncio.gather(
            *[FunctionModel(words(text)).generate("Hi") for text in "abc"]
        )
        assert [answer.text for answer in answers] == ["a", "b", "c"]

    run(main())


def test_a_producer_that_raises_system_exit_ends_an_asyncio_program() -> None:
    """What asyncio itself does with `SystemExit` in any task."""

    async def answer(request: Request, fx: Effects) -> Finish:
        raise SystemExit(3)

    async def main() -> None:
        async with FunctionModel(answer).stream("Hi") as chunks:
            await chunks.message()

    with pytest.raises(SystemExit), asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(main())


def run_trio(call: Callable[[], Awaitable[None]]) -> None:
    trio.run(call, clock=trio.testing.MockClock(autojump_threshold=0))


def test_a_trio_scope_round_a_stream() -> None:
    producer = Endless()

    async def main() -> None:
        with trio.move_on_after(3.5) as scope:
            async with FunctionModel(producer).stream("Hi") as chunks:
                await chunks.message()
        assert scope.cancelled_caught
        assert producer.cleaned
        assert trio.current_time() == pytest.approx(5.5)

    run_trio(main)


def test_trio_fail_after_round_one_chunk() -> None:
    async def main() -> None:
        async with FunctionModel(Endless(interval=5)).stream("Hi") as chunks:
            with pytest.raises(trio.TooSlowError), trio.fail_after(1):
                await anext(aiter(chunks))
            assert await anext(aiter(chunks)) == TextDelta("0 ")

    run_trio(main)


def test_a_trio_nursery_that_fails_cancels_the_stream() -> None:
    producer = Endless()

    async def fail() -> None:
        await trio.sleep(2.5)
        raise ValueError("sibling")

    async def main() -> None:
        with pytest.raises(ExceptionGroup) as caught:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(fail)
                async with FunctionModel(producer).stream("Hi") as chunks:
                    await chunks.message()
        assert [str(error) for error in caught.value.exceptions] == ["sibling"]
        assert producer.cleaned

    run_trio(main)


def test_a_trio_producer_that_raises_system_exit() -> None:
    async def answer(request: Request, fx: Effects) -> Finish:
        raise SystemExit(3)

    async def main() -> None:
        async with FunctionModel(answer).stream("Hi") as chunks:
            await chunks.message()

    with pytest.raises(SystemExit) as caught:
        run_trio(main)
    assert caught.value.code == 3


def test_trio_cancellation_before_the_first_step() -> None:
    async def main() -> None:
        with trio.CancelScope() as scope:
            scope.cancel()
            async with FunctionModel(Endless()).stream("Hi") as chunks:
                await chunks.message()
        assert scope.cancelled_caught

    run_trio(main)
