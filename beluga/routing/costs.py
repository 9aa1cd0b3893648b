"""How dear each candidate is beside the others, estimated without counting tokens."""

from __future__ import annotations

from collections.abc import Sequence

from beluga.routing.candidate import Candidate
from beluga.routing.output_lengths import OutputLengths
from beluga.routing.strategy import AttemptReport
from beluga.schema import Request

__all__ = ["Costs"]

_USUAL_OUTPUT = 500.0
_CHARACTERS_A_TOKEN = 4


class Costs:
    """Estimate costs, and learn from the answers of each candidate how long they are."""

    def __init__(self) -> None:
        self._lengths = OutputLengths()

    def observe(self, report: AttemptReport) -> None:
        """Take note of how long an answer was."""
        self._lengths.observe(report)

    def beside(
        self, candidates: Sequence[Candidate], request: Request, now: float
    ) -> dict[str, float]:
        """Return what each would cost for *request*, as a share of what the dearest would.

        One whose prices are not known counts as the dearest.
        """
        characters = sum([len(message.text) for message in request.messages])
        tokens = characters / _CHARACTERS_A_TOKEN
        costs = {c.label: self._cost(c, request, tokens, now) for c in candidates}
        dearest = max([cost for cost in costs.values() if cost is not None], default=0.0) or 1.0
        return {name: 1.0 if cost is None else cost / dearest for name, cost in costs.items()}

    def _cost(
        self, candidate: Candidate, request: Request, tokens: float, now: float
    ) -> float | None:
        prices = candidate.info.prices
        if prices.input is None or prices.output is None:
            return None
        most = request.options.max_tokens
        output = self._lengths.mean(candidate.label, now) or _USUAL_OUTPUT
        return prices.input * tokens + prices.output * min(output, most or output)
