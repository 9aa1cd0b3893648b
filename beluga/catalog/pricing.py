"""From tokens to US dollars."""

from __future__ import annotations

from beluga.catalog.lookup import model_info
from beluga.errors import invalid_input
from beluga.model import ChatModel
from beluga.schema import Prices, PriceTier, Usage

__all__ = ["cost", "cost_at", "rates_at"]


def cost(usage: Usage, model: str | ChatModel, *, batch: bool = False) -> float | None:
    """Return what *usage* costs at a model's prices, in US dollars; `None` if that is not certain.

    It is not where a price that is needed is unknown, where the tokens of input or output are, and
    where the provider charges for more than tokens. What a provider says that an answer cost goes
    before any of this: see `AIMessage.cost`.

    ```python
    assert cost(Usage(1_000_000, 0), "openai:gpt-4o-2024-08-06") == 2.5
    ```

    Args:
        usage: The tokens, as every provider's are counted here: input includes cached and
            cache-written ones, output includes reasoning. An unknown count of cached or
            cache-written tokens is none: providers that bill them say so.
        model: A model, or its name: `"provider:model"`, or that of a maker's own model alone.
        batch: Whether it was asked through the provider's batch interface.

    Raises:
        InvalidInputError: That is no model, or no usage.
    """
    if not isinstance(usage, Usage):
        got = type(usage).__name__
        raise invalid_input(f"cost takes a Usage, as an answer's .usage is; got {got}")
    info = model.info if isinstance(model, ChatModel) else model_info(model)
    return cost_at(info.prices, usage, batch=batch)


def cost_at(prices: Prices, usage: Usage, *, batch: bool = False) -> float | None:
    """Return what *usage* costs at *prices*, in US dollars; `None` if that is not certain."""
    given, made = usage.input_tokens, usage.output_tokens
    cached, written = usage.cached_tokens or 0, usage.cache_write_tokens or 0
    if given is None or made is None or prices.extras:
        return None
    plain = given - cached - written
    if min(plain, made, cached, written) < 0:
        return None  # the counts contradict each other
    rates = rates_at(prices, given)
    if not batch:
        return _sum(
            (plain, rates.input),
            (made, rates.output),
            *[(n, rate) for n, rate in ((cached, rates.cached), (written, rates.cache_write)) if n],
        )
    if cached or written:
        return None  # whether both discounts hold at once differs from provider to provider
    return _sum((plain, rates.batch_input), (made, rates.batch_output))


def _sum(*counts: tuple[int, float | None]) -> float | None:
    total = 0.0
    for tokens, rate in counts:
        if rate is None:
            return None
        total += tokens * rate
    return total / 1e6


def rates_at(prices: Prices, input: int) -> Prices | PriceTier:
    """Return the prices of a request with so many tokens of input."""
    reached = [tier for tier in prices.tiers if input > tier.above]
    return reached[-1] if reached else prices
