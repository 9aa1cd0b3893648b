"""The one that matches the request best."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from beluga.effects import CanChoose
from beluga.errors import invalid_input
from beluga.events import Scored
from beluga.routing.candidate import Candidate
from beluga.routing.needs import needs
from beluga.routing.round_robin import RoundRobin
from beluga.routing.strategy import AttemptReport
from beluga.schema import Capabilities, Request

__all__ = ["CapabilityBased"]

_NAMES = Capabilities.__struct_fields__
_NEED, _PREFERENCE, _SURPLUS = 10_000.0, 100.0, 1.0
"""There are fewer than a hundred of each, so that no number of one outweighs one of another."""


class CapabilityBased:
    """Ask the candidate that matches the request best.

    The router leaves out whoever is known not to be able. Among the rest count, in this order: how
    many of the needed capabilities it is known to have, not just not known to lack; how many of the
    preferences; how little it has that is not asked for, so that a request that needs no pictures
    goes to the model that knows none; then its quality. Equals are asked in turn.

    Args:
        prefer: Names of capabilities, or tags of candidates, that are better to have.

    Raises:
        InvalidInputError: *prefer* is not a sequence of names.
    """

    def __init__(self, prefer: Sequence[str] = ()) -> None:
        listed = isinstance(prefer, Iterable) and not isinstance(prefer, str)
        names = tuple(prefer) if listed else ()
        if not listed or not all(isinstance(name, str) for name in names):
            raise invalid_input(f"prefer takes names, as in ['prompt_cache']; got {prefer!r:.80}")
        self._prefer = names
        self._turns = RoundRobin()

    async def select(
        self, candidates: Sequence[Candidate], request: Request, fx: CanChoose
    ) -> Candidate:
        """Return the best match. It does not wait."""
        scores = self._scores(candidates, request)
        chosen = await self._turns.select(_best(candidates, scores), request, fx)
        fx.notify(Scored(scores=scores, chosen=chosen.label))
        return chosen

    def observe(self, report: AttemptReport) -> None:
        """Take no note; what a model can do does not depend on how attempts end."""

    async def explain(
        self, candidates: Sequence[Candidate], request: Request, fx: CanChoose
    ) -> Scored:
        """Return how well each matches, and whose turn it is of the best."""
        scores = self._scores(candidates, request)
        turn = await self._turns.explain(_best(candidates, scores), request, fx)
        return Scored(scores=scores, chosen=turn.chosen)

    def __repr__(self) -> str:
        return f"CapabilityBased({list(self._prefer)!r})" if self._prefer else "CapabilityBased()"

    def _scores(self, candidates: Sequence[Candidate], request: Request) -> dict[str, float]:
        needed = frozenset(needs(request))
        return {c.label: self._score(c, needed) for c in candidates}

    def _score(self, candidate: Candidate, needed: frozenset[str]) -> float:
        known = candidate.info.capabilities
        had = {name for name in _NAMES if getattr(known, name)}
        liked = [name for name in self._prefer if name in had or name in candidate.tags]
        surplus = had.difference(needed, self._prefer)
        score = _NEED * len(needed & had) + _PREFERENCE * len(liked) - _SURPLUS * len(surplus)
        return score + 0.5 * _SURPLUS * (candidate.quality or 0.0)


def _best(candidates: Sequence[Candidate], scores: dict[str, float]) -> list[Candidate]:
    most = max(scores.values())
    return [candidate for candidate in candidates if scores[candidate.label] == most]
