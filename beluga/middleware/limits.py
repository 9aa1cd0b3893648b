"""Waiting for one's turn under a provider's limits, before anything is sent."""

from __future__ import annotations

import math
from collections import deque
from typing import Final

import anyio

from beluga.edge import model_error
from beluga.effects import Effects
from beluga.errors import ModelError, RateLimitError, invalid_input
from beluga.events import WaitedForLimit
from beluga.middleware.estimates import Count, OutputEstimate, input_tokens
from beluga.middleware.meter import Meter
from beluga.model import ChatModel, Wrapper
from beluga.schema import Failure, Finish, Request
from beluga.stores.limits import LimitStore, ProviderLimits, Refusal, Reservation
from beluga.stores.memory_limits import MemoryLimits

__all__ = ["Limited", "Limiter", "with_limits"]

SHORTEST_WAIT: Final = 1e-6
"""Seconds. Clocks add in binary fractions; a shorter wait may not move them."""

BLIND_WAIT: Final = 0.5
"""Seconds between two looks at a place that a request under way holds. One of this limiter tells
when it gives it back; one of another limiter, or process, that shares the store cannot."""


def with_limits(
    limits: ProviderLimits,
    *,
    store: LimitStore | None = None,
    key: str | None = None,
    max_wait: float | None = None,
    count: Count | None = None,
) -> Limiter:
    """Return a middleware that lets requests wait until a provider's limits have room for them.

    Waiting is first in, first out, and is over at once if the caller is cancelled. Tokens are
    reserved before a request is sent: its input and `max_tokens`, else the 90th percentile of the
    model's answers. They are settled to what was billed. The limits that a provider tells in its
    headers count too, and a 429 stops admissions for as long as it asks for.

    What is returned is one limit, whatever number of models it is put on.

    Args:
        limits: The limits.
        store: Where the account is kept; by default in memory.
        key: Under which name; those who share a store and a key share the limit.
        max_wait: Seconds to wait at most; by default until the answer's own deadline.
        count: Counts the tokens of a prompt; by default as the model's family does.

    Raises:
        InvalidInputError: `max_wait` is below zero.
    """
    return Limiter(limits, store=store, key=key, max_wait=max_wait, count=count)


class Limiter:
    """A limit that models share: call it with a model to put it on. See `with_limits`."""

    def __init__(
        self,
        limits: ProviderLimits,
        *,
        store: LimitStore | None = None,
        key: str | None = None,
        max_wait: float | None = None,
        count: Count | None = None,
    ) -> None:
        if not isinstance(limits, ProviderLimits):
            raise invalid_input(f"with_limits takes ProviderLimits(rpm=…, …); got {limits!r:.80}")
        number = isinstance(max_wait, int | float) and not isinstance(max_wait, bool)
        if max_wait is not None and not (number and max_wait >= 0):
            raise invalid_input(
                f"max_wait must be a number of seconds, 0 or more; got {max_wait!r:.80}"
            )
        self.limits: ProviderLimits = limits
        self.key: str = "limits" if key is None else key
        self._max_wait = math.inf if max_wait is None else max_wait
        self._count = count
        self._store: LimitStore = MemoryLimits() if store is None else store
        self._line: deque[_Turn] = deque()
        self._outputs: dict[str, OutputEstimate] = {}

    def __call__(self, model: ChatModel) -> Limited:
        """Put this limit on *model*."""
        return Limited(model, self)

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return len(self._line)

    def outputs(self, model_id: str) -> OutputEstimate:
        """Return what is known of the length of a model's answers."""
        return self._outputs.setdefault(model_id, OutputEstimate())

    async def input_tokens(self, request: Request, model: ChatModel) -> int:
        """Return how many tokens the prompt has for *model*, as far as can be told here."""
        return await input_tokens(request, model, self._count)

    def needed(self, model_id: str, request: Request, prompt: int) -> int:
        """Return how many tokens to reserve for a request whose prompt has *prompt*.

        Raises:
            RateLimitError: The request is larger than the limit, and can never be sent.
        """
        tpm, asked = self.limits.tpm, request.options.max_tokens
        tokens = prompt + (asked or self.outputs(model_id).tokens)
        if tpm is None or tokens <= tpm:
            return tokens
        if asked is None and prompt <= tpm:
            return tpm  # an estimate alone makes nothing impossible
        message = (
            f"the request needs {tokens} tokens (about {prompt} of input, max_tokens {asked}), "
            f"and the limit is {tpm} a minute: make it shorter, lower max_tokens or raise tpm"
        )
        raise RateLimitError(Failure("rate_limit", message, local=True))

    async def would_wait(self, tokens: int = 0) -> float:
        """Return seconds that a request of so many tokens would wait if it came now.

        It is 0 if there is room, and `math.inf` if that depends on others that wait or are under
        way. Nothing is reserved.
        """
        if self._line:
            return math.inf
        got = await self._store.reserve(self.key, self.limits, tokens)
        if isinstance(got, Reservation):
            with anyio.CancelScope(shield=True):
                await self._store.release(got)
            return 0.0
        return math.inf if got.seconds is None else got.seconds

    async def admit(self, tokens: int, fx: Effects) -> Reservation:
        """Wait for a place, first in, first out.

        Raises:
            RateLimitError: It would take longer than `max_wait`, or than the answer has left.
        """
        began = fx.clock.now()
        turn = _Turn()
        self._line.append(turn)
        try:
            reservation = await self._try(turn, tokens)
            if reservation is not None:
                return reservation
            until = min(began + self._max_wait, fx.deadline)
            with anyio.move_on_after(None if self._max_wait == math.inf else self._max_wait):
                reservation = await self._wait(turn, tokens, until, fx)
        finally:
            self._line.remove(turn)
            self._wake()
        waited = fx.clock.now() - began
        if reservation is None:
            raise self._impatient(turn.refusal, waited)
        fx.notify(WaitedForLimit(self.key, waited, tokens))
        return reservation

    async def give_back(self, reservation: Reservation, used: int | None, meter: Meter) -> None:
        """Settle to *used* tokens, or take everything back if it is `None`; also if cancelled."""
        with anyio.CancelScope(shield=True):
            try:
                if used is None:
                    await self._store.release(reservation)
                else:
                    await self._store.settle(reservation, used)
                await self.learn(meter)
            finally:
                self._wake()

    async def learn(self, meter: Meter) -> None:
        """Take note of what the provider told of its limits, and open a cooldown after a 429."""
        if meter.news:
            news, meter.news = meter.news, []
            await self._store.learn(self.key, news)
        failures, meter.failures = meter.failures, []
        for failure in failures:
            if failure.code == "rate_limit" and not failure.local:
                hint = failure.retry_after
                seconds = self.limits.cooldown_on_retry if hint is None else hint
                if seconds:
                    await self._store.pause(self.key, seconds)

    async def _try(self, turn: _Turn, tokens: int) -> Reservation | None:
        """Take a place if it is this one's turn and there is one."""
        if self._line[0] is not turn:
            return None
        got = await self._store.reserve(self.key, self.limits, tokens)
        if isinstance(got, Reservation):
            return got
        turn.refusal = got
        return None

    async def _wait(
        self, turn: _Turn, tokens: int, until: float, fx: Effects
    ) -> Reservation | None:
        while True:
            wait = None if turn.refusal is None else turn.refusal.seconds
            if wait is not None and fx.clock.now() + wait > until:
                return None
            await turn.woken(BLIND_WAIT if wait is None and turn.refusal is not None else wait)
            reservation = await self._try(turn, tokens)
            if reservation is not None:
                return reservation

    def _wake(self) -> None:
        """Let the first of those who wait look again."""
        if self._line:
            self._line[0].wake()

    def _impatient(self, refusal: Refusal | None, waited: float) -> RateLimitError:
        hint = None if refusal is None else refusal.seconds
        why = "others wait before it" if refusal is None else refusal.why
        when = "" if hint is None else f" for another {hint:.3g} s"
        message = f"no room under limit {self.key!r} after {waited:.3g} s: {why}{when}"
        return RateLimitError(
            Failure("rate_limit", message, retry_after=hint, local=True, retryable=True)
        )


