"""The curve for the documentation: how good answers are by what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.architecture.source import ROOT
from tests.evaluation.routing.chart import Line, Panel, drawing
from tests.evaluation.routing.offline import by_learning, by_length, held_out
from tests.evaluation.routing.questions import PAIRS, Price, Question, of_pair

__all__ = ["DRAWN", "draw"]

DRAWN: Path = ROOT / "docs" / "explanation" / "routing-quality.svg"

_SOURCES = {"mmlu": (65, 85), "llmrouter": (35, 65)}
_STEPS = 100


def draw(known: Sequence[Question], prices: Mapping[str, Price]) -> None:
    """Write the curve of the questions kept back where the documentation expects it."""
    panels = [
        _panel(source, held_out(of_pair(source, known)), prices, *bounds)
        for source, bounds in _SOURCES.items()
    ]
    about = (
        "Quality by cost on questions kept back: what is reached by learning lies above "
        "what is reached by the length of the prompt or by chance."
    )
    across = "cost, in % of what it costs to ask the stronger model always"
    DRAWN.write_text(drawing(panels, across, "good answers, %", about), encoding="utf-8")


def _panel(
    source: str,
    parts: tuple[list[Question], list[Question]],
    prices: Mapping[str, Price],
    low: int,
    high: int,
) -> Panel:
    pair, (learning, asked) = PAIRS[source], parts
    scores = {
        "LearnedRouter": by_learning(learning, asked, pair),
        "prompt length": by_length(learning, asked, pair),
    }
    lines = [Line(name, _points(asked, score, pair, prices)) for name, score in scores.items()]
    first, last = lines[0].points[0], lines[0].points[-1]
    names = [(f"only {pair[0]}", *first), (f"only {pair[1]}", *last)]
    title = f"{source.upper() if source == 'mmlu' else 'LLMRouter'}, {len(asked):,} questions"
    return Panel(title, low, high, [*lines, Line("by chance", [first, last])], names)


def _points(
    asked: Sequence[Question],
    scores: Sequence[float],
    pair: tuple[str, str],
    prices: Mapping[str, Price],
) -> list[tuple[float, float]]:
    """Return cost and quality as ever more requests go to the stronger model."""
    weak, strong = pair
    order = sorted(range(len(asked)), key=lambda i: -scores[i])
    dearest = sum(question.cost(prices[strong]) for question in asked)
    points: list[tuple[float, float]] = []
    for step in range(_STEPS + 1):
        switched = set(order[: round(len(order) * step / _STEPS)])
        models = [strong if i in switched else weak for i in range(len(asked))]
        cost = sum(q.cost(prices[m]) for q, m in zip(asked, models, strict=True))
        quality = sum(q.good[m] for q, m in zip(asked, models, strict=True))
        points.append((cost / dearest, quality / len(asked)))
    return points
