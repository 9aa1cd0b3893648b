"""Timers round the reads of a stream: how long nobody may hear anything."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Coroutine, Generator
from types import TracebackType
from typing import Any, Generic, TypeVar, final

import anyio

__all__ = ["Patience"]

T = TypeVar("T")


@final
class Patience:
    """Bound the wait for content, and nothing else.

    It is entered with `with` round a whole exchange. Time runs from the moment the request was
    sent, or the last content was handed on, and only while something is awaited through it: a slow
    consumer, a limiter or a back-off never looks like silence. What a decoder makes no content of,
    such as a ping, does not start the time anew. When the time is over, the block is cancelled and
    left, and `exhausted` is true.
    """

    def __init__(self, first_content: float, between_content: float) -> None:
        self._limit, self._between = first_content, between_content
        self._deadline: float | None = None
        self._scope = anyio.CancelScope()

    def __enter__(self) -> Patience:
        self._scope.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        return self._scope.__exit__(kind, error, traceback)

    @property
    def exhausted(self) -> bool:
        """Whether the block was left since the time was over."""
        return self._scope.cancelled_caught

    @property
    def limit(self) -> float:
        """The bound that is in force, in seconds."""
        return self._limit

    def start(self) -> None:
        """Start the time: the request has been sent."""
        self._arm()

    def content(self) -> None:
        """Start anew with the next wait: content has come and has been handed on."""
        self._limit, self._deadline = self._between, None

    async def opening(self, call: Awaitable[T]) -> T:
        """Await the start of a response, in the midst of which `start` is called."""
        result = await call
        self._scope.deadline = math.inf
        return result

    async def waiting(self, call: Coroutine[Any, Any, T], first: Any) -> T:
        """Await the rest of a read that has taken its first step and has to wait.

        Most reads of a fast stream are answered from what has arrived already, and to set a timer
        costs as much as such a read. So the first step is taken without one, by the caller.

        Args:
            call: The read.
            first: What its first step gave: what it waits for.
        """
        self._arm()
        try:
            return await _Resumed(call, first)
        finally:
            self._scope.deadline = math.inf

    def _arm(self) -> None:
        if self._deadline is None:
            self._deadline = anyio.current_time() + self._limit
        self._scope.deadline = self._deadline


class _Resumed(Generic[T]):
    """Go on with a call that has been started; `await` would take its first step itself."""

    def __init__(self, call: Coroutine[Any, Any, T], first: Any) -> None:
        self._call, self._first = call, first

    def __await__(self) -> Generator[Any, Any, T]:
        call, waiting = self._call, self._first
        try:
            while True:
                try:
                    sent = yield waiting
                except BaseException as error:  # cancellation is handed in, not kept
                    waiting = call.throw(error)
                else:
                    waiting = call.send(sent)
        except StopIteration as done:
            value: T = done.value
            return value
