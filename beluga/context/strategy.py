"""What chooses the turns that stay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from beluga.context.turns import History, Turn
from beluga.effects import Effects

__all__ = ["ContextStrategy"]


class ContextStrategy(Protocol):
    """Choose what is kept of a history that does not fit.

    A strategy is asked only where that is so and where there is room for more than what is pinned.
    It may hold what it has computed, never what it has chosen: the choice depends on the history
    and the room alone.
    """

    @property
    def name(self) -> str:
        """What it is called in events."""

    async def choose(self, history: History, fx: Effects, /) -> Sequence[Turn]:
        """Return the turns to keep, pinned ones included, and turns of its own making.

        Raises:
            ModelError: A model that it asks did not answer.
        """
