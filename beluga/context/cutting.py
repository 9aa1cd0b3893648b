"""Where a history may be cut so that its beginning stays the same while it grows.

A provider's prompt cache serves the longest beginning it has seen. A cut that moves with every turn
makes it useless; so cuts fall on multiples of a fixed number of tokens, counted from the history's
start. A share of the budget would not do: a larger budget could then keep less.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate

from beluga.context.turns import History, Turn

__all__ = ["STEP", "Cut", "cut", "opened", "steps"]

STEP = 1024
"""Tokens between two places where a history may be cut."""


class Cut:
    """A history's dialogue and the tokens on either side of each place in it."""

    def __init__(self, history: History) -> None:
        self.turns: list[Turn] = history.dialogue
        costs = [turn.tokens for turn in self.turns]
        loose = [0 if turn.pinned else turn.tokens for turn in self.turns]
        self.before: list[int] = [0, *accumulate(costs)]
        self.loose_after: list[int] = [*accumulate(reversed(loose), initial=0)][::-1]
        self._opening = _openings(self.turns)

    def first_that_fits(self, spare: int) -> int:
        """Return the earliest place after which everything fits *spare* tokens."""
        left = [self.loose_after[place] for place in self._opening]
        # What is left only shrinks from place to place.
        return bisect_left(left, -spare, key=lambda tokens: -tokens)

    def on_grid(self, place: int, step: int) -> int:
        """Return the first place from *place* on that begins a new step from the start."""
        multiple = -(-self.before[place] // step) * step
        return max(place, min(bisect_left(self.before, multiple), len(self.turns)))

    def opening(self, place: int) -> int:
        """Return where to begin after a cut at *place*: with a person, if one comes."""
        return self._opening[place]

    def keeps_more(self, place: int) -> bool:
        """Whether anything is kept after *place* that need not be."""
        return any(not turn.pinned for turn in self.turns[place:])


def cut(history: History, step: int = STEP) -> tuple[list[Turn], list[Turn]]:
    """Return the dialogue that is cut off and the one that stays, pinned turns left aside.

    The cut falls on a multiple of *step* tokens, or of a half of it, a quarter and so on where the
    whole step would leave only what is pinned.
    """
    line = Cut(history)
    first = line.first_that_fits(history.spare)
    place = len(line.turns)
    for size in steps(step):
        place = line.opening(line.on_grid(first, size))
        if line.keeps_more(place):
            break
    gone, kept = line.turns[:place], line.turns[place:]
    return [t for t in gone if not t.pinned], [t for t in kept if not t.pinned]


def steps(step: int) -> Iterator[int]:
    """Give *step*, its half and so on down to 1."""
    while step:
        yield step
        step //= 2


def opened(kept: Sequence[Turn], history: History) -> list[Turn]:
    """Return *kept* so that it opens with a person: with what the first answer answers, or later.

    Some providers take no conversation that an assistant opens.
    """
    chosen = {turn.positions[0]: turn for turn in kept}
    spare = history.room - sum([turn.tokens for turn in kept])
    places = {turn.positions[0]: place for place, turn in enumerate(history.turns)}
    if history.last_human is None:
        return list(kept)
    for head in sorted(chosen):
        turn = chosen[head]
        if turn.is_system:
            continue
        if turn.is_human or head not in places:
            break
        asked = next((t for t in reversed(history.turns[: places[head]]) if t.is_human), None)
        if asked is not None and asked.tokens <= spare:
            chosen[asked.positions[0]] = asked
            break
        if turn.pinned:
            break
        del chosen[head]
        spare += turn.tokens
    return list(chosen.values())


def _openings(turns: Sequence[Turn]) -> list[int]:
    """Return for each place the next one where a person or an instruction speaks, if one comes."""
    openings = [len(turns)]
    after: int | None = None
    for place in reversed(range(len(turns))):
        if turns[place].is_human or turns[place].is_system:
            after = place
        openings.append(place if after is None else after)
    return openings[::-1]
