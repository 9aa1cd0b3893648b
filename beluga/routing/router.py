"""A model that is many: it has each request answered by one of several, and fails over."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from inspect import iscoroutinefunction
from typing import Literal, Unpack

from beluga.effects import Effects, live
from beluga.errors import invalid_input
from beluga.fitting import Fitter
from beluga.flows.choosing import ChoosingPolicy
from beluga.health.cooldown import Cooldown
from beluga.model import ChatModel
from beluga.routing.candidate import Candidate
from beluga.routing.explanation import Explanation, explained
from beluga.routing.journey import Journey, Plan
from beluga.routing.look import look
from beluga.routing.round_robin import RoundRobin
from beluga.routing.seat import seated
from beluga.routing.strategy import RouterStrategy
from beluga.schema import (
    AIMessage,
    Capabilities,
    ErrorCode,
    Finish,
    ModelInfo,
    OptionLayer,
    Options,
    Prompt,
    Request,
)
from beluga.stores.health import HealthStore
from beluga.stores.memory_health import MemoryHealth

__all__ = ["Router"]


class Router(ChatModel):
    """Have each request answered by one of several models.

    Before each attempt those are left out that cannot serve the request (capabilities, context
    window, tags), are left alone after failures, or whose own limit has no room. The strategy
    chooses among the rest. After a failure that another model may survive it is asked again,
    without the one that failed. Nothing of two answers is ever joined.

    ```python
    router = Router([beluga.new("openai:gpt-5-mini"), beluga.new("groq:llama-3.3-70b-versatile")])
    ```

    Args:
        models: Models, or candidates that say more of them.
        strategy: Who chooses; by default each in its turn, as `RoundRobin()` does.
        fallbacks: Whom to ask, in order, where no candidate has answered.
        max_attempts: How many attempts an answer has at most; each model is asked once at most.
        cooldown: After which failures a model is left alone, and for how long.
        commit: When an answer is shown to somebody who watches: with its first content, after which
            there is no other; or when it has finished.
        accept: Whether a finished answer will do; one that will not is followed by another model.
            Needs `commit="finish"`.
        on_interrupt: What to do where content has been shown and its model fails: raise, or show
            `Restarted` and begin anew with another.
        on_refusal: What to do where a provider refuses to answer: raise, or ask another.
        context: What makes a conversation fit each model's window; without it a model whose window
            is too small is not asked.
        max_wait: Seconds to wait in all, per answer, while nobody can be asked.
        store: Where is kept how models fare, by the candidates' names; by default in memory, for
            this router alone.

    Raises:
        InvalidInputError: There is no model, one is there twice, or a value is wrong.
    """

    def __init__(
        self,
        models: Iterable[ChatModel | Candidate],
        strategy: RouterStrategy | None = None,
        *,
        fallbacks: Iterable[ChatModel | Candidate] = (),
        max_attempts: int | None = None,
        cooldown: Cooldown = Cooldown(),
        commit: Literal["content", "finish"] = "content",
        accept: Callable[[AIMessage], bool] | None = None,
        on_interrupt: Literal["raise", "restart"] = "raise",
        on_refusal: Literal["raise", "next"] = "raise",
        context: Fitter | None = None,
        max_wait: float = 0.0,
        store: HealthStore | None = None,
    ) -> None:
        if store is not None:
            _check_store(store)
        seats, reserves = seated(models, fallbacks, context)
        modes = {
            "commit": (commit, "content", "finish"),
            "on_interrupt": (on_interrupt, "raise", "restart"),
            "on_refusal": (on_refusal, "raise", "next"),
        }
        _check(strategy, cooldown, accept, modes)
        asked: set[ErrorCode] = set()
        if on_refusal == "next":
            asked.add("content_filter")
        if accept is not None:
            asked.add("output_invalid")
        self._plan = Plan(
            seats,
            reserves,
            RoundRobin() if strategy is None else strategy,
            MemoryHealth() if store is None else store,
            ChoosingPolicy(max_attempts, max_wait, frozenset(asked)),
            cooldown,
            commit == "finish",
            on_interrupt == "restart",
            accept,
            frozenset([tag for seat in seats + reserves for tag in seat.candidate.tags]),
        )

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """Whom it chooses among, under their names; fallbacks are not among them."""
        return tuple([seat.candidate for seat in self._plan.seats])

    @property
    def model_id(self) -> str:
        """The candidates' names, joined by `|`."""
        return "|".join([seat.name for seat in self._plan.seats])

    @property
    def info(self) -> ModelInfo:
        """What all candidates together can do: the largest window, and whatever any of them can."""
        return _together(self.model_id, [seat.info for seat in self._plan.seats])

    @property
    def defaults(self) -> OptionLayer:
        """The options that all models start from alike; each adds the rest itself."""
        return OptionLayer.shared([seat.candidate.model.defaults for seat in self._plan.everyone])

    async def respond(self, request: Request, fx: Effects) -> Finish:
        """Have one of the models answer.

        Raises:
            AllModelsFailedError: None has. `attempts` holds every cause in order, also of those
                that could not be asked, and `retry_after` the earliest time one may be again.
            ModelError: One has failed in a way that no other would survive, or after its content
                was shown.
            StrategyError: The strategy failed.
        """
        return await Journey(self._plan, request, fx).run()

    async def would_wait(self, request: Request) -> float:
        """Return seconds until one of the models can be asked."""
        views = await look(self._plan.everyone, request, self._plan.store, self._plan.tags)
        waits: list[float] = []
        for view in views:
            if view.refusal is None:
                return 0.0
            if view.refusal.retryable:
                hint = view.refusal.retry_after
                waits.append(math.inf if hint is None else hint)
        return min(waits, default=0.0)

    async def explain(
        self, messages: Prompt, /, *, fx: Effects | None = None, **options: Unpack[Options]
    ) -> Explanation:
        """Tell who would be asked, and why the others would not. Nothing is sent, or changes.

        Args:
            messages: What would be asked.
            fx: Time and chance for the strategy.
            **options: See `Options`.

        Raises:
            InvalidInputError: The messages or an option are wrong.
            StrategyError: The strategy's own `explain` failed.
        """
        request = self._request(messages, options, streaming=False)
        return await explained(self._plan, request, live() if fx is None else fx)

    async def aclose(self) -> None:
        """Close all of the models, also if closing one fails or is cancelled."""
        models = {id(seat.candidate.model): seat.candidate.model for seat in self._plan.everyone}
        async with AsyncExitStack() as closing:
            for model in reversed(models.values()):
                closing.push_async_callback(model.aclose)

    def __repr__(self) -> str:
        return f"Router({self.model_id!r}, {self._plan.strategy!r})"


