"""`beluga models`: what the catalogue knows."""

from __future__ import annotations

import sys
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Final

import msgspec

from beluga.catalog import dated, known_models
from beluga.cli.show import say
from beluga.schema import ModelInfo

__all__ = ["models"]

_HEAD: Final = ("model", "window", "output", "in", "out", "cached")


async def models(pattern: str | None = None, *, as_json: bool = False) -> int:
    """Print what is known of the models whose `provider:model` holds *pattern*, or matches it.

    A pattern with a `*`, `?` or `[` must match as a whole; case does not count. The status is 1 if
    there is no such model.
    """
    wanted = _filter(pattern)
    found = [info for info in known_models() if wanted(_name(info).lower())]
    if as_json:
        for info in found:
            say(msgspec.json.encode(info).decode())
    elif found:
        _table(found)
    if not found:
        print(f"beluga: the catalogue has no model like {pattern!r}", file=sys.stderr)
    return 0 if found else 1


def _filter(pattern: str | None) -> Callable[[str], bool]:
    wanted = (pattern or "").lower()
    if any(mark in wanted for mark in "*?["):
        return lambda name: fnmatchcase(name, wanted)
    return lambda name: wanted in name


def _name(info: ModelInfo) -> str:
    return f"{info.provider}:{info.model}" if info.provider else info.model or ""


def _table(found: list[ModelInfo]) -> None:
    rows = [_HEAD, *[_row(info) for info in found]]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    for name, *figures in rows:
        cells = [f"{f:>{width}}" for f, width in zip(figures, widths[1:], strict=True)]
        say("  ".join([f"{name:{widths[0]}}", *cells]).rstrip())
    say(f"\n{len(found)} models; prices in US dollars per million tokens, as of {dated()};")
    say("+ more for long prompts; * something besides tokens is charged, or the hour counts")


def _row(info: ModelInfo) -> tuple[str, ...]:
    prices = info.prices
    marks = ("+" if prices.tiers else "") + ("*" if prices.extras else "")
    return (
        _name(info),
        _count(info.context_window),
        _count(info.max_output_tokens),
        _price(prices.input, marks),
        _price(prices.output, marks),
        _price(prices.cached, marks),
    )


def _count(tokens: int | None) -> str:
    return "?" if tokens is None else f"{tokens:,}"


def _price(price: float | None, marks: str) -> str:
    return "?" if price is None else f"{price:g}{marks}"
