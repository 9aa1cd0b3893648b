"""A bound on what answers cost, in US dollars."""

from __future__ import annotations

import math
from collections import deque
from typing import Final

from beluga.catalog import rates_at
from beluga.edge import model_error
from beluga.effects import Effects
from beluga.errors import BudgetExhaustedError, ModelError, invalid_input
from beluga.events import BudgetSettled
from beluga.middleware.estimates import Count, OutputEstimate, input_tokens
from beluga.middleware.meter import Meter
from beluga.model import ChatModel, Wrapper
from beluga.schema import Failure, Finish, Prices, Request, Usage
from beluga.stores.clock import SteadyClock

__all__ = ["Budget", "Budgeted", "price_of", "with_budget"]

NANO: Final = 10**9
"""Amounts are kept in whole billionths of a dollar, so that adding them up loses nothing."""


def with_budget(
    dollars: float,
    *,
    window: float | None = None,
    prices: Prices | None = None,
    count: Count | None = None,
) -> Budget:
    """Return a middleware that refuses requests when their money is spent.

    Before a request is sent its estimated cost is reserved: its input, and `max_tokens` of output,
    else the 90th percentile of the model's answers. Afterwards the reservation is replaced by what
    the provider reports as the cost, else by what was billed at the prices; of an attempt
    that failed or was cancelled, by its input and what had been emitted. So what is spent exceeds
    the budget by no more than the errors of the estimates that were open at the time: of one, where
    requests follow each other.

    What is returned is one budget, whatever number of models it is put on.

    Args:
        dollars: How much may be spent.
        window: Seconds in any of which that holds; by default it is the total.
        prices: What the models cost; by default what each says of itself.
        count: Counts the tokens of a prompt; by default as the model's family does.

    Raises:
        InvalidInputError: An amount is not above zero, or a model says no prices.
    """
    return Budget(dollars, window=window, prices=prices, count=count)


class Budget:
    """A budget that models share: call it with a model to put it on. See `with_budget`."""

    def __init__(
        self,
        dollars: float,
        *,
        window: float | None = None,
        prices: Prices | None = None,
        count: Count | None = None,
    ) -> None:
        for name, value in (("dollars", dollars), ("window", window)):
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if value is not None and not (number and 0 < value < math.inf):
                raise invalid_input(f"{name} must be a number above 0; got {value!r}")
        self._limit = round(dollars * NANO)
        self._window = math.inf if window is None else window
        self._prices, self._count = prices, count
        self._clock = SteadyClock()
        self._past: deque[tuple[float, int]] = deque()
        self._spent = 0
        self._reserved = 0
        self._outputs: dict[str, OutputEstimate] = {}

    def __call__(self, model: ChatModel) -> Budgeted:
        """Put this budget on *model*.

        Raises:
            InvalidInputError: Nobody says what the model costs.
        """
        return Budgeted(model, self)

    @property
    def spent(self) -> float:
        """US dollars spent, in the window if there is one."""
        self._forget()
        return self._spent / NANO

    @property
    def reserved(self) -> float:
        """US dollars set aside for requests that are under way."""
        return self._reserved / NANO

    @property
    def remaining(self) -> float:
        """US dollars that are neither spent nor reserved; below zero if estimates were too low."""
        self._forget()
        return (self._limit - self._spent - self._reserved) / NANO

    @property
    def has_prices(self) -> bool:
        """Whether prices were given, which then hold for all its models."""
        return self._prices is not None

    def prices_of(self, model: ChatModel) -> Prices:
        """Return what *model* costs.

        Raises:
            InvalidInputError: Nobody says it.
        """
        prices = self._prices or model.info.prices
        if prices.input is None or prices.output is None:
            raise invalid_input(
                f"with_budget needs the prices of {model.model_id!r}, which are not known: "
                "pass prices=Prices(input=…, output=…), in US dollars per million tokens, or "
                "register_model(ModelInfo(…)) with them"
            )
        return prices

    def outputs(self, model_id: str) -> OutputEstimate:
        """Return what is known of the length of a model's answers."""
        return self._outputs.setdefault(model_id, OutputEstimate())

    async def input_tokens(self, request: Request, model: ChatModel) -> int:
        """Return how many tokens the prompt has for *model*, as far as can be told here."""
        return await input_tokens(request, model, self._count)

    def reserve(self, dollars: float) -> int:
        """Set *dollars* aside and return the reservation.

        Raises:
            BudgetExhaustedError: There is not as much left.
        """
        self._forget()
        amount = math.ceil(dollars * NANO)
        if self._spent + self._reserved + amount > self._limit:
            raise BudgetExhaustedError(self._refusal(amount))
        self._reserved += amount
        return amount

    def settle(self, reservation: int, dollars: float | None, fx: Effects) -> None:
        """Replace a reservation by what was spent; `None` gives it back."""
        self._reserved -= reservation
        if dollars is None:
            return
        amount = round(dollars * NANO)
        self._spent += amount
        if self._window < math.inf:
            self._past.append((self._clock.now(), amount))
        fx.notify(BudgetSettled(reservation / NANO, dollars, self.remaining))

    def _forget(self) -> None:
        """Forget what was spent before the window; where no event loop runs, no time passes."""
        try:
            now = self._clock.now() if self._past else 0.0
        except RuntimeError:
            return
        while self._past and self._past[0][0] + self._window <= now:
            self._spent -= self._past.popleft()[1]

    def _refusal(self, amount: int) -> Failure:
        message = (
            f"the request may cost {amount / NANO:.6g} US dollars, and of the budget of "
            f"{self._limit / NANO:.6g} are left {max(0.0, self.remaining):.6g}"
        )
        hint = self._room_in(amount, self._clock.now())
        return Failure("budget_exhausted", message, retry_after=hint, local=True)

    def _room_in(self, amount: int, now: float) -> float | None:
        """Return seconds until the window has room for *amount*, as far as that is settled."""
        surplus = self._spent + self._reserved + amount - self._limit
        for time, spent in self._past:
            surplus -= spent
            if surplus <= 0:
                return time + self._window - now
        return None


