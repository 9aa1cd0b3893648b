"""What happens during a call, as typed facts for logs, traces, metrics and the ledger.

Events observe; they change nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

from beluga.output_events import AskedAgain, Repaired, SchemaReworded
from beluga.routing_events import FailedOver, Routed, Scored, Standing, WaitedForModel
from beluga.schema import Failure, Message, Usage

__all__ = [
    "AskedAgain",
    "AttemptEnded",
    "Attempted",
    "BreakerClosed",
    "BreakerOpened",
    "BudgetSettled",
    "CacheHit",
    "CacheStored",
    "Event",
    "FailedOver",
    "Fitted",
    "Guarded",
    "HedgeWon",
    "Hedged",
    "LeftOut",
    "RateLimits",
    "RateWindow",
    "Repaired",
    "Retried",
    "Routed",
    "SchemaReworded",
    "Scored",
    "Standing",
    "ToolEnded",
    "ToolStarted",
    "WaitedForLimit",
    "WaitedForModel",
]


class Attempted(msgspec.Struct, frozen=True, tag="attempted"):
    """A request is about to be sent to a provider.

    Attributes:
        schema_codec: The codec of the answer's schema, for `beluga.schemas.codec_for`.
    """

    provider: str | None
    model: str | None
    schema_codec: str | None = None


class AttemptEnded(msgspec.Struct, frozen=True, tag="attempt_ended"):
    """An attempt is over: answered, failed, or abandoned.

    Attributes:
        usage: What the provider had said of tokens by then.
        seconds: From the attempt's start to its end.
        first_content: Seconds until the first content, if any came.
        failure: Why it failed, if it did.
        abandoned: It was cancelled, or its consumer left.
        cost: US dollars, where known; of an attempt that did not end well, of what the provider
            had said of tokens by then.
        computed: The cost follows from the model's prices; the provider has not told it.
    """

    provider: str | None
    model: str | None
    usage: Usage
    seconds: float
    first_content: float | None = None
    failure: Failure | None = None
    abandoned: bool = False
    cost: float | None = None
    computed: bool = False


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


class Retried(msgspec.Struct, frozen=True, tag="retried"):
    """An attempt failed, and the same model is asked again after a wait.

    Attributes:
        failure: Why the attempt failed.
        attempt: Which attempt comes now; the first one was 1.
        delay: Seconds until it is made.
    """

    failure: Failure
    attempt: int
    delay: float


class Hedged(msgspec.Struct, frozen=True, tag="hedged"):
    """A second request is made, since the first is slow or has failed.

    Attributes:
        seconds: How long the first one has taken.
        failure: Why it failed, if it did.
    """

    provider: str | None
    model: str | None
    seconds: float
    failure: Failure | None = None


class HedgeWon(msgspec.Struct, frozen=True, tag="hedge_won"):
    """Of two requests for one answer, one has been first with its content.

    Attributes:
        second: Whether it is the second one.
    """

    provider: str | None
    model: str | None
    second: bool


class BreakerOpened(msgspec.Struct, frozen=True, tag="breaker_opened"):
    """A model has failed too often in a row, and is not asked for a while.

    Attributes:
        failure: The last failure.
    """

    provider: str | None
    model: str | None
    failure: Failure


class BreakerClosed(msgspec.Struct, frozen=True, tag="breaker_closed"):
    """A probe of a model that was not asked for a while went well; it is asked again."""

    provider: str | None
    model: str | None


class WaitedForLimit(msgspec.Struct, frozen=True, tag="waited_for_limit"):
    """A request has waited for a limit of its own side, and is now sent.

    Attributes:
        key: Which limit.
        seconds: How long it waited.
        tokens: How many tokens it has reserved.
    """

    key: str
    seconds: float
    tokens: int


class CacheHit(msgspec.Struct, frozen=True, tag="cache_hit"):
    """An answer comes without a request of its own.

    Attributes:
        key: The key of the request in the cache.
        shared: Another caller's request for the same answer is under way, and serves this one too.
    """

    key: str
    shared: bool = False


class CacheStored(msgspec.Struct, frozen=True, tag="cache_stored"):
    """An answer was put into the cache, under this key."""

    key: str


class Guarded(msgspec.Struct, frozen=True, tag="guarded"):
    """A guard has changed or blocked something.

    Attributes:
        guard: Its name.
        role: What it looked at.
        action: What it did.
        reason: Why it blocked.
    """

    guard: str
    role: Literal["input", "output", "reasoning", "tool_call"]
    action: Literal["changed", "blocked"]
    reason: str | None = None


class BudgetSettled(msgspec.Struct, frozen=True, tag="budget_settled"):
    """A request's reservation in a budget was replaced by what it cost.

    Attributes:
        reserved: US dollars that were set aside for it.
        cost: US dollars that it took.
        remaining: US dollars left after it; below zero if estimates were too low.
    """

    reserved: float
    cost: float
    remaining: float


class Fitted(msgspec.Struct, frozen=True, tag="fitted"):
    """Messages have been made to fit a budget.

    Attributes:
        messages: What is left, oldest first; as an event it holds none, since observers need not
            know what was said.
        tokens: What a request with them costs, tools included.
        dropped: How many messages of the history are not among them.
        strategy: The name of the strategy that chose them.
        budget: The most tokens they were allowed.
    """

    messages: Sequence[Message]
    tokens: int
    dropped: int
    strategy: str
    budget: int


class ToolStarted(msgspec.Struct, frozen=True, tag="tool_started"):
    """A tool is run for a model's call.

    Attributes:
        tool: Its name.
        call_id: The id of the call.
    """

    tool: str
    call_id: str


class ToolEnded(msgspec.Struct, frozen=True, tag="tool_ended"):
    """A model's call of a tool is over; one that was refused has not started before.

    Attributes:
        tool: The name that the model called.
        call_id: The id of the call.
        seconds: How long it ran.
        failure: Why the model is told that it failed, if it is.
        abandoned: It was cancelled.
    """

    tool: str
    call_id: str
    seconds: float
    failure: Failure | None = None
    abandoned: bool = False


Event: TypeAlias = (
    AskedAgain
    | AttemptEnded
    | Attempted
    | BreakerClosed
    | BreakerOpened
    | BudgetSettled
    | CacheHit
    | CacheStored
    | FailedOver
    | Fitted
    | Guarded
    | HedgeWon
    | Hedged
    | LeftOut
    | RateLimits
    | Repaired
    | Retried
    | Routed
    | SchemaReworded
    | Scored
    | ToolEnded
    | ToolStarted
    | WaitedForLimit
    | WaitedForModel
)
