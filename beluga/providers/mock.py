"""The provider `mock`: models that answer from a script, or say again what they were told.

They behave as a provider's model does (batches, events, accounts, failures) and send nothing.
"""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

import anyio.lowlevel
import msgspec

from beluga.catalog import filled, priced
from beluga.effects import Effects
from beluga.errors import IncompleteStreamError, ModelError, invalid_input
from beluga.events import Attempted, AttemptEnded
from beluga.model import ChatModel
from beluga.registry import ProviderConfig
from beluga.schema import (
    AIMessage,
    Emission,
    Failure,
    Finish,
    FinishReason,
    GenerateOptions,
    HumanMessage,
    ModelInfo,
    OptionLayer,
    ReasoningDelta,
    Request,
    StreamChunk,
    TextDelta,
    Usage,
    unfold,
)
from beluga.schema.usage import COMPUTED, reported_cost

__all__ = ["Reply", "ScriptedModel", "Step", "mock", "natural_reason", "words"]

PROVIDER: Final = "mock"

Step: TypeAlias = StreamChunk | float | Exception
"""A chunk to emit, seconds to wait, or what to raise."""

Reply: TypeAlias = str | AIMessage | Sequence[Step] | Exception
"""One answer: a text, a message, its chunks one by one, or a failure."""


class ScriptedModel(ChatModel):
    """Answer each call with the next reply of a script.

    A text or a message is streamed word by word, and folds to exactly itself. Chunks are emitted as
    they are, with a wait for every number between them; without a `Finish` the answer breaks off,
    and an exception among them is raised there: a `ModelError` as a new one each time, with the
    same failure. If nobody watches, an answer is one batch, as from a provider. A call beyond the
    last reply is an `AssertionError`, which no middleware survives.

    ```python
    model = ScriptedModel(["Hello.", RateLimitError(Failure("rate_limit", "slow down"))])
    assert (await model.generate("Hi")).text == "Hello."
    ```

    Args:
        replies: One for each call, in the order of the calls.
        model_id: The model's name.
        info: What is to be known of it.
        defaults: The options that every call starts from.

    Attributes:
        requests: What the model was asked, in order.

    Raises:
        InvalidInputError: A reply is nothing that can be played.
    """

    requests: list[Request]

    def __init__(
        self,
        replies: Sequence[Reply],
        *,
        model_id: str = "scripted",
        info: ModelInfo | None = None,
        defaults: GenerateOptions = GenerateOptions(),
    ) -> None:
        self.requests = []
        self._script = _script(replies)
        self._model_id = model_id
        self._info = info or ModelInfo(model=model_id, provider=PROVIDER)
        self._defaults = OptionLayer(defaults)

    @property
    def model_id(self) -> str:
        """The name that the model was given."""
        return self._model_id

    @property
    def info(self) -> ModelInfo:
        """What is known of the model."""
        return filled(self._info)

    @property
    def defaults(self) -> OptionLayer:
        """The options that a call of this model starts from."""
        return self._defaults

    async def respond(self, request: Request, fx: Effects) -> Finish:
        """Answer with the next reply."""
        request = _settled(request, self._defaults)
        position = len(self.requests)
        self.requests.append(request)
        if position >= len(self._script):
            raise AssertionError(
                f"{self!r} expected {len(self._script)} calls and got call {position + 1}: "
                f"{request.messages[-1].text[:200]!r}"
            )
        return await _Performance(self, request, fx).run(self._script[position])

    def __repr__(self) -> str:
        return f"ScriptedModel({self._model_id!r}, {len(self._script)} replies)"


class _EchoModel(ChatModel):
    """Answer with the text of the last human message."""

    def __init__(self, model_id: str, defaults: GenerateOptions) -> None:
        self._model_id, self._defaults = model_id, OptionLayer(defaults)

    @property
    def model_id(self) -> str:
        return self._model_id

    @property
    def info(self) -> ModelInfo:
        return filled(ModelInfo(model=self._model_id, provider=PROVIDER))

    @property
    def defaults(self) -> OptionLayer:
        return self._defaults

    async def respond(self, request: Request, fx: Effects) -> Finish:
        request = _settled(request, self._defaults)
        texts = [m.text for m in reversed(request.messages) if isinstance(m, HumanMessage)]
        return await _Performance(self, request, fx).run(_steps(texts[0] if texts else ""))

    def __repr__(self) -> str:
        return f"mock:{self._model_id}"


