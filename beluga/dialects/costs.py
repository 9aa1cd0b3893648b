"""What a server says that an answer cost, in each of the forms that servers have for it."""

from __future__ import annotations

from typing import Final, TypeGuard

__all__ = ["reported_dollars"]

TICKS_PER_DOLLAR: Final = 1e10
"""xAI counts money in these."""


def reported_dollars(
    cost: object, ticks: object = None, *, details: object = None, own_key: object = False
) -> float | None:
    """Return US dollars, or `None` if nothing is said that can be read as such.

    Args:
        cost: A number, or Perplexity's account with its `total_cost`.
        ticks: xAI's own unit.
        details: OpenRouter's account, with what the provider behind it charges.
        own_key: Whether that is charged to a key of the user's, and so is not part of *cost*.
    """
    if isinstance(cost, dict):
        if cost.get("currency", "USD") != "USD":
            return None
        cost = cost.get("total_cost")
    if _is_number(cost):
        if own_key is not True:
            return float(cost)
        upstream = details.get("upstream_inference_cost") if isinstance(details, dict) else None
        return float(cost) + float(upstream) if _is_number(upstream) else None
    return float(ticks) / TICKS_PER_DOLLAR if _is_number(ticks) else None


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
