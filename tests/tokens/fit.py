"""Fit the figures of families to the bills that are not kept back: `python -m tests.tokens.fit`.

It prints, for each family with enough bills, every figure as it is in the table and as it fits
best, when one after another is moved until none gets better. The table holds rounded figures: what
a few bills more or less would move is not worth a digit.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

from msgspec.structs import replace

from beluga.tokens import Family, ModelTokenizer
from tests.evaluation.bills import Bill, bills, family_of_bill

__all__ = ["fitted", "main"]

Figure: TypeAlias = tuple[Callable[[Family], float], Callable[[Family, float], Family]]

ENOUGH: Final = 6
"""Different bills that a family must have."""

_MOST: Final = 0.5
"""The error beyond which a bill counts no more: something else is in it."""


def _of_family(name: str) -> Figure:
    return (
        lambda family: float(getattr(family, name)),
        lambda family, value: replace(family, **{name: value}),
    )


def _of_tools(name: str) -> Figure:
    return (
        lambda family: float(getattr(family.tools, name)),
        lambda family, value: replace(family, tools=replace(family.tools, **{name: value})),
    )


FIGURES: Final[dict[str, Figure]] = {
    "factor": _of_family("factor"),
    "request": _of_family("request"),
    "message": _of_family("message"),
    "call": _of_family("call"),
    "tools.factor": _of_tools("factor"),
    "tools.prompt": _of_tools("prompt"),
    "tools.each": _of_tools("each"),
}


def fitted(family: Family, known: Sequence[Bill]) -> Family:
    """Return *family* with the figures that fit *known* best."""
    least, moved = _loss(family, known), True
    while moved:
        moved = False
        for name, (get, put) in FIGURES.items():
            for value in _near(name, get(family)):
                tried = put(family, value)
                loss = _loss(tried, known)
                if loss < least - 1e-9:
                    family, least, moved = tried, loss, True
    return family


def main() -> None:
    """Print the figures."""
    groups: dict[Family, dict[tuple[object, ...], Bill]] = defaultdict(dict)
    for bill in bills():
        if bill.is_plain and not bill.kept_back and not bill.has_reasoning:
            groups[family_of_bill(bill)][bill.model, bill.tokens] = bill
    for family, different in groups.items():
        if len(different) < ENOUGH:
            continue
        known = list(different.values())
        best = fitted(family, known)
        print(f"{family.name}: {len(known)} bills, error {_loss(family, known):.3f}", end="")
        print(f", at best {_loss(best, known):.3f}")
        for name, (get, _) in FIGURES.items():
            if get(family) != get(best):
                print(f"  {name:<14} {get(family):8g} {get(best):8g}")


def _near(name: str, value: float) -> Iterator[float]:
    steps = (0.01, 0.05) if name.endswith("factor") else (1, 5, 25)
    for step in steps:
        yield value - step
        yield value + step


def _loss(family: Family, known: Sequence[Bill]) -> float:
    tokenizer = ModelTokenizer(family)
    errors = [
        abs(math.log(max(1, tokenizer.count_request(bill.request)) / bill.tokens)) for bill in known
    ]
    return sum([min(error, _MOST) for error in errors]) / len(errors)


if __name__ == "__main__":
    main()
