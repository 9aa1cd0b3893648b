"""Limits: who waits, for how long, what is reserved and what is settled."""

from __future__ import annotations

import itertools
import math
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest

from beluga.effects import Effects
from beluga.errors import InvalidInputError, ModelTimeoutError, RateLimitError
from beluga.events import AttemptEnded, Event, RateLimits, RateWindow, WaitedForLimit
from beluga.hooks import Hooks, with_hooks
from beluga.middleware.estimates import OutputEstimate, input_tokens
from beluga.middleware.limits import with_limits
from beluga.schema import Failure, Finish, HumanMessage, Request, Usage
from beluga.stores import MemoryLimits, ProviderLimits, Refusal
from beluga.testing import ScriptedModel
from tests.doubles import Endless, FunctionModel, text


def clocked(log: list[float], seconds: float = 0.0, usage: Usage = Usage(1, 1, 2)) -> FunctionModel:
    """Answer after so many seconds, and write down when each call began."""

    async def answer(request: Request, fx: Effects) -> Finish:
        log.append(fx.clock.now())
        await anyio.sleep(seconds)
        return Finish("stop", usage=usage)

    return FunctionModel(answer)


async def at_once(*calls: Callable[[], Awaitable[Any]]) -> None:
    async with anyio.create_task_group() as tasks:
        for call in calls:
            tasks.start_soon(call)


async def test_requests_wait_for_the_minute() -> None:
    log: list[float] = []
    model = with_limits(ProviderLimits(rpm=2))(clocked(log))
    start = anyio.current_time()
    for _ in range(5):
        await model.generate("Hi")
    assert [round(t - start) for t in log] == [0, 0, 60, 60, 120]


async def test_one_limit_for_all_models_it_is_put_on() -> None:
    log: list[float] = []
    limit = with_limits(ProviderLimits(rpm=1))
    start = anyio.current_time()
    for model in (limit(clocked(log)), limit(clocked(log))):
        await model.generate("Hi")
    assert [round(t - start) for t in log] == [0, 60]


async def test_as_many_at_once_as_are_allowed() -> None:
    log: list[float] = []
    model = with_limits(ProviderLimits(max_concurrent=2))(clocked(log, 10))
    start = anyio.current_time()
    await at_once(*[lambda: model.generate("Hi")] * 5)
    assert [round(t - start) for t in log] == [0, 0, 10, 10, 20]


async def test_a_stream_holds_its_slot_until_its_block_ends() -> None:
    answer = Endless()
    model = with_limits(ProviderLimits(max_concurrent=1))(FunctionModel(answer))
    other = ScriptedModel(["a"])
    limited = model._limiter(other)
    async with model.stream("Hi") as chunks:
        await anext(aiter(chunks))
        with anyio.move_on_after(5) as scope:
            await limited.generate("Hi")
        assert scope.cancelled_caught
        assert other.requests == []
    assert answer.cleaned
    assert (await limited.generate("Hi")).text == "a"


async def test_limits_that_share_a_store_and_a_key_are_one() -> None:
    store, log = MemoryLimits(), list[float]()
    limits = ProviderLimits(max_concurrent=1)
    models = [with_limits(limits, store=store)(clocked(log, 5.0)) for _ in range(2)]
    start = anyio.current_time()
    await at_once(*[lambda model=model: model.generate("Hi") for model in models * 2])
    begun = [time - start for time in log]
    assert begun[0] == 0
    # Who waits for somebody else's request looks again now and then.
    assert all(5 <= b - a <= 6 for a, b in itertools.pairwise(begun))
    assert len(begun) == 4


async def test_a_stream_that_is_never_entered_takes_nothing() -> None:
    model = with_limits(ProviderLimits(max_concurrent=1))(ScriptedModel(["a"]))
    model.stream("Hi")
    assert (await model.generate("Hi")).text == "a"


async def test_tokens_are_reserved_with_max_tokens_and_settled_to_the_bill() -> None:
    log: list[float] = []
    limits = ProviderLimits(tpm=1000)
    model = with_limits(limits, count=lambda m, t: 100)(clocked(log, usage=Usage(80, 20, 100)))
    start = anyio.current_time()
    for _ in range(9):
        await model.generate("Hi", max_tokens=200)
    # 300 are reserved, 100 used: the ninth does not fit before the first has left the window
    assert [round(t - start) for t in log] == [0] * 8 + [60]


