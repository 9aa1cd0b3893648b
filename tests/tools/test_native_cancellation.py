"""Tools and loops under the backends' own cancellation, without anyio's scopes round them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
import trio
import trio.testing

from beluga import AIMessage, Message, ToolLoop, ToolMessage, run_tools, tool
from beluga.testing import ScriptedModel
from beluga.testing.virtual_time import VirtualTimeLoop
from tests.tools.test_loop_laws import check_no_orphan
from tests.tools.test_run_tools import asking

ended: list[str] = []


@tool
async def slow(name: str) -> str:
    try:
        await anyio.sleep(100)
    finally:
        ended.append(name)
    return name


CALLS = asking(("slow", {"name": "a"}), ("slow", {"name": "b"}))


@pytest.fixture(autouse=True)
def _anew() -> None:
    ended.clear()


def on_asyncio(call: Callable[[], Awaitable[None]]) -> None:
    """Run on plain asyncio; neither a task may be left nor the loop complain."""
    complaints: list[dict[str, Any]] = []

    async def watched() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: complaints.append(context))
        await call()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(watched())
    assert complaints == []


def test_asyncio_timeout_round_run_tools() -> None:
    async def call() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await run_tools(CALLS, [slow])
        assert sorted(ended) == ["a", "b"]

    on_asyncio(call)


def test_asyncio_cancels_a_task_that_runs_tools() -> None:
    async def call() -> None:
        task = asyncio.create_task(run_tools(CALLS, [slow], timeout=50))
        await asyncio.sleep(1)
        task.cancel("mine")
        with pytest.raises(asyncio.CancelledError):
            await task
        assert sorted(ended) == ["a", "b"]

    on_asyncio(call)


def test_asyncio_cancels_a_task_as_its_tools_time_is_up() -> None:
    async def call() -> None:
        task = asyncio.create_task(run_tools(CALLS, [slow], timeout=1))
        asyncio.get_running_loop().call_at(asyncio.get_running_loop().time() + 1, task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await task

    on_asyncio(call)


@pytest.mark.parametrize("streamed", [False, True])
def test_asyncio_cancels_a_loop(streamed: bool) -> None:
    turns: list[Message] = []
    loop = ToolLoop(ScriptedModel([CALLS, "The end."]), [slow])

    async def run() -> None:
        if not streamed:
            await loop.generate("Hi", on_turn=turns.extend)
            return
        async with loop.stream("Hi", on_turn=turns.extend) as items:
            await items.run()

    async def call() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await run()
        assert sorted(ended) == ["a", "b"]
        assert [type(turn) for turn in turns] == [AIMessage, ToolMessage, ToolMessage]
        check_no_orphan(turns)

    on_asyncio(call)


def test_trio_cancels_a_loop() -> None:
    turns: list[Message] = []

    async def call() -> None:
        with trio.move_on_after(1) as scope:
            await ToolLoop(ScriptedModel([CALLS]), [slow]).generate("Hi", on_turn=turns.extend)
        assert scope.cancelled_caught
        assert sorted(ended) == ["a", "b"]
        check_no_orphan(turns)

    trio.run(call, clock=trio.testing.MockClock(autojump_threshold=0))
