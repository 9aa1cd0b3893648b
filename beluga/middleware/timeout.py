"""Bound the time of one model, inside the bounds of the whole answer."""

from __future__ import annotations

import math
from collections.abc import Sequence

import anyio
import msgspec

from beluga.effects import Effects
from beluga.errors import ModelTimeoutError, invalid_input
from beluga.flows.tries import content_stands
from beluga.hooks import Middleware
from beluga.model import ChatModel, Wrapper
from beluga.schema import Emission, Failure, Finish, Request, Timeouts

__all__ = ["with_timeout"]


def with_timeout(timeouts: float | Timeouts) -> Middleware:
    """Return a middleware that bounds the time of every answer of the model it is put on.

    The bounds come on top of those of the option `timeout`: of two, the shorter one holds. `total`
    counts from when the model is asked. Where retries or a fallback stand outside, each attempt
    has this time to itself, and one that is late is a failure that may be tried again.

    Args:
        timeouts: Seconds for the whole answer, or all four bounds.

    Raises:
        InvalidInputError: A bound is not above zero.
        ModelTimeoutError: At a call: the model was late.
    """
    if not isinstance(timeouts, Timeouts):
        try:
            timeouts = Timeouts(math.inf, math.inf, math.inf, timeouts)
        except ValueError as error:
            raise invalid_input(f"with_timeout: {error}") from None
    bounds = timeouts
    return lambda model: _Timed(model, bounds)


class _Timed(Wrapper):
    def __init__(self, inner: ChatModel, bounds: Timeouts) -> None:
        super().__init__(inner)
        self._bounds = bounds

    async def respond(self, request: Request, fx: Effects) -> Finish:
        request = self._bounded(request)
        deadline = fx.clock.now() + self._bounds.total
        if deadline >= fx.deadline:
            return await self.inner.respond(request, fx)
        shown = False

        async def emit(chunks: Sequence[Emission]) -> None:
            nonlocal shown
            shown = content_stands(chunks, shown)
            await fx.emit(chunks)

        watched = fx.emitting(emit) if request.streaming else fx
        with anyio.CancelScope(deadline=deadline):
            return await self.inner.respond(request, watched.until(deadline))
        raise self._too_late(retryable=not shown)

    def _bounded(self, request: Request) -> Request:
        given = request.options.timeout or self.inner.defaults.options.timeout
        mine, theirs = self._bounds, given or Timeouts()
        timeout = Timeouts(
            min(mine.connect, theirs.connect),
            min(mine.first_content, theirs.first_content),
            min(mine.between_content, theirs.between_content),
            min(mine.total, theirs.total),
        )
        if timeout == request.options.timeout:
            return request
        options = msgspec.structs.replace(request.options, timeout=timeout)
        return msgspec.structs.replace(request, options=options)

    def _too_late(self, *, retryable: bool) -> ModelTimeoutError:
        seconds = f"{self._bounds.total:g} s"
        message = f"the answer was not complete within the model's {seconds} (with_timeout)"
        info = self.inner.info
        return ModelTimeoutError(
            Failure("timeout", message, info.provider, info.model, retryable=retryable)
        )
