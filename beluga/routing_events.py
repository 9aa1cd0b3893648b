"""What is told of choices among models: who is asked, and why not the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from beluga.schema import Failure

__all__ = ["FailedOver", "Routed", "Scored", "Standing", "WaitedForModel"]


class FailedOver(msgspec.Struct, frozen=True, tag="failed_over"):
    """A model failed, and another is asked in its place.

    Attributes:
        failure: Why it failed.
        provider: Whose model is asked now.
        model: Which one.
    """

    failure: Failure
    provider: str | None
    model: str | None


class Scored(msgspec.Struct, frozen=True, tag="scored", kw_only=True, repr_omit_defaults=True):
    """A routing strategy tells by what it chooses.

    Attributes:
        scores: How well each candidate does, by name; more is better. Those that the strategy
            says nothing of are missing.
        chosen: The name of the one that is best, or that was drawn.
        decision_id: Its own name for the choice, if it wants to hear of the answer's quality.
        propensity: How likely it was, 0 to 1, that this one would be chosen.
        why: In words.
        reasons: Why others are not chosen whatever their score, in words, by name.
    """

    scores: Mapping[str, float] = {}
    chosen: str | None = None
    decision_id: str | None = None
    propensity: float | None = None
    why: str | None = None
    reasons: Mapping[str, str] = {}


class Standing(msgspec.Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
    """Where a candidate stood when a router chose.

    Attributes:
        name: The candidate's name.
        fate: `"chosen"`; `"passed"`: it could have been; `"tried"`: it has failed in this call;
            `"unable"`: it cannot serve the request; `"waiting"`: it is left alone, or its own
            limit is reached; `"reserve"`: a fallback, whose turn has not come.
        why: Why it was not asked, in words.
        wait: Seconds until it may be asked; `None` if that is not known.
        score: What the strategy gave it.
    """

    name: str
    fate: Literal["chosen", "passed", "tried", "unable", "waiting", "reserve"]
    why: str | None = None
    wait: float | None = None
    score: float | None = None


class Routed(msgspec.Struct, frozen=True, tag="routed", kw_only=True, repr_omit_defaults=True):
    """A router has chosen who is asked.

    Attributes:
        name: The candidate's name.
        provider: Whose model it is.
        model: Which one.
        number: Which attempt of the answer it is; the first is 1.
        strategy: Who chose: the strategy's class, or `"fallbacks"`.
        standings: Where every candidate stood, in the router's order.
        decision_id: The strategy's name for the choice, if it gave one.
        propensity: How likely the choice was, where the strategy said so.
        why: What the strategy said of it.
    """

    name: str
    provider: str | None
    model: str | None
    number: int
    strategy: str
    standings: tuple[Standing, ...]
    decision_id: str | None = None
    propensity: float | None = None
    why: str | None = None


class WaitedForModel(msgspec.Struct, frozen=True, tag="waited_for_model"):
    """None of a router's models could be asked, and it has waited for the earliest of them.

    Attributes:
        seconds: How long it waited.
    """

    seconds: float
