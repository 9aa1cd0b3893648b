"""Timers round the reads of a stream: how long nobody may hear anything."""

from __future__ import annotations

import math
from collections.abc import Awaitable
from typing import TypeVar

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

    async def reading(self, call: Awaitable[T]) -> T | None:
        """Await one read of a body.

        The timer stands before the read's first step: what is read opens scopes of its own, which
        must be inside this one.

        Returns:
            What *call* gives, or `None` if it took too long; then `exhausted` is true.
        """
        if self._limit == math.inf:
            return await call
        with anyio.CancelScope(deadline=self.deadline):
            return await call
        self.exhausted = True
        return None
