"""Virtual time: an hour passes at once, on the clock that sleeps and deadlines share."""

from __future__ import annotations

import time

import anyio
import anyio.to_thread
import pytest

from beluga.testing import virtual_backends


async def test_an_hour_takes_no_time() -> None:
    began, virtual = time.monotonic(), anyio.current_time()
    await anyio.sleep(3600)
    assert anyio.current_time() - virtual == pytest.approx(3600)
    assert time.monotonic() - began < 2


async def test_a_deadline_falls_between_two_sleeps() -> None:
    with anyio.move_on_after(15) as scope:
        await anyio.sleep(10)
        await anyio.sleep(10)
    assert scope.cancelled_caught
    assert anyio.current_time() == pytest.approx(15)


async def test_tasks_wake_in_the_order_of_their_times() -> None:
    woken: list[float] = []

    async def sleeper(seconds: float) -> None:
        await anyio.sleep(seconds)
        woken.append(seconds)

    async with anyio.create_task_group() as tasks:
        for seconds in (30.0, 0.5, 1e6, 7.0):
            tasks.start_soon(sleeper, seconds)
    assert woken == [0.5, 7.0, 30.0, 1e6]


async def test_worker_threads_still_work() -> None:
    await anyio.to_thread.run_sync(time.sleep, 0.01)
    assert await anyio.to_thread.run_sync(lambda: 6 * 7) == 42


def test_backends_are_fresh_each_time() -> None:
    for _ in range(2):
        for backend, options in virtual_backends().items():
            now = anyio.run(_slept, backend=backend, backend_options=options)
            assert now == pytest.approx(60)


async def _slept() -> float:
    await anyio.sleep(60)
    return anyio.current_time()
