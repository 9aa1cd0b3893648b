"""Values of a type for code without an event loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Generic, Literal, Self, TypeVar, Unpack, final

from anyio.from_thread import BlockingPortal

from beluga.blocking_model import BlockingModel, OpenBlocking
from beluga.schema import Options, Prompt
from beluga.structured import Partial, PartialEvent, PartialStream, Structured, StructuredOutput

__all__ = ["BlockingOutput", "BlockingPartialStream"]

T = TypeVar("T")


@final
class BlockingOutput(Generic[T]):
    """A `StructuredOutput` whose verbs wait; `beluga.blocking` makes it."""

    def __init__(self, output: StructuredOutput[T], model: BlockingModel) -> None:
        self._output, self._model = output, model

    def __enter__(self) -> Self:
        """Start the loop."""
        self._model.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the model and end the loop."""
        self._model.__exit__(kind, error, traceback)

    def generate(self, messages: Prompt, /, **options: Unpack[Options]) -> T:
        """Ask for a value; see `StructuredOutput.generate`."""
        return self.run(messages, **options).value

    def run(self, messages: Prompt, /, **options: Unpack[Options]) -> Structured[T]:
        """Ask for a value, and return with it how it came about; see `StructuredOutput.run`."""

        async def call() -> Structured[T]:
            return await self._output.run(messages, **options)

        return self._model._running().call(call)

    def stream(
        self,
        messages: Prompt,
        /,
        *,
        on_invalid: Literal["raise", "restart"] = "raise",
        **options: Unpack[Options],
    ) -> AbstractContextManager[BlockingPartialStream[T], None]:
        """Ask for a value and watch it, inside a `with` block; see `StructuredOutput.stream`."""
        block = self._output.stream(messages, on_invalid=on_invalid, **options)
        return OpenBlocking(self._model._running, block, BlockingPartialStream)


@final
class BlockingPartialStream(Generic[T]):
    """A value as it comes, for code without an event loop."""

    def __init__(self, running: Callable[[], BlockingPortal], stream: PartialStream[T]) -> None:
        self._running, self._stream = running, stream

    def __iter__(self) -> Iterator[Partial[T]]:
        """Iterate over views of the value."""
        return self

    def __next__(self) -> Partial[T]:
        """Return the next view."""

        async def step() -> Partial[T] | None:
            return await anext(aiter(self._stream), None)

        view = self._running().call(step)
        if view is None:
            raise StopIteration
        return view

    def events(self) -> Iterator[PartialEvent]:
        """Iterate over what comes; see `PartialStream.events`."""
        events = self._stream.events()

        async def step() -> PartialEvent | None:
            return await anext(events, None)

        while (event := self._running().call(step)) is not None:
            yield event

    def result(self) -> Structured[T]:
        """Take what is left of the stream, and return the value and how it came about."""
        return self._running().call(self._stream.result)

    @property
    def partial(self) -> Partial[T]:
        """What has come so far."""
        return self._stream.partial

    @property
    def value(self) -> T:
        """The value, once the stream has ended."""
        return self._stream.value
