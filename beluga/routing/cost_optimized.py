"""The cheapest that is good enough."""

from __future__ import annotations

import math
from collections.abc import Sequence

from beluga.effects import CanChoose
from beluga.errors import UnsupportedError, invalid_input
from beluga.events import Scored
from beluga.routing.candidate import Candidate
from beluga.routing.output_lengths import OutputLengths
from beluga.routing.size import expected_cost
from beluga.routing.strategy import AttemptReport
from beluga.schema import Failure, Request

__all__ = ["CostOptimized"]


class CostOptimized:
    """Ask the cheapest of those that are good enough, for this request.

    What it will cost is the counted input and the expected output at the candidate's prices; how
    long a candidate's answers are is learnt from those it gives. One whose prices are not known is
    asked after all others. Of two that cost the same the better one is asked.

    Args:
        min_quality: The least `Candidate.quality` that will do. Above 0, a candidate of which none
            is given will not do.

    Raises:
        InvalidInputError: It is not from 0 to 1.
    """

    def __init__(self, min_quality: float = 0.0) -> None:
        number = isinstance(min_quality, int | float) and not isinstance(min_quality, bool)
        if not number or not 0.0 <= min_quality <= 1.0:
            raise invalid_input(f"min_quality is a number, from 0 to 1; got {min_quality!r}")
        self._least = min_quality
        self._lengths = OutputLengths()

    async def select(
        self, candidates: Sequence[Candidate], request: Request, fx: CanChoose
    ) -> Candidate:
        """Return the cheapest that will do. It does not wait.

        Raises:
            UnsupportedError: None is good enough.
        """
        costs = await self._costs(candidates, request, fx)
        chosen = _cheapest(costs)
        fx.notify(self._told(candidates, costs, chosen))
        return chosen

    def observe(self, report: AttemptReport) -> None:
        """Learn how long a candidate's answers are."""
        self._lengths.observe(report)

    async def explain(
        self, candidates: Sequence[Candidate], request: Request, fx: CanChoose
    ) -> Scored:
        """Return what each would cost, as a score below 0; the dearest is the worst."""
        costs = await self._costs(candidates, request, fx)
        return self._told(candidates, costs, _cheapest(costs))

    def __repr__(self) -> str:
        return f"CostOptimized(min_quality={self._least:g})"

    async def _costs(
        self, candidates: Sequence[Candidate], request: Request, fx: CanChoose
    ) -> dict[Candidate, float]:
        good = [c for c in candidates if (c.quality or 0.0) >= self._least]
        if not good:
            raise UnsupportedError(Failure("unsupported", self._none_is(candidates), local=True))
        now = fx.clock.now()
        costs: dict[Candidate, float] = {}
        for candidate in good:
            output = self._lengths.mean(candidate.label, now)
            cost = await expected_cost(candidate, request, output)
            costs[candidate] = math.inf if cost is None else cost
        return costs

    def _none_is(self, candidates: Sequence[Candidate]) -> str:
        given = ", ".join([f"{c.label} {c.quality}" for c in candidates])
        return (
            f"no candidate has a quality of {self._least:g} or more (min_quality): {given}; "
            "say Candidate(model, quality=…)"
        )

    def _told(
        self, candidates: Sequence[Candidate], costs: dict[Candidate, float], chosen: Candidate
    ) -> Scored:
        poor = [candidate for candidate in candidates if candidate not in costs]
        cost = costs[chosen]
        return Scored(
            scores={c.label: -cost for c, cost in costs.items() if cost < math.inf},
            chosen=chosen.label,
            why="no price is known" if cost == math.inf else f"about ${cost:.2g}",
            reasons={c.label: self._too_poor(c) for c in poor},
        )

    def _too_poor(self, candidate: Candidate) -> str:
        given = candidate.quality
        known = "no quality is given" if given is None else f"its quality is {given:g}"
        return f"{known}, and min_quality {self._least:g}"


def _cheapest(costs: dict[Candidate, float]) -> Candidate:
    return min(costs, key=lambda candidate: (costs[candidate], -(candidate.quality or 0.0)))