class Limited(Wrapper):
    """A model under a limit."""

    def __init__(self, inner: ChatModel, limiter: Limiter) -> None:
        super().__init__(inner)
        self._limiter = limiter

    async def would_wait(self, request: Request | None = None) -> float:
        """Return seconds that *request* would wait if it came now; see `Limiter.would_wait`.

        Raises:
            RateLimitError: It is larger than the limit, and can never be sent.
        """
        if request is None:
            return await self._limiter.would_wait()
        prompt = await self._limiter.input_tokens(request, self.inner)
        needed = self._limiter.needed(self.model_id, request, prompt)
        mine, inner = await self._limiter.would_wait(needed), await self.inner.would_wait(request)
        return max(mine, inner)

    async def respond(self, request: Request, fx: Effects) -> Finish:
        """Wait for a place, have the inner model answer, and settle."""
        limiter = self._limiter
        prompt = await limiter.input_tokens(request, self.inner)
        reservation = await limiter.admit(limiter.needed(self.model_id, request, prompt), fx)
        meter = Meter()
        completed = False
        try:
            finish = await self.inner.respond(request, meter.effects(fx, limiter.learn))
            completed = True
            meter.finished(finish)
            return finish
        except (ModelError, BaseExceptionGroup) as raised:
            error = model_error(raised)
            if error is not None:
                meter.failed(error.failure)
            raise
        finally:
            used = meter.usage(prompt)
            output = used.output_tokens or 0
            if completed:
                limiter.outputs(self.model_id).observe(output)
            billed = (used.input_tokens or 0) + output if meter.sent else None
            await limiter.give_back(reservation, billed, meter)


class _Turn:
    """One request's place in the line."""

    def __init__(self) -> None:
        self.refusal: Refusal | None = None
        self._event: anyio.Event | None = None
        self._woken = False

    def wake(self) -> None:
        """Have it look again."""
        self._woken = True
        if self._event is not None:
            self._event.set()

    async def woken(self, seconds: float | None) -> None:
        """Wait until woken, for *seconds* at most."""
        if not self._woken:
            self._event = anyio.Event()
            with anyio.move_on_after(None if seconds is None else max(seconds, SHORTEST_WAIT)):
                await self._event.wait()
        self._woken = False
