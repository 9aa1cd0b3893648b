"""Timers round the reads of a stream: how long nobody may hear anything."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Generator
from typing import Any, Generic, TypeVar

import anyio

__all__ = ["Patience"]

T = TypeVar("T")


class Patience:
    """Bound the wait for content, and nothing else.

    Time runs from the moment the request was sent, or the last content was handed on, and only
    while something is awaited here: a slow consumer, a limiter or a back-off never looks like
    silence. What a decoder makes no content of, such as a ping, does not start the time anew.
    """

    exhausted: bool

    def __init__(self, first_content: float, between_content: float) -> None:
        self._limit, self._between = first_content, between_content
        self._deadline: float | None = None
        self._opening: anyio.CancelScope | None = None
        self.exhausted = False

    @property
    def limit(self) -> float:
        """The bound that is in force, in seconds."""
        return self._limit

    @property
    def deadline(self) -> float:
        """When the wait that has begun is over."""
        if self._deadline is None:
            self._deadline = anyio.current_time() + self._limit
        return self._deadline

    def start(self) -> None:
        """Start the time: the request has been sent."""
        if self._opening is not None:
            self._opening.deadline = self.deadline

    def content(self) -> None:
        """Start anew with the next wait: content has come and has been handed on."""
        self._limit, self._deadline = self._between, None

    async def opening(self, call: Awaitable[T]) -> T | None:
        """Await the start of a response, in the midst of which `start` is called.

        Returns:
            What *call* gives, or `None` if it took too long; then `exhausted` is true.
        """
        with anyio.CancelScope() as self._opening:
            return await call
        self.exhausted = True
        return None

    def reading(self, call: Awaitable[T]) -> Awaitable[T | None]:
        """Await one read of a body.

        Returns:
            What *call* gives, or `None` if it took too long; then `exhausted` is true.
        """
        return _Reading(self, call)


class _Reading(Generic[T]):
    """A read with a timer, which is set only if the read has to wait.

    Most reads of a fast stream are answered from what has arrived already, and a cancel scope
    costs as much as such a read. So the first step is taken without one.
    """

    def __init__(self, patience: Patience, call: Awaitable[T]) -> None:
        self._patience, self._call = patience, call

    def __await__(self) -> Generator[Any, Any, T | None]:
        steps = self._call.__await__()
        try:
            waiting = next(steps)
        except StopIteration as done:
            value: T = done.value
            return value
        patience = self._patience
        if patience.deadline == math.inf:
            return (yield from _resumed(steps, waiting))
        with anyio.CancelScope(deadline=patience.deadline):
            return (yield from _resumed(steps, waiting))
        patience.exhausted = True
        return None


def _resumed(steps: Generator[Any, Any, T], waiting: Any) -> Generator[Any, Any, T]:
    """Go on with a call that has taken its first step and waits for *waiting*.

    `yield from` cannot do this: it would take the first step itself.
    """
    try:
        while True:
            try:
                sent = yield waiting
            except BaseException as error:  # cancellation is handed in, not kept
                waiting = steps.throw(error)
            else:
                waiting = steps.send(sent)
    except StopIteration as done:
        value: T = done.value
        return value
