"""What an answer cost: tokens, and US dollars."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import msgspec

__all__ = ["COMPUTED", "COST", "Spent", "Usage", "reported_cost"]

COST: Final = "cost"
"""Where an answer's metadata tells its cost, in US dollars."""
COMPUTED: Final = "cost_computed"
"""There as `True` where the cost follows from the model's prices; else the provider told it."""


class Usage(msgspec.Struct, frozen=True, repr_omit_defaults=True):
    """Count the tokens of one answer. `None` means that nobody said, never zero.

    Input includes cached and cache-written tokens, output includes reasoning tokens, and the total
    is input plus output: for every provider, whatever its wire says. No field is derived here.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None

    def __add__(self, other: Usage) -> Usage:
        """Add field by field; an unknown count plus a known one is the known one."""
        return Usage(
            _plus(self.input_tokens, other.input_tokens),
            _plus(self.output_tokens, other.output_tokens),
            _plus(self.total_tokens, other.total_tokens),
            _plus(self.cached_tokens, other.cached_tokens),
            _plus(self.cache_write_tokens, other.cache_write_tokens),
            _plus(self.reasoning_tokens, other.reasoning_tokens),
        )


class Spent(msgspec.Struct, frozen=True, repr_omit_defaults=True):
    """Account for everything that an answer took, failed and abandoned attempts included.

    Attributes:
        usage: The tokens of all attempts.
        cost: US dollars of all attempts whose price is known; `None` if none is.
        attempts: How many requests were sent to a provider.
        estimated: Some attempt was cut short before its provider said what it billed. One that a
            provider has declined as a whole took nothing.
    """

    usage: Usage = Usage()
    cost: float | None = None
    attempts: int = 0
    estimated: bool = False

    def __add__(self, other: Spent) -> Spent:
        """Add the accounts of two answers."""
        cost = self.cost if other.cost is None else other.cost + (self.cost or 0.0)
        return Spent(
            self.usage + other.usage,
            cost,
            self.attempts + other.attempts,
            self.estimated or other.estimated,
        )


def reported_cost(metadata: Mapping[str, object]) -> float | None:
    """Return the US dollars that an answer's metadata says it cost, if it does."""
    cost = metadata.get(COST)
    if not isinstance(cost, int | float) or isinstance(cost, bool):
        return None
    return float(cost) if 0 <= cost < math.inf else None


def _plus(a: int | None, b: int | None) -> int | None:
    if a is None:
        return b
    return a if b is None else a + b
