"""Fit every request of a model to its window."""

from __future__ import annotations

from collections.abc import Sequence

from beluga.effects import Effects
from beluga.errors import ContextLengthError, ContextOverflowError
from beluga.fitting import Fitter
from beluga.hooks import Middleware
from beluga.model import ChatModel, Wrapper
from beluga.schema import Emission, Finish, Request

__all__ = ["with_context"]

_SMALLER = 0.75


def with_context(manager: Fitter) -> Middleware:
    """Return a middleware that makes each request fit, as *manager* does.

    The budget is the manager's own, else what the model's window leaves beside the answer, tools
    and schema; where neither is known, requests go as they are. If the provider says nevertheless
    that a request is too long, it is asked once more with three quarters of it.

    Raises:
        ContextOverflowError: (when asked) What must stay of a request does not fit.
    """
    return lambda model: _Fitting(model, manager)


class _Fitting(Wrapper):
    def __init__(self, inner: ChatModel, fitter: Fitter) -> None:
        super().__init__(inner)
        self._fitter = fitter

    async def respond(self, request: Request, fx: Effects) -> Finish:
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
