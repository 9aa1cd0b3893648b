"""Stacks of middleware over scripted models, and what must be true of them after each call."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Mapping, Sequence

import anyio
import msgspec
import sniffio
import trio

from beluga.context import ContextManager, with_context
from beluga.effects import Effects
from beluga.errors import ModelError, error_for
from beluga.events import Attempted, AttemptEnded
from beluga.health.breaker import BreakerChange, BreakerPolicy, LocalBreaker, Permit
from beluga.health.breaker import Refusal as Refused
from beluga.health.cooldown import Cooldown
from beluga.health.record import Health, Sample
from beluga.hooks import Hooks, Middleware, apply_middleware, with_hooks
from beluga.middleware import (
    Patterns,
    with_breaker,
    with_budget,
    with_cache,
    with_fallback,
    with_guardrails,
    with_hedge,
    with_limits,
    with_logging,
    with_retry,
    with_timeout,
    with_tracing,
)
from beluga.middleware.guards import Allow, Role, Verdict
from beluga.model import ChatModel
from beluga.routing import FailoverChain, Router
from beluga.schema import Failure, Finish, ModelInfo, Prices, Request, TextDelta, ToolCall, Usage
from beluga.stores import MemoryHealth, MemoryLimits, ProviderLimits, Refusal, Reservation

__all__ = ["BLOCKED", "KINDS", "Act", "Scripts", "Stack", "living_tasks"]

KINDS = (
    "retry", "fallback", "timeout", "breaker", "hedge", "hooks", "limits", "cache", "guardrails",
    "budget", "logging", "tracing", "context", "router",
)  # fmt: skip
BLOCKED = "!"
PRICES = Prices(input=1.0, output=1.0)

_LOGGER = logging.getLogger("tests.middleware.stacks")
_LOGGER.propagate = False
_LOGGER.setLevel(logging.DEBUG)
_LOGGER.addHandler(logging.NullHandler())


class Act(msgspec.Struct, frozen=True):
    """One answer: pieces and seconds in turn, how it ends, and what it is billed.

    Attributes:
        told: What of the tokens is known before the end.
    """

    steps: tuple[str | float, ...] = ()
    failure: Failure | None = None
    billed: Usage = Usage()
    told: Usage = Usage()
    cost: float | None = None


class Scripts(ChatModel):
    """Play one act a call, each under a name of its own; keep account of all of them."""

    def __init__(self, name: str, acts: Sequence[Act]) -> None:
        self.name, self.acts = name, acts
        self.asked = self.open = 0
        self.failures: list[Failure] = []
        self.ended: list[AttemptEnded] = []

    @property
    def model_id(self) -> str:
        return self.name

    @property
    def info(self) -> ModelInfo:
        return ModelInfo(model=self.name, provider=self.name, prices=PRICES)

    async def respond(self, request: Request, fx: Effects) -> Finish:
        act, tag = self.act(self.asked), f"{self.name}{self.asked}"
        self.asked += 1
        self.open += 1
        fx.notify(Attempted(self.name, self.name))
        usage, failure, complete = act.told, None, False
        first: list[float] = []
        try:
            await self._play(act, tag, fx, first)
            usage, complete = act.billed, True
            return Finish("stop", usage=usage)
        except ModelError as error:
            failure = error.failure
            raise
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(0.25)
            self.open -= 1
            abandoned = not complete and failure is None
            end = AttemptEnded(
                self.name, self.name, usage, 0.0, *(first or [None]), failure, abandoned, act.cost
            )
            self.ended.append(end)
            fx.notify(end)

    async def _play(self, act: Act, tag: str, fx: Effects, first: list[float]) -> None:
        await anyio.lowlevel.checkpoint()
        for step in act.steps:
            if isinstance(step, float):
                await anyio.sleep(step)
            else:
                first[:] = [0.0]
                await fx.emit([TextDelta(f"<{tag}{step}>")])
        if act.failure is not None:
            self.failures.append(act.failure)
            raise error_for(act.failure)
        first[:] = [0.0]
        await fx.emit([TextDelta(f"<{tag}.>")])

    def act(self, number: int) -> Act:
        return self.acts[number % len(self.acts)]

    def whole(self, number: int) -> str:
        pieces = [step for step in self.act(number).steps if isinstance(step, str)]
        return "".join([f"<{self.name}{number}{piece}>" for piece in [*pieces, "."]])


class Stack:
    """Middleware of these kinds round *mine*, the first one outermost; *other* is the fallback."""

    def __init__(self, kinds: Sequence[str], mine: ChatModel, other: ChatModel) -> None:
        self.kinds, self.other = kinds, other
        self.store = _Counting()
        self.breaker = LocalBreaker(BreakerPolicy(2, 4.0))
        self.health = _Afar()
        self.cache = with_cache()
        self.budget = with_budget(1e9, prices=PRICES)
        self.limits = with_limits(
            ProviderLimits(rpm=10**6, tpm=10**9, max_concurrent=2), store=self.store
        )
        self.model = apply_middleware(mine, *[self._middleware(kind) for kind in kinds])

    def _middleware(self, kind: str) -> Middleware:
        match kind:
            case "fallback":
                return with_fallback(self.other)
            case "breaker":
                return with_breaker(state=self.breaker)
            case "limits":
                return self.limits
            case "cache":
                return self.cache
            case "hedge":
                return with_hedge(1.5, budget=1.0)
            case "budget":
                return self.budget
            case "router":
                cooldown, other, health = Cooldown(2, 4.0), self.other, self.health
                return lambda model: Router(
                    [model, other], FailoverChain(), cooldown=cooldown, store=health
                )
            case _:
                return _ALIKE[kind]

    async def check_nothing_is_left(self) -> None:
        """Assert that no call has left anything behind in a middleware."""
        healths = await self.health.read(["m", "o"])
        assert all(health.wait < math.inf for health in healths), "a router's probe"
        assert self.store.open == 0, "a slot of the limiter"
        assert self.limits.waiting == 0, "a place in the limiter's line"
        assert self.budget.reserved == 0, "a reservation in the budget"
        assert self.cache.flights == {}, "a call that the cache shares"
        assert self.breaker.breaker.state != "half-open", "a breaker's probe"


class _AllowCalls:
    def check(self, value: ToolCall, role: Role, /) -> Verdict:
        return Allow()


_ALIKE: Mapping[str, Middleware] = {
    "retry": with_retry(3, base=0.5),
    "timeout": with_timeout(5),
    "hooks": with_hooks(Hooks(after_generate=lambda m: m, on_stream=lambda c: None)),
    "guardrails": with_guardrails(output=[Patterns(BLOCKED, window=2)], tool_calls=[_AllowCalls()]),
    "logging": with_logging(_LOGGER, content=True),
    "tracing": with_tracing(content=True),
    "context": with_context(ContextManager(budget=10_000)),
}
"""Those that keep nothing from one call to the next."""


class _Afar(MemoryHealth):
    """Health of which each method waits, as one that a fleet shares would."""

    async def read(self, keys: Sequence[str], /) -> Sequence[Health]:
        await anyio.lowlevel.checkpoint()
        return await super().read(keys)

    async def admit(self, key: str, cooldown: Cooldown, /) -> Permit | Refused:
        await anyio.lowlevel.checkpoint()
        return await super().admit(key, cooldown)

    async def settle(
        self, key: str, permit: Permit, sample: Sample, cooldown: Cooldown, /
    ) -> BreakerChange | None:
        await anyio.lowlevel.checkpoint()
        return await super().settle(key, permit, sample, cooldown)


class _Counting(MemoryLimits):
    """Limits that know how many reservations are open; each method waits, as one afar would."""

    def __init__(self) -> None:
        super().__init__()
        self.open = 0

    async def reserve(self, key: str, limits: ProviderLimits, tokens: int) -> Reservation | Refusal:
        await anyio.lowlevel.checkpoint()
        got = await super().reserve(key, limits, tokens)
        self.open += isinstance(got, Reservation)
        return got

    async def settle(self, reservation: Reservation, tokens: int) -> None:
        await anyio.lowlevel.checkpoint()
        await super().settle(reservation, tokens)
        self.open -= 1

    async def release(self, reservation: Reservation) -> None:
        await anyio.lowlevel.checkpoint()
        await super().release(reservation)
        self.open -= 1


def living_tasks() -> int:
    """Return how many tasks there are, on the backend that runs."""
    if sniffio.current_async_library() == "trio":
        return trio.lowlevel.current_statistics().tasks_living
    return len(asyncio.all_tasks())
