"""Thousands of random meetings of a producer and a consumer, all under one set of laws.

Whatever the two do, and whenever either is cancelled: what is taken is a prefix of what was
emitted, the producer has cleaned up when the block is left, the exception that leaves it is the
very one that was raised, and no task stays behind.
"""

from __future__ import annotations

import gc
from random import Random
from typing import Literal

import anyio
import anyio.abc
import msgspec
import pytest

from beluga.effects import Effects
from beluga.errors import ModelError, ModelTimeoutError, RateLimitError
from beluga.schema import Finish, Request, StreamChunk, fold
from tests.doubles import SLOW_DOWN, FunctionModel, text

SCHEDULES = 4000


class Schedule(msgspec.Struct, frozen=True):
    """One meeting, in seconds.

    Attributes:
        waits: Before each batch of the producer.
        batches: How many chunks each holds.
        ending: How the producer ends.
        clean_up: How long the producer cleans up.
        pauses: Of the consumer, after each chunk.
        leaves: After how many chunks the consumer leaves.
        raises: Whether it then raises, or breaks.
        patience: How long the consumer waits for one chunk before it asks again.
        outer: The bound round the block.
        total: The bound of the answer.
    """

    waits: list[float]
    batches: list[int]
    ending: Literal["finish", "failure", "bug"]
    clean_up: float
    pauses: list[float]
    leaves: int | None
    raises: bool
    patience: float | None
    outer: float | None
    total: float


class MineError(Exception):
    """What the consumer raises."""


def schedule(random: Random) -> Schedule:
    def seconds() -> float:
        return random.choice([0.0, 0.0, random.uniform(0, 2), random.uniform(0, 0.01)])

    count = random.choice([0, 1, 3, 8, 40])
    return Schedule(
        waits=[seconds() for _ in range(count)],
        batches=[random.choice([0, 1, 1, 2, 5]) for _ in range(count)],
        ending=random.choice(["finish", "finish", "failure", "bug"]),
        clean_up=seconds(),
        pauses=[seconds() for _ in range(random.choice([1, 5]))],
        leaves=random.choice([None, random.randint(0, 12)]),
        raises=random.choice([True, False]),
        patience=random.choice([None, None, random.uniform(0, 1)]),
        outer=random.choice([None, None, random.uniform(0, 8)]),
        total=random.choice([600.0, 600.0, random.uniform(0.001, 8)]),
    )


class Meeting:
    """Play one schedule and remember what happened."""

    def __init__(self, plan: Schedule) -> None:
        self.plan = plan
        self.emitted = 0
        self.started = self.cleaned = False
        self.taken: list[StreamChunk] = []
        self.mine = MineError()
        self.theirs = RateLimitError(SLOW_DOWN) if plan.ending == "failure" else ValueError("bug")

    async def answer(self, request: Request, fx: Effects) -> Finish:
        self.started = True
        try:
            for wait, size in zip(self.plan.waits, self.plan.batches, strict=True):
                if wait:
                    await anyio.sleep(wait)
                await fx.emit(text(*[f"{self.emitted + n} " for n in range(size)]))
                self.emitted += size
            if self.plan.ending == "finish":
                return Finish("stop")
            raise self.theirs
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(self.plan.clean_up)
            self.cleaned = True

    async def consume(self) -> None:
        plan, model = self.plan, FunctionModel(self.answer)
        async with model.stream("Hi", timeout=plan.total) as self.chunks:
            while plan.leaves is None or len(self.taken) < plan.leaves:
                try:
                    with anyio.fail_after(plan.patience):
                        chunk = await anext(aiter(self.chunks), None)
                except TimeoutError:
                    continue
                if chunk is None:
                    return
                self.taken.append(chunk)
                await anyio.sleep(plan.pauses[len(self.taken) % len(plan.pauses)])
            if plan.raises:
                raise self.mine

    async def play(self) -> None:
        error: BaseException | None = None
        with anyio.move_on_after(self.plan.outer) as scope:
            try:
                await self.consume()
            except Exception as caught:
                error = caught
        self.judge(error, scope.cancelled_caught)

    def judge(self, error: BaseException | None, cancelled: bool) -> None:
        assert self.cleaned == self.started
        told = fold(self.taken)
        assert told.text == "".join(f"{n} " for n in range(len(told.text.split())))
        assert len(told.text.split()) <= self.emitted + 5  # the last batch may be under way
        partial = self.chunks.partial
        assert partial.text == told.text
        assert partial.interrupted == (told.finish_reason is None)
        if cancelled:
            assert error is None
        elif error is self.mine:
            assert self.plan.leaves is not None
        elif error is self.theirs:
            assert self.plan.ending != "finish"
            assert len(told.text.split()) == self.emitted
            self.judge_partial(error)
        elif isinstance(error, ModelTimeoutError):
            assert self.plan.total < 600
            self.judge_partial(error)
        else:
            assert error is None, error
            left = self.plan.leaves is not None and len(self.taken) >= self.plan.leaves
            assert left or told.finish_reason == "stop"

    def judge_partial(self, error: BaseException) -> None:
        if isinstance(error, ModelError):
            partial = error.partial
            assert (partial.text if partial is not None else "") == fold(self.taken).text


def tasks_alive() -> int:
    return len(anyio.get_running_tasks())


@pytest.mark.parametrize("at_once", [1, 7])
async def test_random_schedules(at_once: int) -> None:
    random = Random(20)
    alive = tasks_alive()
    endings: set[str] = set()

    async def play(number: int) -> None:
        meeting = Meeting(schedule(random))
        try:
            await meeting.play()
        except AssertionError as failure:
            failure.add_note(f"schedule {number}: {meeting.plan}")
            raise
        endings.add(meeting.plan.ending)

    for start in range(0, SCHEDULES // 2, at_once):
        async with anyio.create_task_group() as tasks:
            for number in range(start, start + at_once):
                tasks.start_soon(play, number)
        assert tasks_alive() == alive
    gc.collect()
    assert endings == {"finish", "failure", "bug"}
