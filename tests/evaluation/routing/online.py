"""What choosing costs while it is being learnt: after each answer only its own quality is told."""

from __future__ import annotations

import math
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from statistics import mean, median, quantiles, stdev
from time import perf_counter

import anyio

from beluga import Candidate, Effects, Finish, HumanMessage, LearnedRouter, Request, live
from beluga.events import Event, Scored
from beluga.model import ChatModel
from tests.evaluation.routing.questions import PAIRS, SIX, Price, Question, of_pair
from tests.evaluation.table import Table

__all__ = ["clock_table", "online_table"]

Choose = Callable[[Question], Awaitable[str]]
Tell = Callable[[float], None]
Player = Callable[[Sequence[str], Mapping[str, Price], int], tuple[Choose, Tell]]

_COST_WEIGHT = 0.1
_SEEDS = 10
_STEPS = 5000
_MARKS = (0.1, 0.25, 0.5, 1.0)


class Silent(ChatModel):
    """A model that is chosen and never asked."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def model_id(self) -> str:
        """Its name."""
        return self._name

    async def respond(self, request: Request, fx: Effects) -> Finish:
        """Answer nothing."""
        return Finish("stop")


def online_table(known: Sequence[Question], prices: Mapping[str, Price]) -> Table:
    """Return how far behind the best single model each way to choose is, along the stream."""
    streams = {
        "llmrouter, 6 models": ([q for q in known if all(m in q.good for m in SIX)], SIX),
        "mmlu, 2 models": (of_pair("mmlu", known), PAIRS["mmlu"]),
    }
    rows: list[tuple[str, ...]] = []
    for name, (asked, models) in streams.items():
        for kind, player in PLAYERS.items():
            runs = [anyio.run(_play, asked, models, prices, player, s) for s in range(_SEEDS)]
            rows.append((f"{name}: {kind}", *_figures(runs)))
    return Table(
        f"routing: reward behind the best single model in hindsight, {_SEEDS} orders; "
        "below 0 is ahead",
        (*[f"at {mark:.0%}" for mark in _MARKS], "sd at end", "ahead at 25%"),
        rows,
    )


def clock_table(known: Sequence[Question], prices: Mapping[str, Price]) -> Table:
    """Return how long a choice takes."""
    rows = [
        (
            f"{len(models)} models",
            *[f"{1e6 * t:.0f}" for t in anyio.run(_timed, known, models, prices)],
        )
        for models in (PAIRS["mmlu"], SIX)
    ]
    return Table("routing: microseconds a choice", ("median", "95 % below"), rows)


def learning(models: Sequence[str], prices: Mapping[str, Price], seed: int) -> tuple[Choose, Tell]:
    """Choose by a `LearnedRouter`."""
    candidates = _candidates(models, prices)
    strategy = LearnedRouter(cost_weight=_COST_WEIGHT, seed=seed)
    told: list[str] = []

    def hear(event: Event) -> None:
        if isinstance(event, Scored) and event.decision_id is not None:
            told.append(event.decision_id)

    fx = live(seed).notifying(hear)

    async def choose(question: Question) -> str:
        request = Request((HumanMessage(question.prompt),))
        return (await strategy.select(candidates, request, fx)).label

    return choose, lambda quality: strategy.feedback(told.pop(), quality)


def in_turn(models: Sequence[str], prices: Mapping[str, Price], seed: int) -> tuple[Choose, Tell]:
    """Choose each in its turn."""
    turn = [seed]

    async def choose(question: Question) -> str:
        turn[0] += 1
        return models[turn[0] % len(models)]

    return choose, lambda quality: None


def blindly(models: Sequence[str], prices: Mapping[str, Price], seed: int) -> tuple[Choose, Tell]:
    """Choose by what each has earned so far, whatever is asked: UCB1 of Auer and others, 2002."""
    counts = dict.fromkeys(models, 0)
    sums = dict.fromkeys(models, 0.0)
    last: list[tuple[str, float]] = []

    def bound(model: str) -> float:
        if not counts[model]:
            return math.inf
        total = sum(counts.values())
        # Half the width of the paper: with its own, it hardly stops exploring in so few steps.
        return sums[model] / counts[model] + math.sqrt(0.5 * math.log(total) / counts[model])

    async def choose(question: Question) -> str:
        model = max(models, key=bound)
        last.append((model, _COST_WEIGHT * _share(question, model, models, prices)))
        return model

    def tell(quality: float) -> None:
        model, cost = last.pop()
        counts[model] += 1
        sums[model] += quality - cost

    return choose, tell


PLAYERS: Mapping[str, Player] = {
    "each in turn": in_turn,
    "UCB1, blind to the question": blindly,
    "LearnedRouter": learning,
}


async def _play(
    asked: Sequence[Question],
    models: Sequence[str],
    prices: Mapping[str, Price],
    player: Player,
    seed: int,
) -> list[float]:
    """Return how far behind the best single model the sum of rewards is after each step."""
    order = random.Random(seed).sample(asked, min(len(asked), _STEPS))
    choose, tell = player(models, prices, seed)
    rewards = [
        {m: q.good[m] - _COST_WEIGHT * _share(q, m, models, prices) for m in models} for q in order
    ]
    best = max(models, key=lambda model: sum(reward[model] for reward in rewards))
    behind, track = 0.0, []
    for question, reward in zip(order, rewards, strict=True):
        model = await choose(question)
        tell(question.good[model])
        behind += reward[best] - reward[model]
        track.append(behind)
    return track


def _share(
    question: Question, model: str, models: Sequence[str], prices: Mapping[str, Price]
) -> float:
    return question.cost(prices[model]) / max(question.cost(prices[m]) for m in models)


def _figures(runs: Sequence[Sequence[float]]) -> list[str]:
    marks = [[run[round(len(run) * mark) - 1] for run in runs] for mark in _MARKS]
    ahead = sum(value < 0 for value in marks[_MARKS.index(0.25)])
    return [
        *[f"{mean(values):+.1f}" for values in marks],
        f"{stdev(marks[-1]):.1f}",
        f"{ahead} of {len(runs)}",
    ]


async def _timed(
    known: Sequence[Question], models: Sequence[str], prices: Mapping[str, Price]
) -> tuple[float, float]:
    strategy, fx = LearnedRouter(cost_weight=_COST_WEIGHT), live(1)
    candidates = _candidates(models, prices)
    taken: list[float] = []
    for question in known[::8]:
        request = Request((HumanMessage(question.prompt),))
        started = perf_counter()
        await strategy.select(candidates, request, fx)
        taken.append(perf_counter() - started)
    return median(taken), quantiles(taken, n=20)[-1]


def _candidates(models: Sequence[str], prices: Mapping[str, Price]) -> list[Candidate]:
    return [
        Candidate(Silent(m), input_price=prices[m].input, output_price=prices[m].output)
        for m in models
    ]
