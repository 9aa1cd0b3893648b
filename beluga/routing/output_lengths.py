"""How long each candidate's answers are, learnt from those it gives."""

from __future__ import annotations

from beluga.health.decayed import Decayed
from beluga.routing.strategy import AttemptReport

__all__ = ["OutputLengths"]

_HALF_LIFE = 3600.0


class OutputLengths:
    """Keep a mean of the tokens of each candidate's answers; one of an hour ago counts half."""

    def __init__(self) -> None:
        self._means: dict[str, Decayed] = {}

    def observe(self, report: AttemptReport) -> None:
        """Take note of how long an answer was."""
        output = report.usage.output_tokens
        if report.outcome == "answered" and output is not None:
            known = self._means.setdefault(report.candidate.label, Decayed(_HALF_LIFE))
            known.add(output, report.at)

    def mean(self, name: str, now: float) -> float | None:
        """Return the tokens of an answer to expect of a candidate; `None` if that is not known."""
        known = self._means.get(name)
        return None if known is None else known.mean(now)
