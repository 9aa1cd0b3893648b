"""Drop the oldest turns."""

from __future__ import annotations

from beluga.context.arguments import check_count
from beluga.context.cutting import STEP, cut
from beluga.context.turns import History, Turn
from beluga.effects import Effects

__all__ = ["Truncate", "truncated"]


class Truncate:
    """Drop the oldest turns until the rest fits.

    Args:
        step: Cuts fall on multiples of this many tokens from the history's start, so that a growing
            history keeps its beginning, and with it a provider's prompt cache.

    Raises:
        InvalidInputError: *step* is below 1.
    """

    name: str = "truncate"

    def __init__(self, *, step: int = STEP) -> None:
        check_count("step", step)
        self._step = step

    async def choose(self, history: History, _fx: Effects, /) -> list[Turn]:
        """Return the newest turns that fit."""
        return truncated(history, self._step)

    def __repr__(self) -> str:
        return f"Truncate(step={self._step})"


def truncated(history: History, step: int = STEP) -> list[Turn]:
    """Return what is pinned and the newest turns that fit beside it."""
    return [*history.pinned, *cut(history, step)[1]]