def _check_store(store: object) -> None:
    verbs = [callable(getattr(store, verb, None)) for verb in ("read", "admit", "settle")]
    if isinstance(store, type) or not all(verbs):
        raise invalid_input(f"Router takes a store such as MemoryHealth(); got {store!r:.80}")


def _check(
    strategy: object, cooldown: object, accept: object, modes: Mapping[str, tuple[str, str, str]]
) -> None:
    verbs = [callable(getattr(strategy, verb, None)) for verb in ("select", "observe")]
    if strategy is not None and (isinstance(strategy, type) or not all(verbs)):
        raise invalid_input(f"Router takes a strategy such as RoundRobin(); got {strategy!r:.80}")
    if not isinstance(cooldown, Cooldown):
        raise invalid_input(f"Router takes cooldown=Cooldown(…); got {cooldown!r:.80}")
    for name, (given, *allowed) in modes.items():
        if given not in allowed:
            raise invalid_input(
                f"Router: {name} is {allowed[0]!r} or {allowed[1]!r}; got {given!r}"
            )
    if accept is not None and not callable(accept):
        raise invalid_input(f"accept is a function from a message to a bool; got {accept!r:.80}")
    if iscoroutinefunction(accept) or (accept is not None and iscoroutinefunction(accept.__call__)):
        raise invalid_input("accept is a plain function: what an async one returns is always true")
    if accept is not None and modes["commit"][0] != "finish":
        raise invalid_input(
            "accept can judge only what has not been shown: pass commit='finish' with it"
        )


def _together(name: str, infos: Sequence[ModelInfo]) -> ModelInfo:
    providers = {info.provider for info in infos}
    return ModelInfo(
        model=name,
        provider=providers.pop() if len(providers) == 1 else None,
        context_window=_largest([info.context_window for info in infos]),
        max_input_tokens=_largest([info.max_input_tokens for info in infos]),
        max_output_tokens=_largest([info.max_output_tokens for info in infos]),
        capabilities=Capabilities(
            **{
                name: _any([getattr(info.capabilities, name) for info in infos])
                for name in Capabilities.__struct_fields__
            }
        ),
    )


def _largest(values: Sequence[int | None]) -> int | None:
    return max([value for value in values if value is not None], default=None)


def _any(values: Sequence[bool | None]) -> bool | None:
    if True in values:
        return True
    return None if None in values else False
