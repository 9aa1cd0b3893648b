"""What a routing strategy is asked, and what it is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias, runtime_checkable

import msgspec

from beluga.effects import CanChoose
from beluga.events import Scored
from beluga.routing.candidate import Candidate
from beluga.schema import Failure, Request, Usage

__all__ = ["AttemptReport", "Ending", "Explains", "RouterStrategy"]

Ending: TypeAlias = Literal["answered", "rejected", "failed", "abandoned"]
"""How an attempt ended; rejected if the router's `accept` said no."""


class AttemptReport(msgspec.Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
    """Tell how an attempt ended.

    Attributes:
        candidate: Who was asked, as the strategy was offered it.
        request: What it was asked, its own options included.
        outcome: How it ended.
        at: When, in seconds of the clock that `select` was given.
        seconds: From its start to its end.
        first_content: Seconds until its first content, if any came.
        failure: Why it failed, or what it was rejected as. A failure that is `local` was refused
            on this side, and tells nothing of the model.
        usage: What it took, as far as the provider said.
        cost: US dollars, where known.
        decision_id: The `decision_id` of the `Scored` by which the strategy chose it, if any.
        number: Which attempt of the answer it was; the first is 1.
    """

    candidate: Candidate
    request: Request
    outcome: Ending
    at: float
    seconds: float
    first_content: float | None = None
    failure: Failure | None = None
    usage: Usage = Usage()
    cost: float | None = None
    decision_id: str | None = None
    number: int = 1


class RouterStrategy(Protocol):
    """Choose who is asked. The router fails over, a strategy does not."""

    async def select(
        self, candidates: Sequence[Candidate], request: Request, fx: CanChoose
    ) -> Candidate:
        """Return one of *candidates*, all of which can be asked now.

        A strategy tells why through `fx.notify(Scored(…))`. The last one counts: its scores stand
        in the event `Routed`, and its `decision_id` in the answer's `metadata["decision_id"]` and
        in the report of the attempt.

        Args:
            candidates: Those that can serve the request, are not left alone and have not failed
                in this call, in the router's order; one at least. `health` tells how they fare.
            request: What is asked, options of a candidate's own not included.
            fx: The time, chance, and the observers.

        Raises:
            ModelError: None of them will do. The failure is one of the answer's causes, and the
                router goes on to its fallbacks.
        """

    def observe(self, report: AttemptReport) -> None:
        """Take note of how an attempt ended; also of those of fallbacks."""


@runtime_checkable
class Explains(Protocol):
    """A strategy that can tell what it would choose by."""

    async def explain(
        self, candidates: Sequence[Candidate], request: Request, fx: CanChoose
    ) -> Scored:
        """Return what `select` would tell of the same; nothing changes by it."""
