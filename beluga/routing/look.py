"""A look at who can be asked now, and why others cannot."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import msgspec

from beluga.errors import ModelError
from beluga.health.record import Health
from beluga.routing.candidate import Candidate
from beluga.routing.needs import lacking, needs, tag_missing, too_long
from beluga.routing.seat import Seat
from beluga.schema import ErrorCode, Failure, Request
from beluga.stores.health import HealthStore

__all__ = ["View", "look"]


class View(msgspec.Struct, frozen=True, eq=False):
    """Where a candidate stands at present.

    Attributes:
        seat: Its place.
        candidate: The candidate with how it fares.
        request: What it would be asked.
        refusal: Why it cannot be asked, if it cannot; it may be later if that is `retryable`.
    """

    seat: Seat
    candidate: Candidate
    request: Request
    refusal: Failure | None = None

    @property
    def fate(self) -> Literal["passed", "waiting", "unable"]:
        """The same in a word."""
        if self.refusal is None:
            return "passed"
        return "waiting" if self.refusal.retryable else "unable"


async def look(
    seats: Sequence[Seat], request: Request, store: HealthStore, tags: frozenset[str]
) -> list[View]:
    """Return where each of *seats* stands; nothing is reserved or sent.

    Args:
        seats: Who is looked at.
        request: What the caller asks.
        store: How they fare.
        tags: Those of all candidates.
    """
    healths = await store.read([seat.name for seat in seats])
    needed = needs(request)
    views: list[View] = []
    for seat, health in zip(seats, healths, strict=True):
        asked = seat.asks(request)
        its_needs = needed if asked is request else needs(asked)
        refusal = await _unable(seat, asked, its_needs, tags) or _left_alone(seat, health)
        if refusal is None:
            refusal = await _limited(seat, asked)
        views.append(View(seat, seat.at(health), asked, refusal))
    return views


async def _unable(
    seat: Seat, request: Request, needed: Sequence[str], tags: frozenset[str]
) -> Failure | None:
    info = seat.info
    missing = tag_missing(request, seat.candidate.tags, tags)
    if missing is not None:
        return _refused(seat, "unsupported", f"it has no tag {missing}")
    why = lacking(request, needed, info)
    if why is not None:
        return _refused(seat, "unsupported", why)
    why = None if seat.fits else await too_long(request, seat.model)
    return None if why is None else _refused(seat, "context_length", why)


def _left_alone(seat: Seat, health: Health) -> Failure | None:
    if not health.wait:
        return None
    if health.wait == math.inf:
        return _later(seat, "provider_unavailable", "a probe of it is under way", math.inf)
    why = f"left alone for another {health.wait:.3g} s after {health.why or 'failures'}"
    return _later(seat, "provider_unavailable", why, health.wait)


async def _limited(seat: Seat, request: Request) -> Failure | None:
    try:
        wait = await seat.model.would_wait(request)
    except ModelError as error:
        return error.failure
    if not wait:
        return None
    when = "" if wait == math.inf else f" for another {wait:.3g} s"
    return _later(seat, "rate_limit", f"its own limit has no room{when}", wait)


def _refused(seat: Seat, code: ErrorCode, why: str) -> Failure:
    info = seat.info
    return Failure(code, f"not asked: {why}", info.provider, info.model or seat.name, local=True)


def _later(seat: Seat, code: ErrorCode, why: str, wait: float) -> Failure:
    return msgspec.structs.replace(
        _refused(seat, code, why),
        retry_after=None if wait == math.inf else wait,
        retryable=True,
    )
