"""Random calls, tools and bounds: every call is answered exactly once, or cancelled."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any, Literal

import anyio
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beluga import AIMessage, Event, ToolCall, ToolEnded, ToolMessage, ToolStarted, live, tool
from beluga.testing import virtual_backends
from beluga.tools.batch import Batch
from beluga.tools.calls import CallRunner

Ending = Literal["result", "failure", "told", "bad type", "bad json", "unknown", "cancelled"]


class Planned(msgspec.Struct, frozen=True):
    """What one call will do."""

    seconds: float
    ending: Ending
    clean_up: float


class Schedule(msgspec.Struct, frozen=True):
    """One batch of calls, the bounds it runs under, and when it is cancelled."""

    calls: list[Planned]
    max_concurrent: int | None
    timeout: float | None
    cancel_at: float | None


SECONDS = st.sampled_from([0.0, 0.25, 0.5, 1.0, 2.0])
SCHEDULES = st.builds(
    Schedule,
    calls=st.lists(
        st.builds(Planned, SECONDS, st.sampled_from(Ending.__args__), st.sampled_from([0.0, 0.25])),
        max_size=8,
    ),
    max_concurrent=st.none() | st.integers(1, 4),
    timeout=st.none() | st.sampled_from([0.3, 0.9, 3.0]),
    cancel_at=st.none() | st.sampled_from([0.1, 0.6, 1.3]),
)


@pytest.fixture(autouse=True, scope="module")
def quiet() -> Iterator[None]:
    logger = logging.getLogger("beluga.tools")
    logger.disabled = True
    yield
    logger.disabled = False


class Play:
    """Run one schedule and remember what happened."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.running = self.most = 0
        self.order: list[int] = []
        self.events: list[Event] = []
        self.cancelled = False
        self.kept: tuple[ToolMessage, ...] = ()

    @property
    def message(self) -> AIMessage:
        return AIMessage([self.call(i, one) for i, one in enumerate(self.schedule.calls)])

    @staticmethod
    def call(index: int, one: Planned) -> ToolCall:
        arguments = {
            "bad type": '{"index": "0"}',
            "bad json": '{"index": ',
        }.get(one.ending, f'{{"index": {index}}}')
        return ToolCall(f"c{index}", "x" if one.ending == "unknown" else "act", arguments)

    async def act(self, index: int) -> str:
        one = self.schedule.calls[index]
        self.order.append(index)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await anyio.sleep(one.seconds)
            if one.ending == "failure":
                raise ValueError(index)
            if one.ending == "cancelled":
                if asyncio_runs():
                    raise asyncio.CancelledError
                raise ValueError(index)
            return f"did {index}"
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(one.clean_up)
            self.running -= 1

    async def run(self) -> None:
        runner = CallRunner(
            [tool(self.act)],
            max_concurrent=self.schedule.max_concurrent,
            timeout=self.schedule.timeout,
            max_result=None,
            on_exception="type",
            approve=None,
        )
        batch = Batch(runner, self.message.tool_calls)
        fx = live().observed_by(self.events.append)
        with anyio.move_on_after(self.schedule.cancel_at) as scope:
            await batch.run(fx)
        self.cancelled = scope.cancelled_caught
        self.kept = batch.answers("broken off")

    def expected(self, index: int) -> str:
        """What a call's answer says if nothing was cancelled."""
        one = self.schedule.calls[index]
        timeout = self.schedule.timeout
        match one.ending:
            case "unknown":
                return "there is no tool"
            case "bad json":
                return "not a JSON object"
            case "bad type":
                return "/index: expected int"
            case _ if timeout is not None and one.seconds >= timeout:
                return "gave no result within"
            case "failure":
                return "the tool failed: ValueError"
            case "cancelled":
                return "cancelled from within" if self.on_asyncio else "the tool failed: ValueError"
            case _:
                return f"did {index}"

    on_asyncio = True


def asyncio_runs() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@settings(max_examples=120)
@given(schedule=SCHEDULES)
def test_laws(backend: str, schedule: Schedule) -> None:
    play = Play(schedule)
    play.on_asyncio = backend == "asyncio"
    options: Any = virtual_backends()[backend]
    anyio.run(play.run, backend=backend, backend_options=options)
    count = len(schedule.calls)

    assert play.running == 0  # nothing outlives the batch
    assert play.most <= (schedule.max_concurrent or count)
    if schedule.max_concurrent == 1:
        assert play.order == sorted(play.order)
    assert len(set(play.order)) == len(play.order)
    assert [answer.tool_call_id for answer in play.kept] == [f"c{i}" for i in range(count)]

    ended = [event.call_id for event in play.events if isinstance(event, ToolEnded)]
    started = [event.call_id for event in play.events if isinstance(event, ToolStarted)]
    assert len(set(ended)) == len(ended)
    assert set(started) <= set(ended)
    for index, answer in enumerate(play.kept):
        one = schedule.calls[index]
        broken_off = answer.text == "broken off"
        assert not broken_off or play.cancelled
        if not broken_off:
            assert play.expected(index) in answer.text
            assert answer.is_error == (not answer.text.startswith("did "))
        if one.ending in ("unknown", "bad json", "bad type"):
            assert index not in play.order
    if not play.cancelled:
        assert sorted(ended) == sorted(f"c{i}" for i in range(count))
