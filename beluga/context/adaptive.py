"""Do what costs least first: cut out old outputs of tools, choose by relevance, sum up."""

from __future__ import annotations

from collections.abc import Sequence

from beluga.context.arguments import check_count, check_model, check_share
from beluga.context.cutting import STEP, Cut, cut, opened, steps
from beluga.context.placeholders import compact
from beluga.context.relevance import Relevance
from beluga.context.semantic import Embed, Ranking
from beluga.context.summarize import Summary
from beluga.context.turns import History, Turn
from beluga.effects import Effects
from beluga.model import ChatModel
from beluga.stores import KeyValue

__all__ = ["Adaptive"]

_WHOLE = 4
"""An old turn comes back with its tools' outputs if it takes at most one part in so many."""


class Adaptive:
    """Keep recent turns as they are, and of older ones what matters.

    A history that fits stays as it is. Of one that does not:

    1. The outputs of tools in older turns are replaced by placeholders that say what was cut and
       how much. If that is enough, everything else stays.
    2. Otherwise recent turns stay, and older ones by what they have to do with the last human turn.
    3. If a model was given, it sums up what came before the recent turns.

    Args:
        model: Writes the summaries; `None` for none.
        recent_turns: How many of the last turns stay as they are, where they fit.
        recent_share: How much of the free room recent turns may take where not everything fits,
            from 0 to 1. Turns after the last human one, as an agent makes them, may take twice it.
        embed: Turns texts into vectors, for the choice by relevance.
        relevance: How words are scored.
        max_tokens: The most tokens of a summary.
        step: Where outputs are cut out, the border lies on a multiple of so many tokens from the
            history's start, so that a growing history keeps its beginning.
        store: Where summaries are kept; `None` for this process's memory.

    Raises:
        InvalidInputError: A number is out of its range.
    """

    name: str = "adaptive"

    def __init__(
        self,
        model: ChatModel | None = None,
        recent_turns: int = 10,
        *,
        recent_share: float = 0.2,
        embed: Embed | None = None,
        relevance: Relevance | None = None,
        max_tokens: int = 512,
        step: int = STEP,
        store: KeyValue | None = None,
    ) -> None:
        if model is not None:
            check_model("Adaptive", model)
        check_count("recent_turns", recent_turns, 0)
        check_share("recent_share", recent_share)
        check_count("step", step)
        self._recent, self._share, self._step = recent_turns, recent_share, step
        self._ranking = Ranking(embed, relevance)
        self._summary = (
            None if model is None else Summary(model, max_tokens=max_tokens, store=store)
        )

    async def choose(self, history: History, fx: Effects, /) -> Sequence[Turn]:
        """Return recent turns, older ones without outputs or by relevance, and a summary.

        Raises:
            ModelError: The model that sums up did not answer.
        """
        small = {id(turn): compact(turn, history.count) for turn in history.dialogue}
        compacted = self._without_outputs(history, small)
        if compacted is not None:
            return compacted
        made = await self._summed_up(history, fx)
        room = history.room - sum([turn.tokens for turn in made])
        left = history.with_room(room)
        return [*made, *await self._filled(left, small)]

    def _without_outputs(self, history: History, small: dict[int, Turn]) -> list[Turn] | None:
        """Return all turns, old ones without their outputs; `None` if even that does not fit."""
        turns = history.dialogue
        older = max(0, len(turns) - self._recent)
        tokens = sum([turn.tokens for turn in (*history.pinned, *_loose(turns))])
        first = 0
        while tokens > history.room and first < older:
            tokens -= turns[first].tokens - _lesser(turns[first], small).tokens
            first += 1
        if tokens > history.room:
            return None
        line = Cut(history)
        border = next(b for s in steps(self._step) if (b := line.on_grid(first, s)) <= older)
        changed = [_lesser(turn, small) for turn in turns[:border]]
        return [*history.pinned, *_loose(changed), *_loose(turns[border:])]

    async def _summed_up(self, history: History, fx: Effects) -> list[Turn]:
        """Return a summary of what came before the recent turns, if there is a model for it."""
        if self._summary is None:
            return []
        allowed = self._summary.allowance(history.spare)
        gone, _ = cut(history.with_room(history.room - allowed), self._step)
        return await self._summary.of(gone, history, allowed, fx) if allowed else []

    async def _filled(self, history: History, small: dict[int, Turn]) -> list[Turn]:
        """Return what is pinned, recent turns, and the most relevant of the others that fit."""
        kept = history.pinned
        taken = {id(turn) for turn in kept}
        spare = history.spare
        recent = self._recent_turns(history, small)
        for turn in recent:
            kept.append(turn)
            spare -= turn.tokens
        held = {turn.positions[0] for turn in recent}
        whole = spare // _WHOLE
        for turn in await self._ranking.of(history):
            if id(turn) in taken or turn.positions[0] in held:
                continue
            less = small[id(turn)]
            chosen = turn if less is turn or turn.tokens <= whole else less
            if chosen.tokens > spare:
                chosen = less
            if chosen.tokens <= spare:
                kept.append(chosen)
                spare -= chosen.tokens
        return opened(kept, history)

    def _recent_turns(self, history: History, small: dict[int, Turn]) -> list[Turn]:
        """Return the last turns, the newest first, as many as their share of the room holds."""
        turns = history.dialogue
        asked = history.last_human
        share = history.spare * self._share
        working = asked is None or len(turns) - turns.index(asked) > self._recent
        limit = min(2 * share, history.spare) if working else share
        kept: list[Turn] = []
        for turn in reversed(turns[max(0, len(turns) - self._recent) :]):
            chosen = turn if turn.tokens <= limit else small[id(turn)]
            if not turn.pinned and chosen.tokens <= limit:
                kept.append(chosen)
                limit -= chosen.tokens
        return kept

    def __repr__(self) -> str:
        return f"Adaptive(recent_turns={self._recent})"


def _lesser(turn: Turn, small: dict[int, Turn]) -> Turn:
    return turn if turn.pinned else small[id(turn)]


def _loose(turns: Sequence[Turn]) -> list[Turn]:
    return [turn for turn in turns if not turn.pinned]
