"""Ask other models, in order, where one has failed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AsyncExitStack
from typing import Literal

from beluga.effects import Effects
from beluga.errors import AllModelsFailedError, invalid_input
from beluga.events import FailedOver
from beluga.flows.failover import failover
from beluga.flows.tries import Flow, Tries, drive
from beluga.hooks import Middleware
from beluga.model import ChatModel, Wrapper
from beluga.outcomes import Ok, Outcome
from beluga.schema import ErrorCode, Failure, Finish, OptionLayer, Request

__all__ = ["with_fallback"]


def with_fallback(*models: ChatModel, on_refusal: Literal["raise", "next"] = "raise") -> Middleware:
    """Return a middleware that asks *models*, in order, where the model it is put on has failed.

    Not every failure is survived by another model: a wrong request is wrong everywhere, and is
    raised as it came. Once content has been shown to somebody who watches, the failure is raised
    too. Every model brings its own options; those of a call go before them. Closing the model
    closes them all.

    Args:
        *models: The others, one at least.
        on_refusal: What to do when a provider refuses to answer: raise, or ask the next.

    Raises:
        InvalidInputError: There are no models, or one stands there twice.
        AllModelsFailedError: At a call: no model answered. `attempts` are all failures in order,
            `retry_after` the seconds until the first of them may be asked again.
    """
    if not models:
        raise invalid_input("with_fallback needs another model: with_fallback(model, …)")
    for model in models:
        if not isinstance(model, ChatModel):
            raise invalid_input(f"with_fallback takes models; got {model!r:.80}")
    if on_refusal not in {"raise", "next"}:
        raise invalid_input(f"on_refusal is 'raise' or 'next'; got {on_refusal!r}")
    asked: tuple[ErrorCode, ...] = ("content_filter",) if on_refusal == "next" else ()
    return lambda model: _Falling(model, models, asked)


class _Falling(Wrapper):
    def __init__(
        self, inner: ChatModel, others: Sequence[ChatModel], asked: Collection[ErrorCode]
    ) -> None:
        super().__init__(inner)
        self._models = (inner, *others)
        self._asked = asked
        if len({id(model) for model in self._models}) < len(self._models):
            raise invalid_input("with_fallback was given a model twice; name each one once")

    @property
    def defaults(self) -> OptionLayer:
        """The options that all of the models start from alike; each adds the rest itself."""
        return OptionLayer.shared([model.defaults for model in self._models])

    async def respond(self, request: Request, fx: Effects) -> Finish:
        tries = Tries(request, fx)
        failure: Failure | None = None
        asked: Collection[ErrorCode] = self._asked
        if fx.judge is not None:
            asked = {*asked, "output_invalid"}

        async def perform(model: ChatModel) -> Outcome[Finish]:
            nonlocal failure
            if failure is not None:
                fx.notify(FailedOver(failure, model.info.provider, model.info.model))
            outcome = await tries.ask(model, fx.judge)
            failure = None if isinstance(outcome, Ok) else outcome
            return outcome

        flow: Flow[ChatModel, Finish] = failover(self._models, fx, asked)
        return await tries.conclude(await drive(flow, tries, perform), AllModelsFailedError)

    async def aclose(self) -> None:
        """Close all of the models, also if closing one fails or is cancelled."""
        async with AsyncExitStack() as closing:
            for model in reversed(self._models):
                closing.push_async_callback(model.aclose)

    def __repr__(self) -> str:
        return f"with_fallback{self._models[1:]!r}({self.inner!r})"
