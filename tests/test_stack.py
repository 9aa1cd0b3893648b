"""The recommended stack: what stands where, and that each piece does its work there."""

from __future__ import annotations

import anyio
import pytest

import beluga
from beluga.context import ContextManager
from beluga.errors import GuardBlockedError, InvalidInputError, RateLimitError
from beluga.events import Event
from beluga.flows.retry import RetryPolicy
from beluga.hooks import Hooks
from beluga.middleware import Patterns, with_cache, with_guardrails, with_limits, with_retry
from beluga.model import ChatModel, Wrapper
from beluga.routing import Candidate, CostOptimized, FailoverChain, Router
from beluga.schema import AIMessage, Failure, HumanMessage, Message
from beluga.stores import MemoryStore, ProviderLimits
from tests.middleware.stage import DOWN, SLOW, ask
from tests.routing.stage import broken, model, routed, said

BOTH_WAYS = pytest.mark.parametrize("streaming", [False, True], ids=["call", "stream"])


def layers(model: ChatModel) -> list[str]:
    """The classes from the outside in."""
    names = [type(model).__name__.strip("_")]
    while isinstance(model, Wrapper):
        model = model.inner
        names.append(type(model).__name__.strip("_"))
    return names


def test_the_order_is_the_recommended_one() -> None:
    one, two = model("one"), model("two")
    everything = {
        "limits": ProviderLimits(rpm=9),
        "retry": 2,
        "cache": MemoryStore(),
        "guardrails": [Patterns("x")],
        "context": ContextManager(),
        "hooks": Hooks(),
    }
    stack = beluga.standard(one, two, strategy=FailoverChain(), **everything)
    assert layers(stack) == ["Hooked", "Guardrails", "Cached", "Router"]
    alone = beluga.standard(one, **everything)
    assert layers(alone) == [
        "Hooked", "Guardrails", "Cached", "Fitting", "Broken", "Retrying", "Limited",
        "ScriptedModel",
    ]  # fmt: skip
    router = beluga.standard(one, two, **everything).inner.inner.inner
    assert isinstance(router, Router)
    for candidate in router.candidates:
        assert layers(candidate.model) == ["Retrying", "Limited", "ScriptedModel"]


def test_what_is_not_asked_for_is_not_there() -> None:
    assert layers(beluga.standard(model("a"), retry=None)) == ["Broken", "ScriptedModel"]
    assert layers(beluga.standard(model("a"), model("b"))) == ["Router"]
    assert layers(beluga.standard(Candidate(model("a")))) == ["Router"]
    assert layers(beluga.standard(model("a"), strategy=CostOptimized())) == ["Router"]


def test_a_candidate_stays_what_it_was_told_to_be() -> None:
    mine = Candidate(model("m"), name="mine", quality=0.9, tags=["eu"], weight=2.0)
    router = beluga.standard(mine, model("b"), limits=ProviderLimits(rpm=1))
    assert isinstance(router, Router)
    found = router.candidates[0]
    assert (found.name, found.quality, found.tags, found.weight) == ("mine", 0.9, ("eu",), 2.0)
    assert router.model_id == "mine|b"


@BOTH_WAYS
async def test_one_that_stumbles_is_tried_again_before_another_is_asked(streaming: bool) -> None:
    events: list[Event] = []
    stack = beluga.standard(
        model("a", broken(DOWN), said("a")), model("b"), strategy=FailoverChain()
    )
    assert (await ask(stack, streaming=streaming, events=events)).text == "a"
    assert routed(events) == ["a"]


@BOTH_WAYS
async def test_one_that_asks_for_time_is_left_for_another_at_once(streaming: bool) -> None:
    stack = beluga.standard(model("a", broken(SLOW)), model("b", said("b")), retry=3)
    started = anyio.current_time()
    assert (await ask(stack, streaming=streaming)).text == "b"
    assert anyio.current_time() == started


@BOTH_WAYS
async def test_one_alone_is_waited_for_and_fails_as_it_is(streaming: bool) -> None:
    started = anyio.current_time()
    stack = beluga.standard(model("a", broken(SLOW), said("a")))
    assert (await ask(stack, streaming=streaming)).text == "a"
    assert anyio.current_time() - started == pytest.approx(7.0)
    with pytest.raises(RateLimitError):
        await ask(beluga.standard(model("a", broken(SLOW)), retry=1), streaming=streaming)


