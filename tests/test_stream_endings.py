"""What a stream does when its consumer or its producer leaves, fails, is slow or is cancelled."""

from __future__ import annotations

import contextvars
import gc
from collections.abc import Sequence
from typing import Any

import anyio
import pytest

from beluga.effects import Effects, live
from beluga.errors import (
    ModelTimeoutError,
    RateLimitError,
)
from beluga.events import Attempted, AttemptEnded
from beluga.schema import (
    Emission,
    Finish,
    Request,
    Spent,
    TextDelta,
    Usage,
)
from beluga.streams import BUFFERED_BATCHES
from tests.doubles import SLOW_DOWN, Endless, FunctionModel, text


async def test_a_consumer_that_breaks_cancels_the_producer_and_waits_for_its_clean_up() -> None:
    producer = Endless()
    async with FunctionModel(producer).stream("Hi") as chunks:
        async for _ in chunks:
            break
        assert not producer.cleaned
    assert producer.cleaned
    assert isinstance(producer.ended, anyio.get_cancelled_exc_class())
    assert producer.emitted == 1


async def test_a_block_that_reads_nothing_leaves_nothing_behind() -> None:
    producer = Endless()
    async with FunctionModel(producer).stream("Hi"):
        pass
    async with FunctionModel(producer).stream("Hi"):
        await anyio.sleep(10)
    assert producer.cleaned
    gc.collect()


async def test_a_producer_that_is_blocked_in_emit_sees_its_cancellation() -> None:
    producer = Endless(interval=0.0)
    async with FunctionModel(producer).stream("Hi"):
        await anyio.sleep(1)
        assert producer.emitted == BUFFERED_BATCHES
    assert isinstance(producer.ended, anyio.get_cancelled_exc_class())
    assert producer.cleaned


async def test_a_slow_consumer_holds_the_producer_back() -> None:
    producer = Endless(interval=0.0)
    taken = 0
    async with FunctionModel(producer).stream("Hi") as chunks:
        async for _ in chunks:
            taken += 1
            await anyio.sleep(1)
            assert producer.emitted - taken <= BUFFERED_BATCHES + 1
            if taken == 50:
                break


async def test_other_tasks_go_on_beside_a_fast_producer_and_consumer() -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await anyio.lowlevel.checkpoint()
            ticks += 1

    async def answer(request: Request, fx: Effects) -> Finish:
        for _ in range(2000):
            await fx.emit(text("a"))
        return Finish("stop")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tick)
        async with FunctionModel(answer).stream("Hi") as chunks:
            await chunks.message()
        tasks.cancel_scope.cancel()
    assert ticks > 20


async def test_a_scope_round_the_block_cancels_both() -> None:
    producer = Endless()
    with anyio.move_on_after(3.5) as scope:
        async with FunctionModel(producer).stream("Hi") as chunks:
            await chunks.message()
    assert scope.cancelled_caught
    assert producer.cleaned
    assert producer.emitted == 3
    assert anyio.current_time() == pytest.approx(5.5)


async def test_a_sibling_that_fails_cancels_both() -> None:
    producer = Endless()

    async def fail() -> None:
        await anyio.sleep(3.5)
        raise ValueError("sibling")

    with pytest.raises(ExceptionGroup) as caught:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(fail)
            async with FunctionModel(producer).stream("Hi") as chunks:
                await chunks.message()
    assert [str(error) for error in caught.value.exceptions] == ["sibling"]
    assert producer.cleaned


async def test_a_readers_own_timeout_round_one_chunk_leaves_the_stream_alive() -> None:
    async def answer(request: Request, fx: Effects) -> Finish:
        await fx.emit(text("a"))
        await anyio.sleep(10)
        await fx.emit(text("b"))
        return Finish("stop")

    async with FunctionModel(answer).stream("Hi") as chunks:
        iterator = aiter(chunks)
        assert await anext(iterator) == TextDelta("a")
        with pytest.raises(TimeoutError):
            with anyio.fail_after(1):
                await anext(iterator)
        assert await anext(iterator) == TextDelta("b")
        assert (await chunks.message()).text == "ab"


