"""The calls of one answer run side by side, and every one gets its answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Protocol, TypeAlias

import anyio

from beluga.effects import HasClock, HasNotify
from beluga.events import ToolEnded, ToolStarted
from beluga.schema import Failure, ToolCall, ToolMessage
from beluga.tools.calls import CallRunner, Ready, refusal

__all__ = ["Batch", "CanRun", "Watch"]

Watch: TypeAlias = Callable[[ToolCall, ToolMessage | None], Awaitable[None]]
"""Is told when a call starts (`None`) and when it has been answered."""


class CanRun(HasClock, HasNotify, Protocol):
    """What running tools may do: read time, and tell what happens."""


class Batch:
    """The calls of one answer, and the answers so far."""

    def __init__(self, runner: CallRunner, calls: Sequence[ToolCall]) -> None:
        self._runner, self._calls = runner, calls
        self._answers: dict[int, ToolMessage] = {}
        self._leaving: BaseException | None = None

    def answers(self, otherwise: str = "") -> tuple[ToolMessage, ...]:
        """Return an answer to every call; of one that has none, *otherwise* as an error."""
        given = enumerate(self._calls)
        return tuple([self._answers.get(i) or refusal(call, otherwise) for i, call in given])

    async def run(self, fx: CanRun, watch: Watch | None = None) -> None:
        """Run every call, unless it is cancelled."""
        failure: BaseException | None = None
        most = self._runner.max_concurrent or len(self._calls)
        places = anyio.Semaphore(max(1, most))
        try:
            async with anyio.create_task_group() as tasks:
                for index, call in enumerate(self._calls):
                    ready = await self._runner.admit(call)
                    if isinstance(ready, str):
                        await self._answer(index, refusal(call, ready), 0.0, fx, watch)
                        continue
                    await places.acquire()  # here, so that calls start in their order
                    run = partial(self._run, index, ready, places, fx, watch)
                    tasks.start_soon(self._unless_it_leaves, run, tasks.cancel_scope)
        except BaseExceptionGroup as group:
            failure = _first(group)
        failure = self._leaving or failure
        if failure is not None:  # raised outside of `except`, so that its context stays its own
            raise failure

    async def _unless_it_leaves(
        self, run: Callable[[], Awaitable[None]], calls: anyio.CancelScope
    ) -> None:
        """Keep what ends the program until all calls have ended.

        Out of a task, asyncio lets it through at once: nobody would wait for the other tasks, nor
        stop the worker threads, for which the interpreter then waits forever.
        """
        try:
            await run()
        except (KeyboardInterrupt, SystemExit) as error:
            self._leaving = error
            calls.cancel()

    async def _run(
        self,
        index: int,
        ready: Ready,
        places: anyio.Semaphore,
        fx: CanRun,
        watch: Watch | None,
    ) -> None:
        call = self._calls[index]
        started, answer = fx.clock.now(), None
        fx.notify(ToolStarted(ready.tool.spec.name, call.id))
        try:
            if watch is not None:
                await watch(call, None)
            answer = self._answers[index] = await self._runner.invoke(ready, call)
        finally:
            places.release()
            if answer is None:
                seconds = fx.clock.now() - started
                fx.notify(ToolEnded(call.name, call.id, seconds, abandoned=True))
        await self._answer(index, answer, fx.clock.now() - started, fx, watch)

    async def _answer(
        self, index: int, answer: ToolMessage, seconds: float, fx: CanRun, watch: Watch | None
    ) -> None:
        call = self._calls[index]
        self._answers[index] = answer
        failure = Failure("tool_failed", answer.text, local=True) if answer.is_error else None
        fx.notify(ToolEnded(call.name, call.id, seconds, failure))
        if watch is not None:
            await watch(call, answer)


def _first(group: BaseExceptionGroup) -> BaseException:
    """Return the first exception of a group that is no cancellation."""
    for error in group.exceptions:
        found = _first(error) if isinstance(error, BaseExceptionGroup) else error
        if not isinstance(found, anyio.get_cancelled_exc_class()):
            return found
    return group.exceptions[0]
