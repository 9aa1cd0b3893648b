"""How much of what an answer needs is left after fitting, by strategy and budget.

The meetings stand beside the repository, in `../shared/data`, or wherever `BELUGA_DATA` says: long
conversations of several people, with questions and the turns that hold each answer. They are parted
by name: with one half the scoring was chosen, the other half is kept back.
"""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import anyio
import msgspec

from beluga import (
    AIMessage,
    ContextManager,
    ContextOverflowError,
    HumanMessage,
    Message,
    Semantic,
    Sliding,
    SystemMessage,
    ToolCall,
    ToolMessage,
    Truncate,
)
from beluga.context import Adaptive, ContextStrategy, Relevance
from tests.architecture.source import ROOT
from tests.evaluation.table import Table

__all__ = ["main", "tables"]

BUDGETS = (1000, 2000, 4000, 8000)

STRATEGIES: Mapping[str, Callable[[], ContextStrategy]] = {
    "newest turns, as trim_messages": lambda: Truncate(step=1),
    "truncate": Truncate,
    "sliding, 20 turns": lambda: Sliding(20),
    "plain BM25, stems and stop words": lambda: Semantic(
        relevance=Relevance(neighbours=(), windows=())
    ),
    "semantic": Semantic,
    "adaptive": Adaptive,
}

LAST = 5


class Said(msgspec.Struct, frozen=True):
    """A turn of a meeting."""

    speaker: str
    text: str


class Question(msgspec.Struct, frozen=True):
    """A question, and the places of the turns that answer it."""

    query: str
    evidence: list[int]


class Meeting(msgspec.Struct, frozen=True):
    """A conversation and what is asked of it."""

    id: str
    turns: list[Said]
    questions: list[Question]

    @property
    def kept_back(self) -> bool:
        """Whether nothing was chosen by it."""
        return hashlib.sha256(self.id.encode()).digest()[0] % 2 == 1

    @property
    def messages(self) -> list[Message]:
        """The turns as messages."""
        return [HumanMessage(f"{said.speaker}: {said.text}") for said in self.turns]


class Case(msgspec.Struct, frozen=True):
    """A history, and the places in it of what must be left."""

    history: list[Message]
    evidence: list[int]


def tables() -> list[Table]:
    """Fit every meeting for every question, and count what is left of its evidence."""
    pairs = _pairs("context: calls without their results, over every budget")
    known = meetings()
    if not known:
        return [pairs]
    kept, working = [m for m in known if m.kept_back], [m for m in known if not m.kept_back]
    return [
        _table("share of the answers' turns left, meetings kept back", list(_asked(kept))),
        _table("the same, meetings to choose by", list(_asked(working))),
        pairs,
        _table(f"share of the last {LAST} turns left when the talk goes on", list(_going_on(kept))),
    ]


def meetings() -> list[Meeting]:
    """Return all meetings; none where the data is absent."""
    folder = Path(os.environ.get("BELUGA_DATA") or ROOT.parent / "shared" / "data")
    path = folder / "context" / "meetings.jsonl.gz"
    if not path.exists():
        return []
    lines = gzip.decompress(path.read_bytes()).splitlines()
    return [msgspec.json.decode(line, type=Meeting) for line in lines]


def main() -> None:
    """Print the tables."""
    print(*tables(), sep="\n\n")


def _asked(chosen: Sequence[Meeting]) -> Iterator[Case]:
    for meeting in chosen:
        messages = meeting.messages
        for question in meeting.questions:
            yield Case([*messages, HumanMessage(question.query)], question.evidence)


def _going_on(chosen: Sequence[Meeting]) -> Iterator[Case]:
    """Give meetings cut off in the middle; what somebody said next refers to what was just said."""
    for meeting in chosen:
        messages = meeting.messages
        for place in range(len(messages) // 2, len(messages), 50):
            yield Case(messages[: place + 1], list(range(place - LAST, place)))


def _table(title: str, cases: Sequence[Case]) -> Table:
    rows = [
        (name, *[f"{anyio.run(_left, make, cases, budget):.3f}" for budget in BUDGETS])
        for name, make in STRATEGIES.items()
    ]
    columns = [f"{budget} tokens" for budget in BUDGETS]
    return Table(f"context: {title} ({len(cases)} cases)", columns, rows)


def _pairs(title: str) -> Table:
    """Fit an agent's work, with up to three calls at once, to every budget up to the whole."""
    history = _work(24)
    rows = [(name, *anyio.run(_broken, make, history)) for name, make in STRATEGIES.items()]
    return Table(f"{title} ({len(history)} messages)", ("budgets", "refused", "broken"), rows)


def _work(steps: int) -> list[Message]:
    history: list[Message] = [SystemMessage("Work."), HumanMessage("Find the whale.")]
    for step in range(steps):
        calls = [
            ToolCall(f"call_{step}_{i}", "look", f'{{"at": {i}}}') for i in range(step % 3 + 1)
        ]
        history.append(AIMessage(tuple(calls)))
        history += [ToolMessage(f"place {step} water " * (7 * step % 50), c.id) for c in calls]
        if step % 9 == 8:
            history += [AIMessage("Not here."), HumanMessage(f"Look on, for the {step}th time.")]
    return history


async def _broken(make: Callable[[], ContextStrategy], history: list[Message]) -> list[str]:
    manager, whole = ContextManager(make()), 0
    refused = broken = 0
    while True:
        whole += 1
        try:
            fitted = await manager.fit(history, whole)
        except ContextOverflowError:
            refused += 1
            continue
        broken += _calls(fitted.messages) != _results(fitted.messages)
        if fitted.messages is history:
            return [str(whole), str(refused), str(broken)]


def _calls(messages: Sequence[Message]) -> list[str]:
    return sorted([c.id for m in messages if isinstance(m, AIMessage) for c in m.tool_calls])


def _results(messages: Sequence[Message]) -> list[str]:
    return sorted([m.tool_call_id for m in messages if isinstance(m, ToolMessage)])


async def _left(make: Callable[[], ContextStrategy], cases: Sequence[Case], budget: int) -> float:
    manager = ContextManager(make())
    shares: list[float] = []
    for case in cases:
        fitted = await manager.fit(case.history, budget)
        left = {id(message) for message in fitted.messages}
        found = [place for place in case.evidence if id(case.history[place]) in left]
        shares.append(len(found) / len(case.evidence))
    return sum(shares) / len(shares)


if __name__ == "__main__":
    main()
