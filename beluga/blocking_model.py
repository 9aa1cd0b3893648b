"""Models for code without an event loop: the same verbs, answered by a loop in a thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, ExitStack
from types import TracebackType
from typing import Generic, Literal, Self, TypeVar, Unpack, final

from anyio.from_thread import BlockingPortal, start_blocking_portal

from beluga.errors import StreamUsageError
from beluga.model import ChatModel
from beluga.schema import (
    AIMessage,
    Options,
    Prompt,
    ProviderTool,
    Spent,
    StreamChunk,
    Tool,
    ToolSpec,
)
from beluga.streams import ChunkStream

__all__ = ["BlockingModel", "BlockingStream", "OpenBlocking"]

S = TypeVar("S")
B = TypeVar("B")


@final
class BlockingModel:
    """A model whose verbs wait instead of being awaited."""

    def __init__(self, model: ChatModel, backend: Literal["asyncio", "trio"] = "asyncio") -> None:
        self._model, self._backend = model, backend
        self._stack = ExitStack()
        self._portal: BlockingPortal | None = None
        self._origin: BlockingModel | None = None

    def __enter__(self) -> Self:
        """Start the loop."""
        if self._found() is not None:
            raise StreamUsageError("this blocking model is in use already; make another")
        with ExitStack() as stack:
            portal = stack.enter_context(start_blocking_portal(self._backend))
            stack.enter_context(portal.wrap_async_context_manager(self._model))
            self._stack, self._portal = stack.pop_all(), portal
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the model and end the loop."""
        self._portal = None
        self._stack.__exit__(kind, error, traceback)

    @property
    def model_id(self) -> str:
        """The name of the model, as its provider knows it."""
        return self._model.model_id

    def generate(self, messages: Prompt, /, **options: Unpack[Options]) -> AIMessage:
        """Ask for an answer and return it whole; see `ChatModel.generate`."""

        async def call() -> AIMessage:
            return await self._model.generate(messages, **options)

        return self._running().call(call)

    def stream(
        self, messages: Prompt, /, **options: Unpack[Options]
    ) -> AbstractContextManager[BlockingStream, None]:
        """Ask for an answer and watch it come, inside a `with` block; see `ChatModel.stream`."""
        block = self._model.stream(messages, **options)
        return OpenBlocking(self._running, block, BlockingStream)

    def bind_tools(self, tools: Sequence[Tool | ToolSpec | ProviderTool]) -> BlockingModel:
        """Return a model that offers *tools* with every request; it shares this one's loop."""
        return self._derived(self._model.bind_tools(tools))

    def with_options(self, **options: Unpack[Options]) -> BlockingModel:
        """Return a model that starts every call from *options*; it shares this one's loop."""
        return self._derived(self._model.with_options(**options))

    def _derived(self, model: ChatModel) -> BlockingModel:
        derived = BlockingModel(model, self._backend)
        derived._origin = self
        return derived

    def _found(self) -> BlockingPortal | None:
        if self._portal is None and self._origin is not None:
            return self._origin._found()
        return self._portal

    def _running(self) -> BlockingPortal:
        portal = self._found()
        if portal is None:
            raise StreamUsageError("use the model inside `with beluga.blocking(…) as model:`")
        return portal


@final
class BlockingStream:
    """The chunks of one answer, for code without an event loop."""

    def __init__(self, running: Callable[[], BlockingPortal], chunks: ChunkStream) -> None:
        self._running, self._chunks = running, chunks

    def __iter__(self) -> Iterator[StreamChunk]:
        """Iterate over what is left of the answer."""
        return self

    def __next__(self) -> StreamChunk:
        """Return the next chunk; the last one is a `Finish`."""
        chunk = self._running().call(_next_chunk, self._chunks)
        if chunk is None:
            raise StopIteration
        return chunk

    def text(self) -> Iterator[str]:
        """Iterate over the pieces of the answer's text."""
        texts = self._chunks.text()

        async def step() -> str | None:
            return await anext(texts, None)

        while (text := self._running().call(step)) is not None:
            yield text

    def message(self) -> AIMessage:
        """Take what is left of the stream and return the whole message."""
        return self._running().call(self._chunks.message)

    @property
    def partial(self) -> AIMessage:
        """What has been taken of the answer so far."""
        return self._chunks.partial

    @property
    def spent(self) -> Spent:
        """What the answer has taken so far."""
        return self._chunks.spent


async def _next_chunk(chunks: ChunkStream) -> StreamChunk | None:
    return await anext(aiter(chunks), None)


@final
class OpenBlocking(Generic[S, B]):
    """The block of a stream, for code without an event loop.

    Args:
        running: Return the loop, or say that there is none.
        block: The block of the stream itself.
        made: Makes of the stream what is used in the block.
    """

    def __init__(
        self,
        running: Callable[[], BlockingPortal],
        block: AbstractAsyncContextManager[S],
        made: Callable[[Callable[[], BlockingPortal], S], B],
    ) -> None:
        self._running, self._made = running, made
        self._block = running().wrap_async_context_manager(block)

    def __enter__(self) -> B:
        """Start the answer and return at once."""
        return self._made(self._running, self._block.__enter__())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Cancel the answer if it still comes, and wait until it has cleaned up."""
        self._block.__exit__(kind, error, traceback)