@BOTH_WAYS
async def test_limits_are_each_models_own_and_are_waited_for_together(streaming: bool) -> None:
    stack = beluga.standard(
        model("a", said("a"), said("later")),
        model("b", said("b")),
        strategy=FailoverChain(),
        limits=ProviderLimits(rpm=1),
    )
    started = anyio.current_time()
    assert [(await ask(stack, streaming=streaming)).text for _ in range(2)] == ["a", "b"]
    assert anyio.current_time() == started
    assert (await ask(stack, streaming=streaming)).text == "later"
    assert anyio.current_time() - started == pytest.approx(60.0)


@BOTH_WAYS
async def test_a_limit_that_was_made_is_one_for_all(streaming: bool) -> None:
    limits = with_limits(ProviderLimits(rpm=1))
    stack = beluga.standard(
        model("a", said("a")), model("b", said("b")), limits=limits, max_wait=100
    )
    started = anyio.current_time()
    for _ in range(2):
        await ask(stack, streaming=streaming)
    assert anyio.current_time() - started == pytest.approx(60.0)


@BOTH_WAYS
async def test_a_tightened_guard_sees_cached_answers_too(streaming: bool) -> None:
    store = MemoryStore()
    models = [model("a", said("secret")), model("b")]
    stack = beluga.standard(*models, strategy=FailoverChain(), cache=store)
    assert (await ask(stack, streaming=streaming)).text == "secret"
    guarded = beluga.standard(
        *models, strategy=FailoverChain(), cache=store, guardrails=[Patterns("secret")]
    )
    with pytest.raises(GuardBlockedError):
        await ask(guarded, streaming=streaming)
    assert len(models[0].requests) == 1


async def test_the_context_is_fitted_to_each_model() -> None:
    history: list[Message] = []
    for _ in range(30):
        history += [HumanMessage("word " * 200), AIMessage("yes")]
    history.append(HumanMessage("Now?"))
    small = model("small", broken(Failure("timeout", "")), context_window=2000)
    large = model("large", said("x"), context_window=10**6)
    stack = beluga.standard(
        small, large, strategy=FailoverChain(), context=ContextManager("truncate"), retry=None
    )
    await stack.generate(history)
    assert len(small.requests[0].messages) < len(large.requests[0].messages) == len(history)
    alone = model("small", said("x"), context_window=2000)
    await beluga.standard(alone, context=ContextManager("truncate")).generate(history)
    assert len(alone.requests[0].messages) < len(history)


async def test_made_middleware_is_taken_as_it_is() -> None:
    seen: list[object] = []
    stack = beluga.standard(
        model("a", broken(DOWN), said("a")),
        retry=with_retry(2, base=0.0),
        cache=with_cache(),
        guardrails=with_guardrails(output=[Patterns("never")]),
        hooks=Hooks(before_generate=seen.append),
    )
    assert (await stack.generate("Hi")).text == "a"
    assert (await stack.generate("Hi")).text == "a"
    assert len(seen) == 2
    assert (await beluga.standard(model("a", said("x")), retry=RetryPolicy(1)).generate("Hi")).text


async def test_closing_it_closes_every_model() -> None:
    closed: list[str] = []

    class Closing(ChatModel):
        def __init__(self, name: str) -> None:
            self.name = name

        @property
        def model_id(self) -> str:
            return self.name

        async def respond(self, request, fx):
            raise AssertionError

        async def aclose(self) -> None:
            closed.append(self.name)

    async with beluga.standard(Closing("a"), Closing("b"), limits=ProviderLimits(rpm=1)):
        pass
    assert sorted(closed) == ["a", "b"]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (beluga.standard, "standard needs a model"),
        (lambda: beluga.standard("gpt"), "takes models and candidates; got 'gpt'"),
        (lambda: beluga.standard(model("a"), retry=0), "attempts counts the first"),
        (lambda: beluga.standard(model("a"), retry="often"), "retry is a middleware"),
        (lambda: beluga.standard(model("a"), limits=5), "limits is a middleware"),
        (lambda: beluga.standard(model("a"), guardrails=Patterns("x")), "guardrails is a"),
        (lambda: beluga.standard(model("a"), model("b"), max_wait=-1), "max_wait is a number"),
        (lambda: beluga.standard(*[model("a")] * 2), "'a' is a candidate twice"),
        (lambda: beluga.standard(model("a"), cache={}), "get, set and delete; got {}"),
        (lambda: beluga.standard(model("a"), context="adaptive"), "a ContextManager"),
        (lambda: beluga.standard(model("a"), hooks=print), "with_hooks takes Hooks"),
    ],
)
def test_what_is_wrong_is_said_at_once(make, text: str) -> None:
    with pytest.raises(InvalidInputError, match=text):
        make()
