"""Long work on text leaves the event loop its turns.

Between messages there is room for others' turns. A worker thread is for what is too long for that:
it costs as much as counting a page, and under a clock that jumps ahead while nothing runs, as in
tests, every timeout would fire while a thread is at work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from anyio import to_thread
from anyio.lowlevel import checkpoint

from beluga.schema import Message

__all__ = ["each", "whole"]

T = TypeVar("T")

_TURN = 16_000
"""Characters of work, some milliseconds, after which others get a turn."""

_LONG = 128_000
"""Characters from which the way to a thread and back is worth it."""


async def whole(work: Callable[[], T], size: int) -> T:
    """Do *work* on *size* characters: at once if they are not many, else in a worker thread."""
    if size < _LONG:
        return work()
    return await to_thread.run_sync(work)


async def each(work: Callable[[Message], object], messages: Sequence[Message]) -> None:
    """Do *work* on each of *messages*, and let others have a turn in between."""
    done = 0
    for message in messages:
        size = len(message.text)
        await whole(partial(work, message), size)
        done += size
        if done >= _TURN:
            await checkpoint()
            done = 0
