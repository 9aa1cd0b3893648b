"""The waist of the house: a model answers a request.

Providers, routers and every middleware are `ChatModel`s with one method of their own, `respond`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Self, Unpack

from beluga.edge import Answer, checked
from beluga.effects import Effects, live
from beluga.errors import ModelError, invalid_input
from beluga.schema import (
    AIMessage,
    Emission,
    Finish,
    Folder,
    ModelInfo,
    OptionLayer,
    Options,
    Prompt,
    ProviderTool,
    Request,
    Tool,
    ToolSpec,
)
from beluga.schema.request import messages_of
from beluga.streams import ChunkStream, OpenStream

__all__ = ["ChatModel", "Wrapper"]

_LIVE = live()
_NO_DEFAULTS = OptionLayer()


class ChatModel(ABC):
    """Anything that answers requests: a provider's model, a router, a middleware around either.

    A subclass gives `model_id` and `respond`; it has no state to initialise here.
    """

    @property
    @abstractmethod
    def model_id(self) -> str:
        """The name of the model, as its provider knows it."""

    @property
    def info(self) -> ModelInfo:
        """What is known of the model; whatever is not known is `None`."""
        return ModelInfo()

    @property
    def defaults(self) -> OptionLayer:
        """The options that a call of this model starts from."""
        return _NO_DEFAULTS

    @abstractmethod
    async def respond(self, request: Request, fx: Effects) -> Finish:
        """Answer *request*: emit chunks through *fx* while doing so, and return how it ended.

        Raises:
            ModelError: There is no answer.
        """

    async def would_wait(self, request: Request) -> float:  # noqa: ARG002 - for who overrides it
        """Return seconds that *request* would wait on this side if it came now; 0 if it would not.

        It is `math.inf` if that depends on others that wait or are under way. Nothing is reserved
        or sent.

        Raises:
            ModelError: It could never be sent.
        """
        return 0.0

    async def generate(
        self,
        messages: Prompt,
        /,
        *,
        fx: Effects | None = None,
        **options: Unpack[Options],
    ) -> AIMessage:
        """Ask for an answer and return it whole.

        Args:
            messages: A text, a message, or a conversation.
            fx: What the call may do to the world; its `emit` is not used.
            **options: See `Options`.

        Raises:
            ModelError: There is no answer; `failure` says why, `partial` what had arrived.
        """
        folder = Folder()

        async def collect(chunks: Sequence[Emission]) -> None:
            folder.feed(checked(chunks))

        answer = self._answer(messages, fx, options, streaming=False)
        try:
            finish = await answer.run(collect)
        except ModelError as error:
            answer.attach(error, folder.message())
            raise
        folder.feed((finish,))
        return folder.message()

    def stream(
        self,
        messages: Prompt,
        /,
        *,
        fx: Effects | None = None,
        **options: Unpack[Options],
    ) -> AbstractAsyncContextManager[ChunkStream, None]:
        """Ask for an answer and watch it come, inside an `async with` block.

        Nothing is sent before the block is entered; leaving it ends the answer and closes its
        connection. Every failure of the answer is raised where it is iterated.

        Args:
            messages: A text, a message, or a conversation.
            fx: What the call may do to the world; its `emit` is not used.
            **options: See `Options`.

        Raises:
            InvalidInputError: The messages or an option are wrong.
        """
        return OpenStream(self._answer(messages, fx, options, streaming=True))

    def bind_tools(self, tools: Sequence[Tool | ToolSpec | ProviderTool]) -> ChatModel:
        """Return a model that offers *tools* with every request, in place of earlier ones."""
        return self.with_options(tools=tools)

    def with_options(self, **options: Unpack[Options]) -> ChatModel:
        """Return a model that starts every call from *options*; this one stays as it is.

        Raises:
            InvalidInputError: An option is wrong.
        """
        return _Bound(self, _layer(options))

    async def aclose(self) -> None:
        """Close what the model holds open. It may be called again."""

    async def __aenter__(self) -> Self:
        """Return the model; leaving the block closes it."""
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close what the model holds open."""
        await self.aclose()

    def _answer(
        self, prompt: Prompt, fx: Effects | None, options: Options, *, streaming: bool
    ) -> Answer:
        request = self._request(prompt, options, streaming=streaming)
        return Answer(self.respond, request, _LIVE if fx is None else fx)

    def _request(self, prompt: Prompt, options: Options, *, streaming: bool) -> Request:
        layer = self.defaults.under(_layer(options))
        try:
            return Request(messages_of(prompt), layer.options, streaming, layer.cleared)
        except ValueError as error:
            raise invalid_input(str(error)) from None


class Wrapper(ChatModel):
    """The base of a middleware: everything but `respond` is the inner model's.

    Hand a request that you have changed on as `changed.in_place_of(request)`: what you took out of
    its options is then not set again by the defaults of the models inside.
    """

    inner: ChatModel

    def __init__(self, inner: ChatModel) -> None:
        self.inner = inner

    @property
    def model_id(self) -> str:
        """The inner model's name."""
        return self.inner.model_id

    @property
    def info(self) -> ModelInfo:
        """What is known of the inner model."""
        return self.inner.info

    @property
    def defaults(self) -> OptionLayer:
        """The inner model's defaults."""
        return self.inner.defaults

    async def respond(self, request: Request, fx: Effects) -> Finish:
        """Have the inner model answer."""
        return await self.inner.respond(request, fx)

    async def would_wait(self, request: Request) -> float:
        """Return how long the inner model would let *request* wait."""
        return await self.inner.would_wait(request)

    async def aclose(self) -> None:
        """Close the inner model."""
        await self.inner.aclose()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.inner!r})"


class _Bound(Wrapper):
    """A model with options of its own under those of every request."""

    def __init__(self, inner: ChatModel, layer: OptionLayer) -> None:
        super().__init__(inner)
        self._layer = layer

    @property
    def defaults(self) -> OptionLayer:
        return self.inner.defaults.under(self._layer)

    async def respond(self, request: Request, fx: Effects) -> Finish:
        return await self.inner.respond(request.over(self._layer), fx)

    async def would_wait(self, request: Request) -> float:
        return await self.inner.would_wait(request.over(self._layer))

    def __repr__(self) -> str:
        given = [f"{name}={value!r}" for name, value in self._layer.options.__rich_repr__()]
        given += [f"{name}=UNSET" for name in sorted(self._layer.cleared)]
        return f"{self.inner!r}.with_options({', '.join(given)})"


def _layer(options: Options) -> OptionLayer:
    try:
        return OptionLayer.of(options)
    except ValueError as error:
        raise invalid_input(str(error)) from None