class Budgeted(Wrapper):
    """A model on a budget."""

    def __init__(self, inner: ChatModel, budget: Budget) -> None:
        super().__init__(inner)
        self._budget = budget
        budget.prices_of(inner)

    async def respond(self, request: Request, fx: Effects) -> Finish:
        """Set the estimated cost aside, have the inner model answer, and settle."""
        budget, outputs = self._budget, self._budget.outputs(self.model_id)
        prices = budget.prices_of(self.inner)
        prompt = await budget.input_tokens(request, self.inner)
        expected = Usage(prompt, request.options.max_tokens or outputs.tokens)
        reservation = budget.reserve(price_of(expected, prices))
        meter = Meter(computed=not budget.has_prices)
        try:
            finish = await self.inner.respond(request, meter.effects(fx))
            meter.finished(finish)
            outputs.observe(meter.usage(prompt).output_tokens or 0)
            return finish
        except (ModelError, BaseExceptionGroup) as raised:
            error = model_error(raised)
            if error is not None:
                meter.failed(error.failure)
            raise
        finally:
            budget.settle(reservation, self._cost(meter, prompt, prices), fx)

    def _cost(self, meter: Meter, prompt: int, prices: Prices) -> float | None:
        if not meter.sent:
            return None
        return (meter.cost or 0.0) + price_of(meter.unpriced(prompt), prices)


def price_of(usage: Usage, prices: Prices) -> float:
    """Return an estimate of what *usage* costs in US dollars: what is not known costs nothing.

    Cached input has its own price, where there is one; so has a long prompt.
    """
    rates = rates_at(prices, usage.input_tokens or 0)
    cached, written = usage.cached_tokens or 0, usage.cache_write_tokens or 0
    plain = max(0, (usage.input_tokens or 0) - cached - written)
    full = rates.input or 0.0
    millionths = (
        plain * full
        + cached * (full if rates.cached is None else rates.cached)
        + written * (full if rates.cache_write is None else rates.cache_write)
        + (usage.output_tokens or 0) * (rates.output or 0.0)
    )
    return millionths / 1e6
