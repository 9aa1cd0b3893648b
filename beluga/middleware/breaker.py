"""Stop asking a model that keeps failing, and try it again after a while."""

from __future__ import annotations

from collections.abc import Sequence

import anyio

from beluga.edge import model_error
from beluga.effects import Effects
from beluga.errors import ModelError, ProviderDownError
from beluga.events import BreakerClosed, BreakerOpened
from beluga.flows.tries import content_stands
from beluga.health.breaker import (
    BreakerPolicy,
    BreakerState,
    LocalBreaker,
    Permit,
    Refusal,
    Verdict,
    verdict_on,
)
from beluga.hooks import Middleware
from beluga.model import ChatModel, Wrapper
from beluga.schema import Emission, Failure, Finish, Request

__all__ = ["with_breaker"]


def with_breaker(
    failures: int = 5, cooldown: float = 30.0, *, state: BreakerState | None = None
) -> Middleware:
    """Return a middleware that refuses requests after too many failures in a row.

    While the breaker is open, a request fails at once as `ProviderDownError` with `local=True` and
    the time that is left as `retry_after`; nothing is sent. Then one request is let through as a
    probe. With its first content, or its end, the breaker closes; if it fails, it is open again.

    Failures are those of the provider's health: rate limits, timeouts, a provider that is down, an
    answer that broke off. A wrong request is none, nor is a cancelled one, nor what was refused on
    this side. All models that one such value is put on share one breaker.

    Args:
        failures: How many in a row open it.
        cooldown: Seconds until a probe is let through.
        state: Where the state is kept, if not in this process; the numbers are then its own.

    Raises:
        InvalidInputError: A number is out of its range.
    """
    policy = BreakerPolicy(failures, cooldown)
    kept = LocalBreaker(policy) if state is None else state
    return lambda model: _Broken(model, kept)


class _Broken(Wrapper):
    def __init__(self, inner: ChatModel, state: BreakerState) -> None:
        super().__init__(inner)
        self._state = state

    async def respond(self, request: Request, fx: Effects) -> Finish:
        permit = await self._state.admit(fx.clock)
        if isinstance(permit, Refusal):
            raise self._refused(permit)
        passage = _Passage(self, permit, fx)
        effects = fx.emitting(passage.emit) if permit.probe else fx
        verdict: Verdict = "unknown"
        failure: Failure | None = None
        try:
            finish = await self.inner.respond(request, effects)
            verdict = "well"
            return finish
        except (ModelError, BaseExceptionGroup) as raised:
            error = model_error(raised)
            if error is not None:
                failure = error.failure
                verdict = verdict_on(failure)
            raise
        finally:
            await passage.end(verdict, failure)

    async def settle(
        self, permit: Permit, verdict: Verdict, failure: Failure | None, fx: Effects
    ) -> None:
        """Tell the state how it went, and observers how that changed it."""
        change = await self._state.settle(permit, verdict, fx.clock)
        info = self.inner.info
        if change == "closed":
            fx.notify(BreakerClosed(info.provider, info.model))
        elif change == "opened" and failure is not None:
            fx.notify(BreakerOpened(info.provider, info.model, failure))

    async def admit(self, fx: Effects) -> Permit | None:
        """Ask for a further permit."""
        permit = await self._state.admit(fx.clock)
        return None if isinstance(permit, Refusal) else permit

    def _refused(self, refusal: Refusal) -> ProviderDownError:
        left = refusal.remaining
        when = "a probe is under way" if left is None else f"it is tried again in {left:.3g} s"
        message = f"not asked: it has failed too often in a row; {when} (with_breaker)"
        info = self.inner.info
        return ProviderDownError(
            Failure(
                "provider_unavailable",
                message,
                info.provider,
                info.model,
                retry_after=left,
                local=True,
                retryable=True,
            )
        )


class _Passage:
    """One attempt that was let through."""

    def __init__(self, gate: _Broken, permit: Permit, fx: Effects) -> None:
        self._gate, self._fx = gate, fx
        self._permit: Permit | None = permit

    async def emit(self, chunks: Sequence[Emission]) -> None:
        """Close the breaker with a probe's first content: an answer may be long."""
        permit = self._permit
        if permit is not None and permit.probe and content_stands(chunks):
            await self._gate.settle(permit, "well", None, self._fx)
            self._permit = await self._gate.admit(self._fx)
        await self._fx.emit(chunks)

    async def end(self, verdict: Verdict, failure: Failure | None) -> None:
        """Give the permit back. One that was cancelled is given back too."""
        permit = self._permit
        if permit is None:
            return
        if verdict != "unknown":
            await self._gate.settle(permit, verdict, failure, self._fx)
            return
        with anyio.CancelScope(shield=True):
            await self._gate.settle(permit, verdict, failure, self._fx)
