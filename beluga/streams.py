"""Streams: a producer task, a bounded buffer and one cancel scope.

The consumer iterates inside `async with`. Leaving the block, for any reason, cancels the producer
and waits until it has cleaned up. A failure of the producer is raised where the consumer iterates;
an exception of the block leaves it as it is. Neither is ever wrapped in a group.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from types import TracebackType
from typing import Final, TypeAlias, final

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from beluga.edge import Answer, checked, cleaned_up
from beluga.effects import Outlet
from beluga.errors import IncompleteStreamError, StreamUsageError
from beluga.schema import (
    AIMessage,
    Emission,
    Finish,
    Folder,
    Restarted,
    Spent,
    StreamChunk,
    TextDelta,
)

__all__ = ["ChunkStream", "OpenStream", "Texts"]

Batch: TypeAlias = Sequence[StreamChunk]

BUFFERED_BATCHES: Final = 16
BATCHES_PER_SWITCH: Final = 64
"""A waiting batch is taken without a task switch; every so many one is made all the same, so that a
fast producer cannot starve other tasks."""


@final
class ChunkStream:
    """The chunks of one answer, as they come. It is used once, inside its `async with` block."""

    def __init__(self, receive: MemoryObjectReceiveStream[Batch], answer: Answer) -> None:
        self._receive = receive
        self._answer = answer
        self._batch: Iterator[StreamChunk] = iter(())
        self._taken = 0
        self._closed = False
        self._arrival: anyio.Event | None = None
        self._failure: BaseException | None = None
        self._folder = Folder()
        self._unfolded: list[StreamChunk] = []

    def __aiter__(self) -> AsyncIterator[StreamChunk]:
        """Iterate over what is left of the answer."""
        return self

    async def __anext__(self) -> StreamChunk:
        """Return the next chunk; the last one is a `Finish`.

        Raises:
            ModelError: The answer failed; `partial` on it is what had arrived.
            StreamUsageError: The block has been left.
        """
        while True:
            for chunk in self._batch:
                self._unfolded.append(chunk)
                return chunk
            self._batch = iter(await self._take())

    def text(self) -> AsyncIterator[str]:
        """Iterate over the pieces of the answer's text.

        Raises:
            IncompleteStreamError: The answer began anew, so that the text so far is void.
        """
        return Texts(self)

    async def message(self) -> AIMessage:
        """Take what is left of the stream and return the whole message."""
        async for _ in self:
            pass
        return self.partial

    @property
    def partial(self) -> AIMessage:
        """What has been taken of the answer so far: what was iterated, not what has arrived.

        It is `interrupted` until its `Finish` was taken. A `Restarted` empties it, for what came
        before is void. It may be asked for at any time, also after the block was left.
        """
        message = self._told().message()
        return message if self._folder.finished else self._answer.interrupted(message)

    @property
    def spent(self) -> Spent:
        """What the answer has taken so far, also after its block was left early."""
        return self._answer.spent

    async def _take(self) -> Batch:
        if self._arrival is not None:
            raise StreamUsageError("another task waits for the next chunk; one task reads a stream")
        self._taken += 1
        try:
            if self._taken % BATCHES_PER_SWITCH:
                try:
                    return self._receive.receive_nowait()
                except anyio.WouldBlock:
                    pass
            await anyio.lowlevel.checkpoint()  # in which most batches come, without an event
            while True:
                try:
                    return self._receive.receive_nowait()
                except anyio.WouldBlock:
                    await self._wait()
        except (anyio.EndOfStream, anyio.ClosedResourceError):
            pass
        raise self._ending()  # outside of any `except`: a failure's cause and context are its own

    async def _wait(self) -> None:
        """Wait until something has come, or nothing more will.

        `receive` would be handed a batch before its task runs again, and would lose it if asyncio
        cancelled that task in between, as `asyncio.timeout` may.
        """
        self._arrival = anyio.Event()
        try:
            await self._arrival.wait()
        finally:
            self._arrival = None

    def _wake(self) -> None:
        if self._arrival is not None:
            self._arrival.set()

    def _ending(self) -> BaseException:
        """Return what to raise where no chunk is left."""
        if self._finished:
            return StopAsyncIteration()
        if self._closed or self._failure is None:
            return StreamUsageError(
                "the stream was iterated outside its block; "
                "iterate inside `async with model.stream(…) as chunks:`"
            )
        self._answer.attach(self._failure, self.partial)
        return self._failure

    @property
    def _finished(self) -> bool:
        """Whether the last chunk has been taken; nothing is folded that nobody may ask for."""
        return self._folder.finished or isinstance(next(reversed(self._unfolded), None), Finish)

    def _told(self) -> Folder:
        self._folder.feed(self._unfolded)
        self._unfolded.clear()
        return self._folder

    def _close(self) -> None:
        self._closed = True
        self._batch = iter(())
        self._receive.close()
        self._wake()


@final
class Texts:
    """The text among the items of a stream.

    An object, since an async generator left early warns on trio.

    Args:
        items: The stream.
    """

    def __init__(self, items: AsyncIterator[object]) -> None:
        self._items = items

    def __aiter__(self) -> Texts:
        """Iterate over what is left."""
        return self

    async def __anext__(self) -> str:
        """Return the next piece of text.

        Raises:
            IncompleteStreamError: The answer began anew, so that the text so far is void.
        """
        while True:
            item = await self._items.__anext__()
            if isinstance(item, TextDelta):
                return item.text
            if isinstance(item, Restarted):
                raise IncompleteStreamError(item.failure)


@final
class OpenStream:
    """The block of a stream. Nothing is sent before it is entered."""

    _receive: MemoryObjectReceiveStream[Batch]
    _stream: ChunkStream
    _tasks: TaskGroup

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._entered = False

    async def __aenter__(self) -> ChunkStream:
        """Start the answer and return at once.

        Raises:
            StreamUsageError: It was entered before.
        """
        if self._entered:
            raise StreamUsageError("a stream is used once; call model.stream(…) again for another")
        self._entered = True
        send, receive = anyio.create_memory_object_stream[Batch](BUFFERED_BATCHES)
        self._stream = ChunkStream(receive, self._answer)
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._tasks.start_soon(_produce, self._answer, send, self._stream)
        return self._stream

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Cancel the answer if it still comes, and wait until it has cleaned up."""
        self._tasks.cancel_scope.cancel("the stream's block was left")
        self._stream._close()
        await cleaned_up(self._tasks)


