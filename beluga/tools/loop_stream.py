"""A loop of answers and tools, watched: a producer task, a small buffer, and one cancel scope.

As a stream of an answer, it is iterated inside `async with`; leaving the block cancels what still
runs and waits until it has cleaned up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Final, TypeAlias, final

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup

from beluga.edge import cleaned_up
from beluga.errors import StreamUsageError
from beluga.streams import Texts
from beluga.tools.cycle import Cycle
from beluga.tools.loop_items import LoopItem, ToolRun

__all__ = ["OpenToolStream", "Produce", "ToolStream"]

Produce: TypeAlias = Callable[[Callable[[LoopItem], Awaitable[None]]], Awaitable[object]]
"""Runs the loop, and shows what happens by the function it is given."""

BUFFERED: Final = 64


@final
class ToolStream:
    """What happens in a loop, as it happens. It is used once, inside its `async with` block."""

    def __init__(self, cycle: Cycle) -> None:
        self._cycle = cycle
        self._items: deque[LoopItem] = deque()
        self._arrival: anyio.Event | None = None
        self._room: anyio.Event | None = None
        self._ended = self._closed = self._finished = False
        self._failure: BaseException | None = None

    def __aiter__(self) -> AsyncIterator[LoopItem]:
        """Iterate over what is still to come."""
        return self

    async def __anext__(self) -> LoopItem:
        """Return what happens next.

        Raises:
            ModelError: The model did not answer, or still calls tools after the last step.
            StreamUsageError: The block has been left.
        """
        if self._arrival is not None:
            raise StreamUsageError("another task waits for the next item; one task reads a stream")
        await anyio.lowlevel.checkpoint()
        while not self._items:
            if self._closed or self._ended:
                raise self._ending()
            self._arrival = anyio.Event()
            try:
                await self._arrival.wait()
            finally:
                self._arrival = None
        item = self._items.popleft()  # nothing waits from here on, so nothing is lost
        if self._room is not None:
            self._room.set()
            self._room = None
        return item

    def text(self) -> AsyncIterator[str]:
        """Iterate over the pieces of text of all answers.

        Raises:
            IncompleteStreamError: An answer began anew, so that its text so far is void.
        """
        return Texts(self)

    async def run(self) -> ToolRun:
        """Take what is left and return what the loop has come to."""
        async for _ in self:
            pass
        return self.partial

    @property
    def partial(self) -> ToolRun:
        """What the loop has come to so far, also after a failure or after the block was left."""
        return self._cycle.so_far()

    async def _show(self, item: LoopItem) -> None:
        while len(self._items) >= BUFFERED:
            self._room = self._room or anyio.Event()
            await self._room.wait()
        if not self._closed:
            self._items.append(item)
        self._wake()

    def _wake(self) -> None:
        if self._arrival is not None:
            self._arrival.set()

    def _end(self, failure: BaseException | None) -> None:
        self._ended, self._failure = True, failure
        self._wake()

    def _close(self) -> None:
        self._closed = True
        self._items.clear()
        self._wake()

    def _ending(self) -> BaseException:
        """Return what to raise where no item is left."""
        if self._closed and not self._finished:
            return StreamUsageError(
                "the stream was iterated outside its block; "
                "iterate inside `async with loop.stream(…) as items:`"
            )
        if self._failure is not None:
            return self._failure
        self._finished = True
        return StopAsyncIteration()


@final
class OpenToolStream:
    """The block of a stream. Nothing is sent before it is entered."""

    _tasks: TaskGroup

    def __init__(self, cycle: Cycle, produce: Produce) -> None:
        self._stream, self._produce = ToolStream(cycle), produce
        self._entered = False
        self._leaving: BaseException | None = None

    async def __aenter__(self) -> ToolStream:
        """Start the loop and return at once.

        Raises:
            StreamUsageError: It was entered before.
        """
        if self._entered:
            raise StreamUsageError("a stream is used once; call loop.stream(…) again for another")
        self._entered = True
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._run)
        return self._stream

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Cancel the loop if it still runs, and wait until it has cleaned up."""
        self._tasks.cancel_scope.cancel("the stream's block was left")
        self._stream._close()
        await cleaned_up(self._tasks)
        if self._leaving is not None and exc is not self._leaving:
            raise self._leaving

    async def _run(self) -> None:
        failure: BaseException | None = None
        try:
            await self._produce(self._stream._show)
        except Exception as error:  # handed over in band; cancellation passes
            failure = error
        except (KeyboardInterrupt, SystemExit) as error:  # a task must not raise it on asyncio
            failure = self._leaving = error
        finally:
            self._stream._end(failure)