async def test_chunks_before_a_failure_are_delivered_then_it_is_raised_again_and_again() -> None:
    error = RateLimitError(SLOW_DOWN)

    async def answer(request: Request, fx: Effects) -> Finish:
        await fx.emit(text("a", "b"))
        raise error

    async with FunctionModel(answer).stream("Hi") as chunks:
        iterator = aiter(chunks)
        assert [await anext(iterator), await anext(iterator)] == list(text("a", "b"))
        for _ in range(2):
            with pytest.raises(RateLimitError) as caught:
                await anext(iterator)
            assert caught.value is error
        with pytest.raises(RateLimitError):
            await chunks.message()
    assert error.partial is not None
    assert error.partial.text == "ab"
    assert error.partial.interrupted


@pytest.mark.parametrize("error", [ValueError("a bug"), KeyError("x"), StopIteration()])
async def test_what_is_no_model_error_passes_untouched(error: Exception) -> None:
    async def answer(request: Request, fx: Effects) -> Finish:
        raise error

    async with FunctionModel(answer).stream("Hi") as chunks:
        with pytest.raises(Exception) as caught:
            await anext(aiter(chunks))
    assert caught.value is error or caught.value.__cause__ is error


async def test_a_failure_keeps_its_cause() -> None:
    cause = OSError("wire")

    async def answer(request: Request, fx: Effects) -> Finish:
        raise RateLimitError(SLOW_DOWN) from cause

    async with FunctionModel(answer).stream("Hi") as chunks:
        with pytest.raises(RateLimitError) as caught:
            await anext(aiter(chunks))
    assert caught.value.__cause__ is cause


async def test_a_failure_in_a_task_group_comes_without_its_group_and_with_its_cause() -> None:
    cause = OSError("wire")

    async def fail() -> None:
        raise RateLimitError(SLOW_DOWN) from cause

    async def answer(request: Request, fx: Effects) -> Finish:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(fail)
            await anyio.sleep(9)
        return Finish("stop")

    async with FunctionModel(answer).stream("Hi") as chunks:
        with pytest.raises(RateLimitError) as caught:
            await anext(aiter(chunks))
    assert caught.value.__cause__ is cause


async def test_the_failure_escapes_a_block_that_does_not_catch_it() -> None:
    error = RateLimitError(SLOW_DOWN)

    async def answer(request: Request, fx: Effects) -> Finish:
        raise error

    with pytest.raises(RateLimitError) as caught:
        async with FunctionModel(answer).stream("Hi") as chunks:
            await chunks.message()
    assert caught.value is error


CONSUMERS_OWN: list[BaseException] = [
    ValueError("mine"),
    SystemExit(3),
    KeyboardInterrupt(),
    ExceptionGroup("mine", [ValueError("a")]),
    BaseExceptionGroup("mine", [SystemExit(4)]),
    RateLimitError(SLOW_DOWN),
]


@pytest.mark.parametrize("error", CONSUMERS_OWN, ids=repr)
async def test_what_the_block_raises_leaves_it_as_it_is(error: BaseException) -> None:
    producer = Endless()
    with pytest.raises(type(error)) as caught:
        async with FunctionModel(producer).stream("Hi") as chunks:
            await anext(aiter(chunks))
            raise error
    assert caught.value is error
    assert error.__cause__ is None
    assert producer.cleaned


async def test_if_both_fail_the_consumers_failure_wins() -> None:
    async def answer(request: Request, fx: Effects) -> Finish:
        await fx.emit(text("a"))
        try:
            await anyio.sleep(60)
        finally:
            raise RateLimitError(SLOW_DOWN)

    error = ValueError("mine")
    with pytest.raises(ValueError, match="mine") as caught:
        async with FunctionModel(answer).stream("Hi") as chunks:
            await anext(aiter(chunks))
            raise error
    assert caught.value is error


async def test_a_failure_in_clean_up_after_the_consumer_left_is_dropped() -> None:
    async def answer(request: Request, fx: Effects) -> Finish:
        await fx.emit(text("a"))
        try:
            await anyio.sleep(60)
        finally:
            raise ValueError("in clean-up")

    async with FunctionModel(answer).stream("Hi") as chunks:
        await anext(aiter(chunks))


async def test_a_producer_that_emits_in_its_clean_up_hurts_nobody() -> None:
    async def answer(request: Request, fx: Effects) -> Finish:
        await fx.emit(text("a"))
        try:
            await anyio.sleep(60)
        finally:
            with anyio.CancelScope(shield=True):
                await fx.emit(text("late"))
        return Finish("stop")

    async with FunctionModel(answer).stream("Hi") as chunks:
        await anext(aiter(chunks))


