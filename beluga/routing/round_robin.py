"""Each candidate in its turn, as often as its weight says."""

from __future__ import annotations

from collections.abc import Sequence

from beluga.effects import CanChoose
from beluga.events import Scored
from beluga.routing.candidate import Candidate
from beluga.routing.strategy import AttemptReport
from beluga.schema import Request

__all__ = ["RoundRobin"]


class RoundRobin:
    """Ask each candidate in its turn, as often as its weight says, and as evenly as can be.

    This is nginx's smooth weighted round robin: at each choice every candidate gains its weight,
    the one that has most is chosen and pays what all have gained. With weights 5, 1 and 1 the turns
    are a a b a c a a. At no time has anybody had a whole turn more than its share.
    """

    def __init__(self) -> None:
        self._credit: dict[str, float] = {}

    async def select(
        self, candidates: Sequence[Candidate], request: Request, fx: CanChoose
    ) -> Candidate:
        """Return the one whose turn it is. It does not wait."""
        credit = self._gained(candidates)
        chosen = _richest(candidates, credit)
        credit[chosen.label] -= sum([candidate.weight for candidate in candidates])
        self._credit.update(credit)
        return chosen

    def observe(self, report: AttemptReport) -> None:
        """Take no note; turns do not depend on how attempts end."""

    async def explain(
        self, candidates: Sequence[Candidate], request: Request, fx: CanChoose
    ) -> Scored:
        """Return whose turn it is; it stays theirs."""
        credit = self._gained(candidates)
        return Scored(scores=credit, chosen=_richest(candidates, credit).label)

    def __repr__(self) -> str:
        return "RoundRobin()"

    def _gained(self, candidates: Sequence[Candidate]) -> dict[str, float]:
        return {c.label: self._credit.get(c.label, 0.0) + c.weight for c in candidates}


def _richest(candidates: Sequence[Candidate], credit: dict[str, float]) -> Candidate:
    return max(candidates, key=lambda candidate: credit[candidate.label])
