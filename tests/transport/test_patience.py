"""Patience: timers round the reads of a stream, and round nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

import anyio
import anyio.lowlevel
import pytest

from beluga.transport.patience import Patience


async def reading(patience: Patience, call: Coroutine[Any, Any, str]) -> str:
    """Read as an exchange does: the first step without a timer."""
    try:
        first = call.send(None)
    except StopIteration as ready:
        return str(ready.value)
    return await patience.waiting(call, first)


async def after(seconds: float, value: str = "data") -> str:
    await anyio.sleep(seconds)
    return value


async def at_once(value: str = "data") -> str:
    return value


async def under_its_own_timer(seconds: float) -> str:
    """Wait as httpcore does, inside a scope of its own."""
    with anyio.fail_after(None):
        await anyio.sleep(seconds)
        return "data"


async def in_steps(seconds: float, steps: int) -> str:
    for _ in range(steps):
        await anyio.sleep(seconds / steps)
    return "data"


Read: TypeAlias = Callable[[float], Coroutine[Any, Any, str]]

READS: dict[str, Read] = {
    "plain": after,
    "scoped": under_its_own_timer,
    "stepwise": lambda seconds: in_steps(seconds, 7),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
async def test_a_read_in_time_gives_its_value(read: Read) -> None:
    with Patience(5, 5) as patience:
        assert await reading(patience, read(4)) == "data"
    assert not patience.exhausted


@pytest.mark.parametrize("read", READS.values(), ids=READS)
async def test_a_read_that_takes_too_long_is_left_at_the_deadline(
    read: Read,
) -> None:
    began = anyio.current_time()
    with Patience(5, 60) as patience:
        await reading(patience, read(9))
    assert patience.exhausted
    assert patience.limit == 5
    assert anyio.current_time() - began == pytest.approx(5)


async def test_a_read_that_has_its_data_needs_no_wait() -> None:
    with Patience(5, 5) as patience:
        for _ in range(3):
            assert await reading(patience, at_once()) == "data"
        await anyio.sleep(60)
        assert await reading(patience, at_once()) == "data"
    assert not patience.exhausted


async def test_pings_do_not_start_the_time_anew() -> None:
    began, reads = anyio.current_time(), 0
    with Patience(5, 5) as patience:
        while True:
            await reading(patience, after(2))
            reads += 1
    assert reads == 2
    assert anyio.current_time() - began == pytest.approx(5)


async def test_content_starts_the_time_anew_with_the_other_limit() -> None:
    began = anyio.current_time()
    with Patience(5, 3) as patience:
        assert await reading(patience, after(4)) == "data"
        patience.content()
        assert patience.limit == 3
        await reading(patience, after(4))
    assert anyio.current_time() - began == pytest.approx(4 + 3)


async def test_a_slow_emit_is_no_silence() -> None:
    with Patience(5, 5) as patience:
        for _ in range(4):
            assert await reading(patience, after(4)) == "data"
            await anyio.sleep(100)  # the consumer takes its time
            patience.content()
    assert not patience.exhausted


async def test_without_a_bound_a_read_may_take_for_ever() -> None:
    with Patience(math.inf, math.inf) as patience:
        assert await reading(patience, after(1e6)) == "data"
    assert not patience.exhausted


@pytest.mark.parametrize("read", READS.values(), ids=READS)
async def test_cancellation_from_outside_passes(read: Read) -> None:
    with Patience(50, 50) as patience:
        with anyio.move_on_after(2) as scope:
            await reading(patience, read(9))
            pytest.fail("the cancellation was lost")
        assert scope.cancelled_caught
        assert not patience.exhausted
        assert anyio.current_time() == pytest.approx(2)
        assert await reading(patience, after(1)) == "data"


async def test_a_cancelled_read_cleans_up() -> None:
    cleaned: list[float] = []

    async def read() -> None:
        try:
            await anyio.sleep(9)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(1)
                cleaned.append(anyio.current_time())

    with Patience(5, 5) as patience:
        await reading(patience, read())
    assert patience.exhausted
    assert cleaned == [pytest.approx(6)]


@pytest.mark.parametrize("wait", [0, 3])
async def test_what_a_read_raises_passes(wait: float) -> None:
    async def read() -> str:
        await anyio.sleep(wait)
        raise ConnectionResetError("gone")

    with Patience(5, 5) as patience, pytest.raises(ConnectionResetError, match="gone"):
        await reading(patience, read())
    assert not patience.exhausted


async def test_an_opening_has_all_the_time_until_the_request_is_sent() -> None:
    with Patience(5, 5) as patience:

        async def send() -> str:
            await anyio.sleep(100)  # connecting and writing have bounds of their own
            patience.start()
            await anyio.sleep(4)
            return "response"

        assert await patience.opening(send()) == "response"
    assert not patience.exhausted


async def test_an_opening_is_left_when_nothing_comes_after_the_request() -> None:
    with Patience(5, 5) as patience:

        async def send() -> str:
            await anyio.sleep(100)
            patience.start()
            await anyio.sleep(9)
            return "response"

        await patience.opening(send())
    assert patience.exhausted
    assert anyio.current_time() == pytest.approx(105)


async def test_the_head_of_a_response_is_no_content() -> None:
    with Patience(5, 50) as patience:

        async def send() -> str:
            patience.start()
            await anyio.sleep(4)
            return "response"

        assert await patience.opening(send()) == "response"
        await reading(patience, after(4))
    assert anyio.current_time() == pytest.approx(5)
