"""Keep a window of the last turns."""

from __future__ import annotations

from beluga.context.arguments import check_count
from beluga.context.cutting import STEP, Cut
from beluga.context.truncate import truncated
from beluga.context.turns import History, Turn
from beluga.effects import Effects

__all__ = ["Sliding"]


class Sliding:
    """Keep the last turns of a history that does not fit.

    Args:
        turns: How many at most: a person's message, an answer, or an answer with the calls it makes
            and their results is one each. `None`: as many as fit. A window of fixed length moves
            with every turn, so that no prompt cache serves it.
        step: Where fewer fit, cuts fall on multiples of this many tokens from the history's start.

    Raises:
        InvalidInputError: *turns* or *step* is below 1.
    """

    name: str = "sliding"

    def __init__(self, turns: int | None = None, *, step: int = STEP) -> None:
        if turns is not None:
            check_count("turns", turns)
        check_count("step", step)
        self._turns, self._step = turns, step

    async def choose(self, history: History, _fx: Effects, /) -> list[Turn]:
        """Return the last turns, as many as were asked for and fit."""
        if self._turns is None:
            return truncated(history, self._step)
        line = Cut(history)
        place = max(0, len(line.turns) - self._turns)
        if line.loose_after[place] > history.spare:
            return truncated(history, self._step)
        return [*history.pinned, *[t for t in line.turns[place:] if not t.pinned]]

    def __repr__(self) -> str:
        return f"Sliding({self._turns}, step={self._step})"
