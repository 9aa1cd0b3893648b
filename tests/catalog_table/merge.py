"""Two lists made one: what they disagree on is not known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tests.catalog_table.rows import Row, Rows

__all__ = ["merged"]


def merged(first: Rows, second: Rows) -> tuple[Rows, list[str]]:
    """Return the rows of both, and one line for each figure that they disagree on.

    Prices that differ leave the model without any, but for those of caches, which are left out
    alone. Where something besides tokens is charged, or the hour counts, the first list's prices
    stay: no cost is reckoned with them. Of two windows the smaller counts.
    """
    rows: Rows = {}
    report: list[str] = []
    for place in sorted({*first, *second}):
        one, two = first.get(place, {}), second.get(place, {})
        for name in sorted({*one, *two}):
            row, said = _row(one.get(name), two.get(name))
            report += [f"{place}:{name}: {line}" for line in said]
            if row:
                rows.setdefault(place, {})[name] = row
    return rows, report


_ROUNDED: Final = 0.95
"""A window that is written in thousands or round millions is not another window."""


def _row(one: Row | None, two: Row | None) -> tuple[Row, list[str]]:
    if one is None or two is None:
        return _in_order(one or two or {}), []
    prices, report = _prices(one.get("prices"), two.get("prices"))
    row = {**two, **one}
    row.pop("prices", None)
    if prices:
        row["prices"] = prices
    window, most = two.get("context_window"), one.get("max_input_tokens")
    if window and most and window < most * _ROUNDED:
        report.append(f"window {most} and {window}")
        row["max_input_tokens"] = window
    return _in_order(row), report


def _prices(one: Row | None, two: Row | None) -> tuple[Row | None, list[str]]:
    if not one or not two:
        return one or two, []
    differing = list(_differing(one, two))
    first, second = _flat(one), _flat(two)
    report = [f"{field} {first[field]:g} and {second[field]:g}" for field in differing]
    if one.get("extras") or two.get("extras"):
        return {**one, "extras": True}, report
    if differing and not {"cached", "cache_write"}.issuperset(differing):
        return None, report
    both = {**two, **one}
    for field in differing:
        del both[field]
    return both, report


def _differing(one: Row, two: Row) -> Iterator[str]:
    one, two = _flat(one), _flat(two)
    for field in one:
        if field in two and one[field] != two[field]:
            yield field


def _flat(prices: Row) -> Row:
    """Return *prices* with those of a tier under names of their own: `"input above 200000"`."""
    flat = {key: value for key, value in prices.items() if isinstance(value, float)}
    for tier in prices.get("tiers", ()):
        flat |= {f"{key} above {tier['above']}": v for key, v in tier.items() if key != "above"}
    return flat


def _in_order(row: Row) -> Row:
    """Return *row* with a window, and without a bound on input that says nothing beside it."""
    most, window = row.get("max_input_tokens"), row.get("context_window")
    known = max(most or 0, window or 0) or None
    shown = {
        "context_window": known,
        "max_input_tokens": most if most != known else None,
        "max_output_tokens": row.get("max_output_tokens"),
        "prices": row.get("prices"),
        "capabilities": row.get("capabilities"),
    }
    return {key: value for key, value in shown.items() if value}
