"""What the tests of routing share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from beluga.effects import CanChoose
from beluga.errors import error_for
from beluga.events import Event, Routed
from beluga.routing import AttemptReport, Candidate
from beluga.schema import Capabilities, Failure, Finish, ModelInfo, Request, TextDelta, Usage
from beluga.testing import Reply, ScriptedModel

__all__ = ["First", "Named", "able", "broken", "model", "routed", "said"]

BILLED = Usage(10, 20, 30)


def said(*pieces: str | float) -> Reply:
    """Pieces of text, and waits between them."""
    return [
        *[TextDelta(piece) if isinstance(piece, str) else piece for piece in pieces],
        Finish("stop", usage=BILLED),
    ]


def broken(failure: Failure, *pieces: str | float) -> Reply:
    """What breaks off with a failure, after pieces of text."""
    return [
        *[TextDelta(piece) if isinstance(piece, str) else piece for piece in pieces],
        error_for(failure),
    ]


def model(name: str, *replies: Reply, **known: object) -> ScriptedModel:
    """A model of which is known what is given."""
    info = msgspec.convert({"model": name, "provider": "mock", **known}, ModelInfo)
    return ScriptedModel(replies, model_id=name, info=info)


def able(**capabilities: bool) -> Capabilities:
    """Capabilities; those that are not named are not known."""
    return Capabilities(**capabilities)


def routed(events: Sequence[Event]) -> list[str]:
    """Whom a router has asked, in order."""
    return [event.name for event in events if isinstance(event, Routed)]


class Named:
    """Choose by name; keep what it was told."""

    def __init__(self, *order: str) -> None:
        self.order = order
        self.offered: list[list[Candidate]] = []
        self.reports: list[AttemptReport] = []

    async def select(
        self, candidates: Sequence[Candidate], request: Request, fx: CanChoose
    ) -> Candidate:
        self.offered.append(list(candidates))
        by_name = {candidate.label: candidate for candidate in candidates}
        return next(by_name[name] for name in self.order if name in by_name)

    def observe(self, report: AttemptReport) -> None:
        self.reports.append(report)


class First(Named):
    """Choose the first of those who are offered, or by a function."""

    def __init__(self, choose: Callable[[Sequence[Candidate]], object] | None = None) -> None:
        super().__init__()
        self._choose = choose or (lambda candidates: candidates[0])

    async def select(
        self, candidates: Sequence[Candidate], request: Request, fx: CanChoose
    ) -> Candidate:
        self.offered.append(list(candidates))
        return self._choose(candidates)