class _Performance:
    """One reply being played, and what observers are told of it."""

    def __init__(self, model: ChatModel, request: Request, fx: Effects) -> None:
        self._info, self._request = model.info, request
        self._provider = self._info.provider or PROVIDER
        self._model = self._info.model or model.model_id
        self._streaming, self._fx = request.streaming, fx
        self._held: list[Emission] = []
        self._started = fx.clock.now()
        self._first_content: float | None = None

    async def run(self, steps: Sequence[Step]) -> Finish:
        self._fx.notify(Attempted(self._provider, self._model))
        finish, failure = None, None
        try:
            finish = await self._play(steps)
            return finish
        except ModelError as error:
            failure = error.failure
            raise
        finally:
            self._report(finish, failure)

    def _report(self, finish: Finish | None, failure: Failure | None) -> None:
        self._fx.notify(
            AttemptEnded(
                self._provider,
                self._model,
                Usage() if finish is None else finish.usage,
                self._fx.clock.now() - self._started,
                self._first_content,
                failure,
                abandoned=finish is None and failure is None,
                cost=None if finish is None else reported_cost(finish.metadata),
                computed=finish is not None and finish.metadata.get(COMPUTED) is True,
            )
        )

    async def _play(self, steps: Sequence[Step]) -> Finish:
        await anyio.lowlevel.checkpoint()  # where a provider would be waited for
        for step in steps:
            match step:
                case int() | float():
                    await self._fx.clock.sleep(step)
                case Exception():
                    await self._show()
                    raise _anew(step)
                case Finish():
                    await self._show()
                    return self._signed(step)
                case _:
                    self._held.append(step)
                    if self._streaming:
                        await anyio.lowlevel.checkpoint()
                        await self._show()
        await self._show()
        raise self._broken_off()

    async def _show(self) -> None:
        if not self._held:
            return
        if self._first_content is None:
            self._first_content = self._fx.clock.now() - self._started
        held, self._held = self._held, []
        await self._fx.emit(held)

    def _signed(self, finish: Finish) -> Finish:
        signed = Finish(
            finish.reason,
            finish.raw_reason,
            finish.usage,
            finish.model or self._model,
            finish.provider or self._provider,
            finish.response_id,
            finish.metadata,
        )
        return priced(signed, self._request, self._info)

    def _broken_off(self) -> IncompleteStreamError:
        shown = self._streaming and self._first_content is not None
        message = "the reply broke off: its script ends without a Finish"
        provider, model = self._provider, self._model
        return IncompleteStreamError(
            Failure("incomplete_stream", message, provider, model, retryable=not shown)
        )


def mock(config: ProviderConfig) -> ChatModel:
    """Return a model for tests and demonstrations; nothing is sent.

    `settings={"replies": [...]}` are the replies of a `ScriptedModel`. Without them the model
    answers each call with the text of the last human message.

    Raises:
        InvalidInputError: A setting is unknown, or a reply is nothing that can be played.
    """
    unknown = [name for name in config.settings if name != "replies"]
    if unknown:
        raise invalid_input(f"mock has no setting {unknown[0]!r}; there is 'replies'")
    defaults = GenerateOptions(timeout=config.timeouts).merge(config.defaults)
    replies: object = config.settings.get("replies")
    if replies is None:
        return _EchoModel(config.model, defaults)
    if isinstance(replies, str) or not isinstance(replies, Sequence):
        raise invalid_input(f"replies takes a sequence of replies; got {type(replies).__name__}")
    return ScriptedModel(replies, model_id=config.model, defaults=defaults)


def _anew(error: Exception) -> Exception:
    """Return a failure as a provider would raise it: one of its own each time, with no past."""
    if not isinstance(error, ModelError):
        return error
    fresh = copy.copy(error)
    fresh.__cause__, fresh.__suppress_context__ = error.__cause__, error.__suppress_context__
    return fresh


def _settled(request: Request, defaults: OptionLayer) -> Request:
    request = request.over(defaults)
    contradiction = request.contradiction()
    if contradiction is not None:
        raise invalid_input(contradiction)
    return request


def _script(replies: Sequence[Reply]) -> tuple[tuple[Step, ...], ...]:
    if isinstance(replies, str | AIMessage | Exception) or not isinstance(replies, Iterable):
        raise invalid_input(f"replies takes a sequence of replies, one a call; got {replies!r:.80}")
    script: list[tuple[Step, ...]] = []
    for position, reply in enumerate(replies):
        try:
            script.append(_steps(reply))
        except ValueError as error:
            raise invalid_input(f"reply {position}: {error}") from None
    return tuple(script)


def _steps(reply: object) -> tuple[Step, ...]:
    if isinstance(reply, str):
        reply = AIMessage(reply)
    if isinstance(reply, AIMessage):
        return tuple(_told(reply))
    if isinstance(reply, Exception):
        return (reply,)
    if isinstance(reply, bytes | dict) or not isinstance(reply, Sequence):
        raise ValueError(
            "takes a str, an AIMessage, a sequence of chunks and seconds, or an exception; "
            f"got {reply!r:.80}"
        )
    return _checked(reply)


def _checked(steps: Sequence[object]) -> tuple[Step, ...]:
    checked: list[Step] = []
    for position, step in enumerate(steps):
        if checked and isinstance(checked[-1], Finish | Exception):
            raise ValueError(f"nothing may follow {type(checked[-1]).__name__}, which ends it")
        if isinstance(step, StreamChunk | Exception):
            checked.append(step)
        elif isinstance(step, int | float) and not isinstance(step, bool) and 0 <= step < math.inf:
            checked.append(float(step))
        else:
            raise ValueError(f"step {position} is no chunk, wait or exception: {step!r:.80}")
    return tuple(checked)


def _told(message: AIMessage) -> Iterable[StreamChunk]:
    """The chunks of a message, its texts word by word; an interrupted one has no end."""
    if message.finish_reason is None and not message.interrupted:
        message = msgspec.structs.replace(message, finish_reason=natural_reason(message))
    for chunk in unfold(message):
        match chunk:
            case TextDelta(text, index):
                yield from [TextDelta(word, index) for word in words(text)]
            case ReasoningDelta(text, index):
                yield from [ReasoningDelta(word, index) for word in words(text)]
            case _:
                yield chunk


def natural_reason(message: AIMessage) -> FinishReason:
    """Return why a message of this content would have ended."""
    if message.cut_calls:
        return "length"
    return "tool_calls" if message.tool_calls else "stop"


def words(text: str) -> list[str]:
    """Cut a text into words, each with the space that follows it; they join to the text."""
    return re.findall(r"\S+\s*|\s+", text)