async def test_without_max_tokens_the_estimate_is_reserved() -> None:
    reserved: list[int] = []

    class Noting(MemoryLimits):
        async def reserve(self, key: str, limits: ProviderLimits, tokens: int) -> Any:
            reserved.append(tokens)
            return await super().reserve(key, limits, tokens)

    limit = with_limits(ProviderLimits(tpm=10**6), store=Noting(), count=lambda m, t: 10)
    model = limit(clocked([], usage=Usage(10, 50, 60)))
    for _ in range(21):
        await model.generate("Hi")
    assert reserved == [1034] * 20 + [60]


async def test_an_estimate_makes_nothing_impossible_but_max_tokens_does() -> None:
    model = with_limits(ProviderLimits(tpm=500), count=lambda m, t: 100)(clocked([]))
    await model.generate("Hi")
    with pytest.raises(RateLimitError, match="lower max_tokens") as caught:
        await model.generate("Hi", max_tokens=401)
    assert (caught.value.local, caught.value.retryable) == (True, False)
    limit = with_limits(ProviderLimits(tpm=99), count=lambda m, t: 100)
    with pytest.raises(RateLimitError, match="make it shorter"):
        await limit(clocked([])).generate("Hi")


async def test_a_cancelled_answer_is_settled_to_input_and_what_was_emitted() -> None:
    settled: list[int] = []

    class Noting(MemoryLimits):
        async def settle(self, reservation: Any, tokens: int) -> None:
            settled.append(tokens)
            await super().settle(reservation, tokens)

    async def slow(request: Request, fx: Effects) -> Finish:
        await fx.emit(text("four" * 25))
        await anyio.sleep(100)
        return Finish("stop")

    limit = with_limits(ProviderLimits(tpm=5000), store=Noting(), count=lambda m, t: 30)
    with anyio.move_on_after(1):
        await limit(FunctionModel(slow)).generate("Hi")
    async with limit(FunctionModel(slow)).stream("Hi") as chunks:
        await anext(aiter(chunks))
    assert settled == [55, 55]


async def test_what_was_refused_here_takes_nothing() -> None:
    refused = RateLimitError(Failure("rate_limit", "breaker", local=True))

    async def refuse(request: Request, fx: Effects) -> Finish:
        raise refused

    model = with_limits(ProviderLimits(rpm=1))(FunctionModel(refuse))
    start = anyio.current_time()
    for _ in range(3):
        with pytest.raises(RateLimitError):
            await model.generate("Hi")
    assert anyio.current_time() == start


@pytest.mark.parametrize(("hint", "seconds"), [(None, 7), (3.0, 3), (20.0, 20)])
async def test_a_429_opens_a_cooldown_and_a_hint_wins(hint: float | None, seconds: int) -> None:
    error = RateLimitError(Failure("rate_limit", "slow down", retry_after=hint, retryable=True))
    model = with_limits(ProviderLimits(cooldown_on_retry=7))(ScriptedModel([error, "a"]))
    with pytest.raises(RateLimitError):
        await model.generate("Hi")
    start = anyio.current_time()
    assert (await model.generate("Hi")).text == "a"
    assert anyio.current_time() - start == pytest.approx(seconds)


async def test_the_providers_headers_count() -> None:
    async def telling(request: Request, fx: Effects) -> Finish:
        fx.notify(RateLimits("p", "m", (RateWindow("requests", 1, 0, 30.0),)))
        await fx.emit(text("a"))
        await anyio.sleep(5)
        return Finish("stop")

    model = with_limits(ProviderLimits())(FunctionModel(telling))
    start = anyio.current_time()
    await model.generate("Hi")
    await model.generate("Hi")
    assert anyio.current_time() - start == pytest.approx(30 + 5)


async def test_waiting_is_an_event_and_no_part_of_the_attempt() -> None:
    events: list[Event] = []
    limit = with_limits(ProviderLimits(rpm=1))
    model = with_hooks(Hooks(on_event=events.append))(limit(ScriptedModel(["a", "b"])))
    await model.generate("Hi")
    await model.generate("Hi")
    [waited] = [event for event in events if isinstance(event, WaitedForLimit)]
    assert waited.seconds == pytest.approx(60)
    assert [e.seconds for e in events if isinstance(e, AttemptEnded)] == [0, 0]


