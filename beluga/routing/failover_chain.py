"""The first that can be asked."""

from __future__ import annotations

from collections.abc import Sequence

from beluga.effects import CanChoose
from beluga.events import Scored
from beluga.routing.candidate import Candidate
from beluga.routing.strategy import AttemptReport
from beluga.schema import Request

__all__ = ["FailoverChain"]


class FailoverChain:
    """Ask the first of the candidates that can be asked, in the router's order."""

    async def select(
        self, candidates: Sequence[Candidate], request: Request, fx: CanChoose
    ) -> Candidate:
        """Return the first. It does not wait."""
        return candidates[0]

    def observe(self, report: AttemptReport) -> None:
        """Take no note; the order is the caller's."""

    async def explain(
        self, candidates: Sequence[Candidate], request: Request, fx: CanChoose
    ) -> Scored:
        """Return the first."""
        return Scored(chosen=candidates[0].label)

    def __repr__(self) -> str:
        return "FailoverChain()"