async def test_a_model_that_returns_no_finish_is_told_so() -> None:
    async def answer(request: Request, fx: Effects) -> Any:
        await fx.emit(text("a"))

    async with FunctionModel(answer).stream("Hi") as chunks:
        with pytest.raises(TypeError, match="must return a Finish; it returned None"):
            await chunks.message()


async def test_the_total_deadline_is_raised_at_the_iteration_with_what_arrived() -> None:
    producer = Endless()
    async with FunctionModel(producer).stream("Hi", timeout=3.5) as chunks:
        with pytest.raises(ModelTimeoutError) as caught:
            await chunks.message()
        assert anyio.current_time() == pytest.approx(5.5)  # clean-up included
        await anyio.sleep(100)  # the block itself may go on
    error = caught.value
    assert not error.retryable
    assert error.local
    assert error.partial is not None
    assert error.partial.text == "0 1 2 "
    assert "3.5 s" in str(error)
    assert producer.cleaned


async def test_a_slow_consumer_counts_against_the_total_deadline() -> None:
    producer = Endless(interval=0.0)
    async with FunctionModel(producer).stream("Hi", timeout=10) as chunks:
        with pytest.raises(ModelTimeoutError):
            async for _ in chunks:
                await anyio.sleep(1)
    assert producer.emitted < 30


async def test_an_earlier_deadline_of_the_effects_holds() -> None:
    fx = live().until(anyio.current_time() + 2.5)
    async with FunctionModel(Endless()).stream("Hi", fx=fx, timeout=50) as chunks:
        with pytest.raises(ModelTimeoutError, match="the caller's deadline"):
            await chunks.message()
    assert anyio.current_time() == pytest.approx(4.5)


colour = contextvars.ContextVar("colour", default="none")


async def test_the_producer_sees_the_callers_context_and_keeps_its_own_changes() -> None:
    seen: list[str] = []

    async def answer(request: Request, fx: Effects) -> Finish:
        seen.append(colour.get())
        colour.set("producer's")
        return Finish("stop")

    token = colour.set("caller's")
    async with FunctionModel(answer).stream("Hi") as chunks:
        await chunks.message()
    assert seen == ["caller's"]
    assert colour.get() == "caller's"
    colour.reset(token)


async def two_attempts(request: Request, fx: Effects) -> Finish:
    """Fail once at the cost of five tokens, then answer slowly."""
    fx.notify(Attempted("p", "m"))
    fx.notify(AttemptEnded("p", "m", Usage(5, 0, 5), 1.0, failure=SLOW_DOWN, cost=0.25))
    fx.notify(Attempted("p", "m"))
    await fx.emit(text("a"))
    await anyio.sleep(1)
    fx.notify(AttemptEnded("p", "m", Usage(5, 7, 12), 1.0, cost=0.5))
    return Finish("stop", usage=Usage(5, 7, 12))


async def test_the_finish_and_the_message_carry_the_account() -> None:
    account = Spent(Usage(10, 7, 17), 0.75, 2)
    async with FunctionModel(two_attempts).stream("Hi") as chunks:
        *_, finish = [chunk async for chunk in chunks]
        message = await chunks.message()
    assert isinstance(finish, Finish)
    assert finish.spent == message.spent == chunks.spent == account
    assert message.usage == Usage(5, 7, 12)


async def test_the_account_is_there_after_the_block_was_left_early() -> None:
    async with FunctionModel(two_attempts).stream("Hi") as chunks:
        await anext(aiter(chunks))
        assert chunks.spent == chunks.partial.spent == Spent(Usage(5, 0, 5), 0.25, 2, True)
    assert chunks.spent == Spent(Usage(5, 0, 5), 0.25, 2, True)


async def test_effects_given_by_the_caller_are_used_but_for_emit() -> None:
    emitted: list[Sequence[Emission]] = []

    async def emit(chunks: Sequence[Emission]) -> None:
        emitted.append(chunks)

    drawn: list[float] = []

    async def answer(request: Request, fx: Effects) -> Finish:
        drawn.append(fx.random.uniform(0, 1))
        await fx.emit(text("a"))
        return Finish("stop")

    for _ in range(2):
        async with FunctionModel(answer).stream("Hi", fx=live(7).emitting(emit)) as chunks:
            assert (await chunks.message()).text == "a"
    assert emitted == []
    assert drawn[0] == drawn[1]