async def test_max_wait_refuses_at_once_what_would_take_longer() -> None:
    limit = with_limits(ProviderLimits(rpm=1), max_wait=59)
    model = limit(ScriptedModel(["a"]))
    await model.generate("Hi")
    start = anyio.current_time()
    with pytest.raises(RateLimitError) as caught:
        await model.generate("Hi")
    assert anyio.current_time() == start
    assert caught.value.retry_after == pytest.approx(60)
    assert caught.value.local
    assert caught.value.retryable
    assert limit.waiting == 0


async def test_max_wait_of_those_behind_others() -> None:
    limit = with_limits(ProviderLimits(max_concurrent=1), max_wait=5)
    slow = limit(clocked([], 100))
    failures: list[float] = []

    async def late() -> None:
        with pytest.raises(RateLimitError):
            await slow.generate("Hi")
        failures.append(anyio.current_time() - start)

    async def first() -> None:
        await slow.generate("Hi")

    start = anyio.current_time()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(first)
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(late)
        tasks.start_soon(late)
    assert failures == [pytest.approx(5)] * 2


async def test_a_wait_beyond_the_deadline_is_not_begun() -> None:
    model = with_limits(ProviderLimits(rpm=1))(ScriptedModel(["a"]))
    await model.generate("Hi")
    start = anyio.current_time()
    with pytest.raises((RateLimitError, ModelTimeoutError)):
        await model.generate("Hi", timeout=10.0)
    assert anyio.current_time() == start


async def test_would_wait_tells_and_takes_nothing() -> None:
    limit = with_limits(ProviderLimits(rpm=1, tpm=1000, max_concurrent=1))
    model = limit(clocked([], 10))
    for _ in range(3):
        assert await model.would_wait() == 0
        assert await model.would_wait(Request((HumanMessage("Hi"),))) == 0
    await model.generate("Hi")
    assert await model.would_wait() == pytest.approx(50)
    await anyio.sleep(50)
    assert await limit.would_wait(10**6) == math.inf


async def test_a_failing_store_leaves_nobody_in_line() -> None:
    class Broken(MemoryLimits):
        broken = True

        async def reserve(self, key: str, limits: ProviderLimits, tokens: int) -> Any:
            await anyio.sleep(1)
            if self.broken:
                raise OSError("gone")
            return await super().reserve(key, limits, tokens)

    store = Broken()
    limit = with_limits(ProviderLimits(rpm=1), store=store)
    with pytest.raises(OSError, match="gone"):
        await limit(ScriptedModel(["a"])).generate("Hi")
    store.broken = False
    assert (await limit(ScriptedModel(["a"])).generate("Hi")).text == "a"
    assert isinstance(await store.reserve("limits", limit.limits, 0), Refusal)


@pytest.mark.parametrize(
    "wrong",
    [
        {"rpm": 0},
        {"tpm": -1},
        {"max_concurrent": 0},
        {"rpm": 1.5},
        {"rpm": True},
        {"cooldown_on_retry": -1},
        {"cooldown_on_retry": math.nan},
    ],
)
def test_wrong_limits_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match=next(iter(wrong))):
        ProviderLimits(**wrong)


def test_a_wrong_max_wait_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="max_wait"):
        with_limits(ProviderLimits(), max_wait=-1)


def test_an_estimate_follows_newer_answers() -> None:
    estimate = OutputEstimate()
    assert estimate.tokens == 1024
    for tokens in range(1, 101):
        estimate.observe(tokens)
    assert 90 < estimate.tokens <= 100  # newer ones, which are longer, weigh more
    for _ in range(128):
        estimate.observe(7)
    assert estimate.tokens == 7


async def test_a_prompt_is_counted_as_its_model_counts() -> None:
    request = Request((HumanMessage("What is the capital of France?"),))
    for name, tokens in (("gpt-4o", 14), ("o3-mini", 13), ("claude-sonnet-4-5", 14)):
        model = ScriptedModel([], model_id=name)
        assert await input_tokens(request, model, None) == tokens
    assert await input_tokens(request, model, lambda messages, tools: len(messages)) == 1
