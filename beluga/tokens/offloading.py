"""Long work on text leaves the event loop to others.

What is short is done at once, with a turn for others in between: the way to a worker thread and
back costs as much as counting a page. What is long goes to a thread, of which there are few, so
that no other work of the application waits for one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, TypeVar

import msgspec
from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar, checkpoint

from beluga.schema import (
    FilePart,
    JsonSchema,
    Message,
    Part,
    ProviderPart,
    ProviderTool,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCall,
    ToolDeclaration,
)

__all__ = ["LONG", "declared", "each", "stay_where", "texts_in", "whole", "written_in"]

T = TypeVar("T")

LONG: Final = 16_000
"""Characters of text, some milliseconds of work, from which a thread does it."""

_THREADS: Final = 2
"""The work holds the interpreter's lock for a part of the time, so that more would not help."""

_TEXTUAL: Final = frozenset({"application/json", "application/xml"})

_limiter: Final = RunVar[CapacityLimiter]("beluga_counting")
_staying: Final[list[Callable[[], bool]]] = []


def stay_where(condition: Callable[[], bool]) -> None:
    """Have all work done in place where *condition* holds.

    A clock that jumps ahead while nothing runs, as in tests, takes a thread's work for idleness,
    and every timeout fires.
    """
    _staying.append(condition)


async def whole(work: Callable[[], T], size: int) -> T:
    """Do *work* on *size* characters: at once if they are not many, else in a worker thread."""
    if size < LONG or any(condition() for condition in _staying):
        return work()
    try:
        limiter = _limiter.get()
    except LookupError:
        limiter = CapacityLimiter(_THREADS)
        _limiter.set(limiter)
    return await to_thread.run_sync(work, limiter=limiter)


async def each(work: Callable[[Message], object], messages: Sequence[Message]) -> None:
    """Do *work* on each of *messages*, and let others have a turn in between."""
    done = 0
    for message in messages:
        size = sum([len(text) for text in texts_in(message)])
        await whole(partial(work, message), size)
        done += size
        if done >= LONG:
            await checkpoint()
            done = 0


def declared(tools: Sequence[ToolDeclaration], answer: object = None) -> int:
    """Return how many characters the declarations of *tools* and the schema of an answer take."""
    size = len(msgspec.json.encode(answer.schema)) if isinstance(answer, JsonSchema) else 0
    for tool in tools:
        if isinstance(tool, ProviderTool):
            size += len(tool.raw)
        else:
            size += len(tool.description) + len(msgspec.json.encode(tool.parameters))
    return size


def texts_in(message: Message) -> list[str]:
    """Return the texts of *message* that take work: what was said, thought and called with."""
    if isinstance(message.content, str):
        return [message.content]
    return [_text(part) for part in message.content]


def _text(part: Part) -> str:
    match part:
        case TextPart(text) | ReasoningPart(text) | RefusalPart(text):
            return text
        case ToolCall(arguments=text) | ProviderPart(raw=text):
            return text
        case FilePart():
            return written_in(part) or ""
        case _:
            return ""


def written_in(part: FilePart) -> str | None:
    """Return the text of a file that holds text and is sent along; of others, `None`."""
    kind = part.media_type or ""
    if part.data is None or not (kind.startswith("text/") or kind in _TEXTUAL):
        return None
    return part.data.decode("utf-8", "replace")
