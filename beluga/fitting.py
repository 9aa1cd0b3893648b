"""What fits a request to a model's window: a protocol, a model that uses it, and its budget.

It stands on this floor because both a middleware and a router need it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from beluga.effects import Effects
from beluga.errors import ContextLengthError, ContextOverflowError, invalid_input
from beluga.events import Fitted
from beluga.model import ChatModel, Wrapper
from beluga.schema import (
    Emission,
    Finish,
    GenerateOptions,
    Message,
    ModelInfo,
    Request,
    ToolDeclaration,
)

__all__ = ["Fitter", "Fitting", "input_budget"]

_USUAL_OUTPUT = 4096
_OUTPUT_SHARE = 4
_SMALLER = 0.75


class Fitter(Protocol):
    """Make messages fit."""

    async def fit(
        self,
        messages: Sequence[Message],
        budget: int | None = None,
        *,
        tools: Sequence[ToolDeclaration] = (),
    ) -> Fitted:
        """Return *messages*, or what is left of them, within *budget* tokens.

        Raises:
            ContextOverflowError: They cannot be made to fit.
        """

    async def fit_request(
        self, request: Request, model: ChatModel, fx: Effects, *, share: float = 1.0
    ) -> Request:
        """Return *request*, or what is left of it, for *model*'s window.

        Args:
            request: What the model shall be asked.
            model: Whose window it must fit.
            fx: What the fitting may do; observers are told of it.
            share: Below 1, how much of what *request* costs may be left: for a model that has
                refused it as too long.

        Raises:
            ContextOverflowError: It cannot be made to fit.
        """


def input_budget(
    info: ModelInfo, options: GenerateOptions, reserve_output: int | None = None
) -> int | None:
    """Return how many tokens of input a model takes; `None` if its window is not known.

    What is kept free for the answer is *reserve_output*, else `max_tokens` of the request, else the
    model's most tokens of output, but not more than 4096 and a quarter of the window.
    """
    window = info.context_window
    if window is None:
        return info.max_input_tokens
    reserved = options.max_tokens if reserve_output is None else reserve_output
    if reserved is None:
        usual = min(info.max_output_tokens or _USUAL_OUTPUT, _USUAL_OUTPUT)
        reserved = min(usual, window // _OUTPUT_SHARE)
    left = max(0, window - reserved)
    return left if info.max_input_tokens is None else min(left, info.max_input_tokens)


class Fitting(Wrapper):
    """A model for which each request is made to fit, as *fitter* does.

    If the provider says nevertheless that a request is too long, it is asked once more with three
    quarters of it.
    """

    def __init__(self, inner: ChatModel, fitter: Fitter) -> None:
        if isinstance(fitter, type) or not callable(getattr(fitter, "fit_request", None)):
            raise invalid_input(
                f"what fits requests is a ContextManager(), or has a method fit_request; "
                f"got {fitter!r:.80}"
            )
        super().__init__(inner)
        self._fitter = fitter

    async def respond(self, request: Request, fx: Effects) -> Finish:
        """Have the inner model answer what is left of *request*.

        Raises:
            ContextOverflowError: What must stay of it does not fit.
        """
        fitting = await self._fitter.fit_request(request, self.inner, fx)
        shown = False

        async def emit(chunks: Sequence[Emission]) -> None:
            nonlocal shown
            shown = True
            await fx.emit(chunks)

        try:
            return await self.inner.respond(fitting, fx.emitting(emit))
        except ContextLengthError as error:
            if shown:
                raise
            smaller = await self._smaller(fitting, fx, error)
        return await self.inner.respond(smaller, fx)

    async def _smaller(self, request: Request, fx: Effects, refused: ContextLengthError) -> Request:
        try:
            return await self._fitter.fit_request(request, self.inner, fx, share=_SMALLER)
        except ContextOverflowError:
            raise refused from None
