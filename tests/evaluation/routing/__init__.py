"""What a learned router makes of questions whose answers by several models were judged."""

from __future__ import annotations

from tests.evaluation.routing.curve import draw
from tests.evaluation.routing.offline import offline_table
from tests.evaluation.routing.online import clock_table, online_table
from tests.evaluation.routing.questions import prices, questions
from tests.evaluation.table import Table

__all__ = ["tables"]


def tables() -> list[Table]:
    """Measure offline, online and by the clock, and draw the curve for the documentation."""
    known = questions()
    if not known:
        return []
    draw(known, prices())
    return [offline_table(known), online_table(known, prices()), clock_table(known, prices())]
