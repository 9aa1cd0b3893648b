"""The fastest of late."""

from __future__ import annotations

import math
from collections.abc import Sequence

from beluga.effects import CanChoose
from beluga.errors import invalid_input
from beluga.events import Scored
from beluga.routing.candidate import Candidate
from beluga.routing.strategy import AttemptReport
from beluga.schema import Request

__all__ = ["LowestLatency"]

_KNOWN = 0.1
"""How many attempts an estimate must be worth; below that nothing is known any more."""
_LEAST_SUCCESS = 0.05


class LowestLatency:
    """Ask whom has been fastest of late.

    A candidate is expected to take the time to its first content and, at its speed, that for the
    output; more so as it fails, since a failed attempt is made elsewhere again, and as callers give
    up waiting for it. Of two candidates
    that are drawn at random the faster one is asked, so that not all requests pile up at one (the
    power of two choices: M. Mitzenmacher, IEEE TPDS 12, 2001). One of which nothing is known, or
    not any more, is asked before all others; and by *explore* any one is asked, so that one that
    has become faster is found.

    Args:
        explore: The share of requests, 0 to 1, for which any candidate is drawn.
        expected_tokens: Tokens of output to reckon with; at most `max_tokens` of a request.

    Raises:
        InvalidInputError: A number is out of its range.
    """

    def __init__(self, *, explore: float = 0.05, expected_tokens: int = 250) -> None:
        number = isinstance(explore, int | float) and not isinstance(explore, bool)
        if not number or not 0.0 <= explore <= 1.0:
            raise invalid_input(f"explore is a share of requests, from 0 to 1; got {explore!r}")
        if isinstance(expected_tokens, bool) or not isinstance(expected_tokens, int):
            raise invalid_input(f"expected_tokens is a number of tokens; got {expected_tokens!r}")
        if expected_tokens < 0:
            raise invalid_input(f"expected_tokens is 0 or more; got {expected_tokens}")
        self._explore, self._tokens = explore, expected_tokens

    async def select(
        self, candidates: Sequence[Candidate], request: Request, fx: CanChoose
    ) -> Candidate:
        """Return a fast one. It does not wait."""
        seconds = self._seconds(candidates, request)
        unknown = [candidate for candidate in candidates if seconds[candidate.label] is None]
        if unknown:
            chosen = _drawn(unknown, fx)
        elif fx.random.uniform(0.0, 1.0) < self._explore:
            chosen = _drawn(candidates, fx)
        else:
            chosen = _faster(candidates, seconds, fx)
        fx.notify(self._told(seconds, chosen.label))
        return chosen

    def observe(self, report: AttemptReport) -> None:
        """Take no note; the router keeps how fast candidates are, in its store."""

    async def explain(
        self, candidates: Sequence[Candidate], request: Request, fx: CanChoose
    ) -> Scored:
        """Return how long each would take, in seconds below 0, and who is likeliest."""
        seconds = self._seconds(candidates, request)
        return self._told(seconds, min(seconds, key=lambda name: seconds[name] or 0.0))

    def __repr__(self) -> str:
        return f"LowestLatency(explore={self._explore:g})"

    def _seconds(
        self, candidates: Sequence[Candidate], request: Request
    ) -> dict[str, float | None]:
        """Return how long each is expected to take; `None` of whom nothing is known."""
        most = request.options.max_tokens
        tokens = self._tokens if most is None else min(self._tokens, most)
        return {c.label: _expected(c, tokens) for c in candidates}

    def _told(self, seconds: dict[str, float | None], chosen: str) -> Scored:
        scores = {
            name: -value
            for name, value in seconds.items()
            if value is not None and value < math.inf
        }
        return Scored(scores=scores, chosen=chosen, propensity=self._likelihood(seconds, chosen))

    def _likelihood(self, seconds: dict[str, float | None], chosen: str) -> float:
        """Return how likely this choice was."""
        unknown = [name for name, value in seconds.items() if value is None]
        if unknown:
            return 1.0 / len(unknown) if chosen in unknown else 0.0
        count = len(seconds)
        if count == 1:
            return 1.0
        mine = seconds[chosen] or 0.0
        slower = len([v for v in seconds.values() if (v or 0.0) > mine])
        same = len([v for v in seconds.values() if (v or 0.0) == mine]) - 1
        of_two = (2 * slower + same) / (count * (count - 1))
        return self._explore / count + (1.0 - self._explore) * of_two


def _expected(candidate: Candidate, tokens: int) -> float | None:
    health = candidate.health
    known, stalled = health.attempts >= _KNOWN, health.stalled or 0.0
    if not known and not stalled:
        return None
    if health.tokens_per_second is not None:
        seconds = (health.first_content or 0.0) + tokens / health.tokens_per_second
    elif health.seconds is not None:
        seconds = health.seconds
    else:
        seconds = math.inf if known else 0.0
    return seconds / max(_LEAST_SUCCESS, 1.0 - (health.failing or 0.0)) + stalled


def _drawn(candidates: Sequence[Candidate], fx: CanChoose) -> Candidate:
    index = int(fx.random.uniform(0.0, 1.0) * len(candidates))
    return candidates[min(index, len(candidates) - 1)]


def _faster(
    candidates: Sequence[Candidate], seconds: dict[str, float | None], fx: CanChoose
) -> Candidate:
    first = _drawn(candidates, fx)
    others = [candidate for candidate in candidates if candidate is not first]
    second = _drawn(others, fx) if others else first
    mine, theirs = seconds[first.label], seconds[second.label]
    return second if (theirs or 0.0) < (mine or 0.0) else first
