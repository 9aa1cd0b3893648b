"""Which of two models to ask, after learning from judged answers of both."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from math import log, sqrt

from beluga import Example, HumanMessage, LearnedRouter
from beluga.routing.features import features_of
from tests.evaluation.routing.gap import Interval, Ranking, compared
from tests.evaluation.routing.questions import PAIRS, Question, folds, of_pair
from tests.evaluation.table import Table

__all__ = ["by_learning", "by_length", "held_out", "offline_table"]

Scorer = Callable[[Sequence[Question], Sequence[Question], tuple[str, str]], list[float]]

_NEIGHBOURS = 80


def by_length(
    known: Sequence[Question], asked: Sequence[Question], pair: tuple[str, str]
) -> list[float]:
    """Score by the length of the prompt, which needs no learning."""
    return [float(len(question.prompt)) for question in asked]


def by_learning(
    known: Sequence[Question], asked: Sequence[Question], pair: tuple[str, str]
) -> list[float]:
    """Score by what a `LearnedRouter` expects of both."""
    weak, strong = pair
    router = LearnedRouter()
    router.fit(Example(q.prompt, {model: q.good[model] for model in pair}) for q in known)
    expected = [router.predict(question.prompt) for question in asked]
    return [each[strong] - each[weak] for each in expected]


def by_neighbours(
    known: Sequence[Question], asked: Sequence[Question], pair: tuple[str, str]
) -> list[float]:
    """Score by the mean gain of the 80 most similar questions, by the cosine of TF-IDF."""
    everywhere: defaultdict[int, list[int]] = defaultdict(list)
    for place, question in enumerate(known):
        for slot in features_of([HumanMessage(question.prompt)]).slots:
            everywhere[slot].append(place)
    # What occurs in every tenth question says little, and would take most of the time.
    postings = {s: places for s, places in everywhere.items() if len(places) * 10 <= len(known)}
    weights = {slot: log(len(known) / len(places)) ** 2 for slot, places in postings.items()}
    norms = [0.0] * len(known)
    for slot, places in postings.items():
        for place in places:
            norms[place] += weights[slot]
    gains = [_gain(question, pair) for question in known]
    return [_near(question, postings, weights, norms, gains) for question in asked]


def by_oracle(
    known: Sequence[Question], asked: Sequence[Question], pair: tuple[str, str]
) -> list[float]:
    """Score by what really happened, which nobody can know."""
    return [_gain(question, pair) for question in asked]


SCORERS: Mapping[str, Scorer] = {
    "prompt length": by_length,
    "80 nearest questions": by_neighbours,
    "LearnedRouter": by_learning,
    "oracle": by_oracle,
}


def offline_table(known: Sequence[Question]) -> Table:
    """Return how much of the gap each way to choose recovers."""
    cases = {
        "mmlu": [held_out(of_pair("mmlu", known))],
        "mmlu, 1,500 labels": [held_out(of_pair("mmlu", known), 1500)],
        "llmrouter": [held_out(of_pair("llmrouter", known))],
        "gsm8k, 5 folds": folds(of_pair("gsm8k", known), 5),
    }
    rows: list[tuple[str, ...]] = []
    for name, parts in cases.items():
        rows += _rows(name, parts, PAIRS[name.partition(",")[0]])
    return Table(
        "routing: APGR with 95 % intervals; of gsm8k all questions, else those kept back",
        ("questions", "APGR", "interval", "above prompt length"),
        rows,
    )


def held_out(
    known: Sequence[Question], labels: int | None = None
) -> tuple[list[Question], list[Question]]:
    """Return what to learn from, and the questions kept back to judge by.

    Args:
        known: All questions.
        labels: How many to learn from, drawn by chance; all if not given.
    """
    learning = [question for question in known if not question.kept_back]
    chosen = random.Random(0).sample(learning, len(learning) if labels is None else labels)
    return chosen, [question for question in known if question.kept_back]


def _rows(
    name: str, parts: Sequence[tuple[list[Question], list[Question]]], pair: tuple[str, str]
) -> list[tuple[str, ...]]:
    asked = list(chain.from_iterable(part for _, part in parts))
    gains = [_gain(question, pair) for question in asked]
    rankings = {
        kind: Ranking([s for known, part in parts for s in score(known, part, pair)], gains)
        for kind, score in SCORERS.items()
    }
    rows: list[tuple[str, ...]] = []
    for kind, ranking in rankings.items():
        interval, above = compared(ranking, rankings["prompt length"], len(asked))
        beside = "" if kind == "prompt length" else _shown(above, "+.3f")
        label = f"{name}: {kind}"
        rows.append((label, str(len(asked)), f"{ranking.apgr():.3f}", _shown(interval), beside))
    return rows


def _shown(interval: Interval, form: str = ".3f") -> str:
    return f"{interval[0]:{form}} to {interval[1]:{form}}"


def _gain(question: Question, pair: tuple[str, str]) -> float:
    weak, strong = pair
    return question.good[strong] - question.good[weak]


def _near(
    question: Question,
    postings: Mapping[int, Sequence[int]],
    weights: Mapping[int, float],
    norms: Sequence[float],
    gains: Sequence[float],
) -> float:
    similar: defaultdict[int, float] = defaultdict(float)
    for slot in features_of([HumanMessage(question.prompt)]).slots:
        for place in postings.get(slot, ()):
            similar[place] += weights[slot]
    scored = sorted(((s / sqrt(norms[i] or 1.0), i) for i, s in similar.items()), reverse=True)
    nearest = scored[:_NEIGHBOURS]
    total = sum(weight for weight, _ in nearest) or 1.0
    return sum(weight * gains[place] for weight, place in nearest) / total
