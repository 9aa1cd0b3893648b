"""Choosing by chance now and then, and how likely each choice is."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

__all__ = ["Draw", "drawn"]


class Draw(msgspec.Struct, frozen=True):
    """A choice.

    Attributes:
        name: Who was chosen.
        propensity: How likely it was, 0 to 1, that it would be this one.
        why: Why, in words.
    """

    name: str
    propensity: float
    why: str


def drawn(best: str, pool: Sequence[str], share: float, chance: float, why: str) -> Draw:
    """Choose *best*, or with the probability *share* any one of *pool*, each as likely.

    Args:
        best: Whom to choose without chance.
        pool: Whom chance may choose; *best* may be among them.
        share: How often chance chooses, 0 to 1.
        chance: A number drawn evenly from 0 to 1.
        why: Why *best* is chosen.
    """
    if not pool:
        return Draw(best, 1.0, why)
    explored = chance < share
    name = pool[min(int(chance / share * len(pool)), len(pool) - 1)] if explored else best
    propensity = (1.0 - share) * (name == best) + share / len(pool) * (name in pool)
    return Draw(name, propensity, "by chance, to learn" if explored else why)