async def _produce(
    answer: Answer, send: MemoryObjectSendStream[Batch], stream: ChunkStream
) -> None:
    emit = _Outlet(send, stream)
    try:
        with send:
            finish = await answer.run(emit)
            await emit.end(finish)
    except Exception as error:  # handed over in band; cancellation passes
        stream._failure = error
    finally:
        stream._wake()


@final
class _Outlet(Outlet):
    """The producer's end of a stream."""

    def __init__(self, send: MemoryObjectSendStream[Batch], stream: ChunkStream) -> None:
        self._send, self._stream = send, stream

    async def end(self, finish: Finish) -> None:
        """Hand on how the answer ended, which no model emits itself."""
        await self._send.send((finish,))
        self._stream._wake()

    async def __call__(self, chunks: Sequence[Emission], /) -> None:
        try:
            self._send.send_nowait(checked(chunks))  # the common case costs no task switch
        except anyio.WouldBlock:
            await self._send.send(chunks)
        self._stream._wake()

    @property
    def has_room(self) -> bool:
        buffer = self._send.statistics()
        return buffer.current_buffer_used < buffer.max_buffer_size

    def put(self, chunks: Sequence[Emission], /) -> None:
        # Once the block is left nobody takes chunks, and the cancellation is under way.
        with contextlib.suppress(anyio.BrokenResourceError):
            self._send.send_nowait(chunks)
        self._stream._wake()
