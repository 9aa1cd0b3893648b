"""A value that can be watched while it comes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Generic, TypeVar, final

from beluga.errors import StreamUsageError
from beluga.schema import AIMessage, Spent
from beluga.streams import ChunkStream
from beluga.structured.asking import Asking
from beluga.structured.growth import Growth
from beluga.structured.partial import Partial
from beluga.structured.results import Structured
from beluga.structured.tree import PartialEvent
from beluga.structured.wanted import Wanted

__all__ = ["OpenPartialStream", "PartialStream"]

T = TypeVar("T")


@final
class PartialStream(Generic[T]):
    """A value as it comes. It is used once, inside its `async with` block.

    Iterating over it gives a view of the value for every chunk that adds to it; the last view is
    the whole value as JSON, which by then has been validated. `events()` tells what has come
    instead.
    """

    def __init__(self, chunks: ChunkStream, asking: Asking[T], wanted: Wanted[T]) -> None:
        self._chunks, self._asking = chunks, asking
        self._growth = Growth(asking, wanted)

    def __aiter__(self) -> AsyncIterator[Partial[T]]:
        """Iterate over views of the value."""
        return self

    async def __anext__(self) -> Partial[T]:
        """Return the next view.

        Raises:
            ModelError: The answer failed, or is not of the type.
            StreamUsageError: The block has been left.
        """
        while True:
            chunk = await self._chunks.__anext__()
            if self._growth.feed(chunk):
                return self.partial

    def events(self) -> AsyncIterator[PartialEvent]:
        """Iterate over what comes: fields and items that are complete, pieces of strings.

        After a `Restarted` all that was told before it is void.
        """
        self._growth.tell()
        return _Events(self._chunks, self._growth)

    @property
    def partial(self) -> Partial[T]:
        """What has come so far."""
        return self._growth.view()

    @property
    def value(self) -> T:
        """The value, once the stream has ended.

        Raises:
            StreamUsageError: It has not ended, or failed.
        """
        return self._ended().value

    async def result(self) -> Structured[T]:
        """Take what is left of the stream, and return the value and how it came about.

        Raises:
            ModelError: The answer failed, or is not of the type.
        """
        async for chunk in self._chunks:
            self._growth.feed(chunk)
        return self._ended()

    @property
    def message(self) -> AIMessage:
        """What has been taken of the answer so far; `interrupted` until it has ended."""
        return self._ended().message if self._growth.is_whole else self._chunks.partial

    @property
    def spent(self) -> Spent:
        """What the answer has taken so far, all calls included."""
        return self._ended().message.spent if self._growth.is_whole else self._chunks.spent

    def _ended(self) -> Structured[T]:
        if not self._growth.is_whole:
            raise StreamUsageError(
                "the value is known when the stream has ended; iterate to its end, "
                "or await result()"
            )
        return self._asking.structured()


@final
class _Events:
    """The events of a stream. An object, since an async generator left early warns on trio."""

    def __init__(self, chunks: ChunkStream, growth: Growth[T]) -> None:
        self._chunks, self._growth = chunks, growth
        self._told: Iterator[PartialEvent] = iter(())

    def __aiter__(self) -> _Events:
        return self

    async def __anext__(self) -> PartialEvent:
        while True:
            for event in self._told:
                return event
            self._growth.feed(await self._chunks.__anext__())
            self._told = iter(self._growth.take_events())


@final
class OpenPartialStream(Generic[T]):
    """The block of a stream. Nothing is sent before it is entered."""

    def __init__(
        self,
        asking: Asking[T],
        wanted: Wanted[T],
        block: AbstractAsyncContextManager[ChunkStream, None],
    ) -> None:
        self._asking, self._wanted, self._block = asking, wanted, block

    async def __aenter__(self) -> PartialStream[T]:
        """Start the answer and return at once.

        Raises:
            StreamUsageError: It was entered before.
        """
        return PartialStream(await self._block.__aenter__(), self._asking, self._wanted)

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Cancel the answer if it still comes, and wait until it has cleaned up."""
        await self._block.__aexit__(exc_type, exc, traceback)
