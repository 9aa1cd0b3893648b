"""Loops that are cancelled, left or broken off anywhere: no call is orphaned, nothing stays."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import anyio
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beluga import (
    AIMessage,
    Failure,
    Finish,
    HumanMessage,
    Message,
    PartDone,
    ProviderDownError,
    TextDelta,
    ToolCall,
    ToolLoop,
    ToolMessage,
    ToolRun,
    tool,
)
from beluga.testing import Reply, ScriptedModel, virtual_backends


class Step(msgspec.Struct, frozen=True):
    """One answer: how long it takes, what it calls, and how it ends."""

    wait: float
    calls: list[float]
    ending: Literal["whole", "pause", "failure"]


class Story(msgspec.Struct, frozen=True):
    """A run, and who ends it."""

    steps: list[Step]
    max_concurrent: int | None
    timeout: float | None
    streamed: bool
    cancel_at: float | None
    leave_after: int | None


TIMES = st.sampled_from([0.0, 0.3, 1.0])
STORIES = st.builds(
    Story,
    steps=st.lists(
        st.builds(
            Step,
            TIMES,
            st.lists(TIMES, max_size=3),
            st.sampled_from(["whole", "whole", "whole", "pause", "failure"]),
        ),
        min_size=1,
        max_size=4,
    ),
    max_concurrent=st.none() | st.integers(1, 2),
    timeout=st.none() | st.just(0.5),
    streamed=st.booleans(),
    cancel_at=st.none() | st.sampled_from([0.0, 0.2, 0.5, 0.9, 1.7]),
    leave_after=st.none() | st.integers(0, 12),
)


@pytest.fixture(autouse=True, scope="module")
def quiet() -> Iterator[None]:
    logger = logging.getLogger("beluga.tools")
    logger.disabled = True
    yield
    logger.disabled = False


def script(story: Story) -> list[Reply]:
    replies: list[Reply] = []
    for number, step in enumerate(story.steps):
        calls = [
            PartDone(i, ToolCall(f"{number}.{i}", "work", f'{{"seconds": {seconds}}}'))
            for i, seconds in enumerate(step.calls)
        ]
        reason = "pause" if step.ending == "pause" else "tool_calls" if calls else "stop"
        end: Any = Finish(reason)  # type: ignore[arg-type]
        if step.ending == "failure":
            end = ProviderDownError(Failure("provider_unavailable", "down"))
        replies.append([step.wait, TextDelta("a"), *calls, end])
    return [*replies, "The end."]


class Run:
    """Play one story and remember what happened."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.running = 0
        self.done: list[float] = []
        self.turns: list[Message] = []
        self.partial: ToolRun | None = None
        self.returned = False

    async def work(self, seconds: float) -> float:
        self.running += 1
        try:
            await anyio.sleep(seconds)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(0.1)
            self.running -= 1
        return seconds

    async def play(self) -> None:
        loop = ToolLoop(
            ScriptedModel(script(self.story)),
            [tool(self.work)],
            max_steps=10,
            max_concurrent=self.story.max_concurrent,
            timeout=self.story.timeout,
        )
        with anyio.move_on_after(self.story.cancel_at):
            try:
                if self.story.streamed:
                    await self.watch(loop)
                else:
                    run = await loop.generate("Hi", on_turn=self.turns.extend)
                    self.partial, self.returned = run, True
            except ProviderDownError:
                assert "failure" in [step.ending for step in self.story.steps]
        assert self.running == 0  # nothing outlives the call or the block

    async def watch(self, loop: ToolLoop) -> None:
        stream = loop.stream("Hi", on_turn=self.turns.extend)
        seen = 0
        try:
            async with stream as items:
                self.items = items
                async for _ in items:
                    seen += 1
                    if seen == self.story.leave_after:
                        break
                else:
                    self.returned = True
        finally:
            if hasattr(self, "items"):
                self.partial = self.items.partial


def check_no_orphan(messages: Sequence[Message]) -> None:
    """Every call is answered once, right after its answer, in order."""
    position = 0
    while position < len(messages):
        message = messages[position]
        assert not isinstance(message, ToolMessage)
        position += 1
        if isinstance(message, AIMessage):
            assert not message.interrupted
            ids = [call.id for call in message.tool_calls]
            results = messages[position : position + len(ids)]
            assert [r.tool_call_id for r in results if isinstance(r, ToolMessage)] == ids
            position += len(ids)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@settings(max_examples=120)
@given(story=STORIES)
def test_laws(backend: str, story: Story) -> None:
    run = Run(story)
    options: Any = virtual_backends()[backend]
    anyio.run(run.play, backend=backend, backend_options=options)
    check_no_orphan(run.turns)
    if run.partial is not None:
        assert run.partial.messages == (HumanMessage("Hi"), *run.turns)
    if run.returned:
        assert run.partial is not None
        assert run.partial.ended == "answer"
        assert not isinstance(run.turns[-1], ToolMessage)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@settings(max_examples=60)
@given(story=STORIES)
def test_undisturbed_both_ways_come_to_the_same(backend: str, story: Story) -> None:
    outcomes: list[object] = []
    for streamed in (True, False):
        changed = msgspec.structs.replace(
            story, streamed=streamed, cancel_at=None, leave_after=None
        )
        run = Run(changed)
        options: Any = virtual_backends()[backend]
        anyio.run(run.play, backend=backend, backend_options=options)
        outcomes.append((run.turns, run.returned))
    assert outcomes[0] == outcomes[1]


def test_the_laws_would_notice() -> None:
    with pytest.raises(AssertionError):
        check_no_orphan([AIMessage([ToolCall("a", "x", "")])])
    with pytest.raises(AssertionError):
        check_no_orphan([ToolMessage("x", "a")])
