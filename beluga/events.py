"""What happens during a call, as typed facts for logs, traces, metrics and the ledger.

Events observe; they change nothing.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from beluga.schema import Failure, Usage

__all__ = ["AttemptEnded", "Attempted", "Event", "LeftOut", "RateLimits", "RateWindow"]


class Attempted(msgspec.Struct, frozen=True, tag="attempted"):
    """A request is about to be sent to a provider."""

    provider: str | None
    model: str | None


class AttemptEnded(msgspec.Struct, frozen=True, tag="attempt_ended"):
    """An attempt is over: answered, failed, or abandoned.

    Attributes:
        usage: What the provider had said of tokens by then.
        seconds: From the attempt's start to its end.
        first_content: Seconds until the first content, if any came.
        failure: Why it failed, if it did.
        abandoned: It was cancelled, or its consumer left.
        cost: US dollars, where known.
    """

    provider: str | None
    model: str | None
    usage: Usage
    seconds: float
    first_content: float | None = None
    failure: Failure | None = None
    abandoned: bool = False
    cost: float | None = None


class LeftOut(msgspec.Struct, frozen=True, tag="left_out"):
    """Something of the request was not sent, since this provider has no place for it.

    Attributes:
        what: What was left out, for instance `"option top_k"`.
        why: Why.
    """

    provider: str | None
    model: str | None
    what: str
    why: str


class RateWindow(msgspec.Struct, frozen=True):
    """One of a provider's limits, as its headers told it.

    Attributes:
        name: What is counted, in the provider's words: `"requests"`, `"tokens"`.
        limit: How many in the window.
        remaining: How many are left.
        reset: Seconds until the window is full again.
    """

    name: str
    limit: int | None = None
    remaining: int | None = None
    reset: float | None = None


class RateLimits(msgspec.Struct, frozen=True, tag="rate_limits"):
    """The provider told where its limits stand."""

    provider: str | None
    model: str | None
    windows: tuple[RateWindow, ...]


Event: TypeAlias = Attempted | AttemptEnded | LeftOut | RateLimits
