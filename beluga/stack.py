"""The recommended stack: everything that may stand round models, in the order that works."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from beluga.context import with_context
from beluga.errors import invalid_input
from beluga.fitting import Fitter
from beluga.flows.retry import RetryPolicy
from beluga.hooks import Hooks, Middleware, apply_middleware, with_hooks
from beluga.middleware import with_breaker, with_cache, with_guardrails, with_limits, with_retry
from beluga.middleware.guards import Guard
from beluga.model import ChatModel
from beluga.routing import Candidate, Router, RouterStrategy
from beluga.routing.seat import seated
from beluga.stores import KeyValue, ProviderLimits

__all__ = ["standard"]

_IMPATIENT = 5.0
"""Seconds; where another model may be asked, one that asks to wait for longer is left alone."""


def standard(
    *models: ChatModel | Candidate,
    strategy: RouterStrategy | None = None,
    limits: ProviderLimits | Middleware | None = None,
    retry: int | RetryPolicy | Middleware | None = 3,
    cache: KeyValue | Middleware | None = None,
    guardrails: Iterable[Guard] | Middleware | None = None,
    context: Fitter | None = None,
    hooks: Hooks | None = None,
    max_wait: float = 60.0,
) -> ChatModel:
    """Return *models* as one, with what was asked for round them, in the recommended order.

    From the outside in: hooks, guardrails, cache, then the `Router` over all models, and round each
    model the fitting of the context, a rest after failures, retries, limits. So each attempt
    takes its own share of a limit, nothing retries round the router, and a guard sees cached
    answers too. One model alone gets a breaker, and no router.

    ```python
    model = beluga.standard(
        beluga.new("openai:gpt-5-mini"),
        beluga.new("anthropic:claude-haiku-4-5"),
        limits=ProviderLimits(rpm=500, tpm=200_000),
        context=ContextManager(),
    )
    ```

    Args:
        *models: Models, or candidates that say more of them; one at least.
        strategy: Who chooses among several; by default each in its turn.
        limits: Those of each model by itself; a middleware that you made is one limit for all.
        retry: How many attempts each model has at one answer, or how they are made; `None` or 1 for
            one. Of several models, one that asks for more than five seconds is not waited for,
            unless a policy of yours says so.
        cache: Where answers are kept, or a cache that you made; none by default.
        guardrails: Guards of what goes in and what comes out; or what you made of them.
        context: What makes conversations fit each model's window.
        hooks: What runs round every call.
        max_wait: Seconds to wait where all of several models are at their limits or left alone.

    Raises:
        InvalidInputError: There is no model, one is there twice, or a value is wrong.
    """
    if not models:
        raise invalid_input("standard needs a model: beluga.standard(model, …)")
    _check_wait(max_wait)
    inside = _given([_retries(retry, patient=len(models) == 1)])
    attempts = [_with(model, inside, limits) for model in models]
    outside = _given([None if hooks is None else with_hooks(hooks), _guards(guardrails)])
    outside += _given([_cache(cache)])
    single = attempts[0]
    if len(attempts) == 1 and isinstance(single, ChatModel) and strategy is None:
        fitting = None if context is None else with_context(context)
        return apply_middleware(single, *outside, *_given([fitting, with_breaker()]))
    # With retries round them, two wrappers of one model would pass for two models.
    seated(models, (), None)
    router = Router(attempts, strategy, context=context, max_wait=max_wait)
    return apply_middleware(router, *outside)


def _with(
    model: object, inside: Sequence[Middleware], limits: ProviderLimits | Middleware | None
) -> ChatModel | Candidate:
    """Put retries and limits round a model, which stays a candidate if it is one."""
    if isinstance(model, Candidate):
        wrapped = apply_middleware(model.model, *inside, *_given([_limits(limits, model.label)]))
        return msgspec.structs.replace(model, model=wrapped)
    if not isinstance(model, ChatModel):
        raise invalid_input(f"standard takes models and candidates; got {model!r:.80}")
    return apply_middleware(model, *inside, *_given([_limits(limits, model.model_id)]))


def _check_wait(seconds: object) -> None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds >= 0:
        raise invalid_input(
            f"standard: max_wait is a number of seconds, 0 or more; got {seconds!r:.80}"
        )


def _given(middleware: Iterable[Middleware | None]) -> list[Middleware]:
    return [one for one in middleware if one is not None]


def _limits(given: ProviderLimits | Middleware | None, name: str) -> Middleware | None:
    return (
        with_limits(given, key=name)
        if isinstance(given, ProviderLimits)
        else _made(given, "limits")
    )


def _retries(given: int | RetryPolicy | Middleware | None, *, patient: bool) -> Middleware | None:
    if isinstance(given, int):
        given = RetryPolicy(given) if patient else RetryPolicy(given, retry_after_cap=_IMPATIENT)
    if isinstance(given, RetryPolicy):
        return with_retry(given.attempts, given.base, given.cap, given.retry_after_cap)
    return _made(given, "retry")


def _cache(given: KeyValue | Middleware | None) -> Middleware | None:
    if given is None or callable(given):
        return given
    return with_cache(given)


def _guards(given: Iterable[Guard] | Middleware | None) -> Middleware | None:
    if isinstance(given, Iterable):
        guards = tuple(given)
        return with_guardrails(input=guards, output=guards)
    return _made(given, "guardrails")


def _made(given: Middleware | None, name: str) -> Middleware | None:
    if given is not None and not callable(given):
        raise invalid_input(
            f"standard: {name} is a middleware or what one is made of; got {given!r}"
        )
    return given
