"""Budgets: what is reserved, what is settled, and what is refused."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import anyio
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beluga.catalog import model_info, register_model
from beluga.effects import Effects
from beluga.errors import BudgetExhaustedError, InvalidInputError, ProviderDownError
from beluga.events import BudgetSettled, Event
from beluga.hooks import Hooks, with_hooks
from beluga.middleware.budget import Budget, price_of, with_budget
from beluga.middleware.cache import with_cache
from beluga.middleware.retry import with_retry
from beluga.registry import new
from beluga.schema import AIMessage, Failure, Finish, ModelInfo, Prices, Request, Usage
from beluga.testing import ScriptedModel, virtual_backends
from tests.doubles import FunctionModel, text

DOLLAR = Prices(input=1e6, output=1e6)  # a dollar for each token
INFO = ModelInfo(model="m", prices=DOLLAR)


def one(messages: Any, tools: Any) -> int:
    return 1


def billing(*usages: Usage | Exception) -> ScriptedModel:
    replies = [
        u if isinstance(u, Exception) else AIMessage("a", usage=u, finish_reason="stop")
        for u in usages
    ]
    return ScriptedModel(replies, info=INFO)


async def test_what_may_be_spent_is_spent_and_no_more() -> None:
    budget = with_budget(10, count=one)
    model = budget(billing(Usage(1, 2), Usage(1, 4), Usage(1, 1)))
    await model.generate("Hi", max_tokens=5)
    assert (budget.spent, budget.reserved, budget.remaining) == (3, 0, 7)
    await model.generate("Hi", max_tokens=5)
    with pytest.raises(BudgetExhaustedError, match=r"may cost 6 US dollars, .* left 2") as caught:
        await model.generate("Hi", max_tokens=5)
    assert (caught.value.local, caught.value.retryable) == (True, False)
    await model.generate("Hi", max_tokens=1)
    assert budget.spent == 10


async def test_a_window_makes_room_again() -> None:
    budget = with_budget(5, window=100, count=one)
    model = budget(billing(Usage(1, 2), Usage(1, 1), Usage(1, 3)))
    await model.generate("Hi", max_tokens=2)
    await anyio.sleep(60)
    await model.generate("Hi", max_tokens=1)
    with pytest.raises(BudgetExhaustedError) as caught:
        await model.generate("Hi", max_tokens=2)
    assert caught.value.retry_after == pytest.approx(40)
    await anyio.sleep(40)
    async with model.stream("Hi", max_tokens=2) as chunks:
        await chunks.message()
    assert budget.spent == 6
    await anyio.sleep(100)
    assert (budget.spent, budget.remaining) == (0, 5)  # without another request


def test_what_a_window_holds_can_be_read_when_no_loop_runs() -> None:
    budget = with_budget(5, window=100, count=one)
    options = virtual_backends()["asyncio"]
    model = budget(billing(Usage(1, 2))).with_options(max_tokens=2)
    anyio.run(model.generate, "Hi", backend="asyncio", backend_options=options)
    assert (budget.spent, budget.remaining) == (3, 2)


async def test_reservations_count_while_requests_are_under_way() -> None:
    budget = with_budget(5, count=one)
    model = budget(ScriptedModel([[60.0], [60.0]], info=INFO))
    async with model.stream("Hi", max_tokens=2):
        await anyio.wait_all_tasks_blocked()
        assert budget.reserved == 3
        with pytest.raises(BudgetExhaustedError):
            await model.generate("Hi", max_tokens=2)
    assert (budget.reserved, budget.spent) == (0, 1)  # its input, since nothing was emitted


async def test_a_cancelled_answer_costs_its_input_and_what_was_emitted() -> None:
    async def slow(request: Request, fx: Effects) -> Finish:
        await fx.emit(text("four" * 2))
        await anyio.sleep(60)
        return Finish("stop")

    budget = Budget(100, prices=DOLLAR, count=one)
    with anyio.move_on_after(1):
        await budget(FunctionModel(slow)).generate("Hi", max_tokens=50)
    assert (budget.spent, budget.reserved) == (3, 0)


async def test_what_was_refused_here_costs_nothing() -> None:
    async def refuse(request: Request, fx: Effects) -> Finish:
        raise ProviderDownError(Failure("provider_unavailable", "open breaker", local=True))

    budget = Budget(100, prices=DOLLAR, count=one)
    with pytest.raises(ProviderDownError):
        await budget(FunctionModel(refuse)).generate("Hi", max_tokens=50)
    assert budget.remaining == 100


async def test_what_the_provider_reports_wins() -> None:
    answer = AIMessage("a", usage=Usage(1, 1), finish_reason="stop", metadata={"cost": 0.25})
    budget = with_budget(10, count=one)
    events: list[Event] = []
    model = with_hooks(Hooks(on_event=events.append))(budget(ScriptedModel([answer], info=INFO)))
    await model.generate("Hi", max_tokens=2)
    assert budget.spent == 0.25
    assert BudgetSettled(3.0, 0.25, 9.75) in events


async def test_the_catalogues_prices_hold_where_none_are_given() -> None:
    answer = AIMessage("a", usage=Usage(1000, 500, cached_tokens=400), finish_reason="stop")
    info = model_info("openai:gpt-5-mini")  # $0.25 and $2, cached $0.025
    budget = with_budget(0.01, count=lambda messages, tools: 1000)
    events: list[Event] = []
    model = with_hooks(Hooks(on_event=events.append))(budget(ScriptedModel([answer], info=info)))
    await model.generate("Hi", max_tokens=1000)
    (settled,) = [event for event in events if isinstance(event, BudgetSettled)]
    assert settled.reserved == pytest.approx(0.00025 + 0.002)
    assert settled.cost == pytest.approx(0.00015 + 0.00001 + 0.001)
    assert budget.spent == pytest.approx(settled.cost)


async def test_prices_that_are_given_go_before_the_catalogues() -> None:
    answer = AIMessage("a", usage=Usage(10, 5), finish_reason="stop")
    info = model_info("openai:gpt-5-mini")
    budget = with_budget(100, prices=DOLLAR, count=one)
    message = await budget(ScriptedModel([answer], info=info)).generate("Hi", max_tokens=5)
    assert budget.spent == 15
    assert message.cost == pytest.approx(12.5e-6)


async def test_what_is_known_of_one_attempt_does_not_hide_another() -> None:
    broken = ProviderDownError(Failure("provider_unavailable", "gone", retryable=True))
    told = AIMessage("a", usage=Usage(2, 3), finish_reason="stop", metadata={"cost": 20.0})
    budget = with_budget(100, count=lambda messages, tools: 7)
    scripted = ScriptedModel([broken, told], info=INFO)
    await budget(with_retry()(scripted)).generate("Hi", max_tokens=5)
    assert budget.spent == 7 + 20


async def test_what_comes_out_of_a_cache_costs_nothing() -> None:
    budget = with_budget(100, count=one)
    model = budget(with_cache()(billing(Usage(2, 3))))
    await model.generate("Hi", max_tokens=5)
    await model.generate("Hi", max_tokens=5)
    assert (budget.spent, budget.reserved) == (5, 0)


def test_a_long_prompt_has_its_own_price() -> None:
    prices = model_info("google:gemini-2.5-pro").prices
    assert price_of(Usage(200_000, 0), prices) == pytest.approx(0.25)
    assert price_of(Usage(400_000, 1000), prices) == pytest.approx(1.0 + 0.015)


def test_a_model_that_is_registered_needs_no_prices() -> None:
    with pytest.raises(InvalidInputError, match="register_model"):
        with_budget(1)(new("mock:budgeted"))
    register_model(ModelInfo(model="budgeted", provider="mock", prices=Prices(input=1, output=1)))
    with_budget(1)(new("mock:budgeted"))


def test_cached_input_has_its_own_price() -> None:
    prices = Prices(input=2, output=8, cached=0.5, cache_write=4)
    usage = Usage(1_000_000, 500_000, cached_tokens=400_000, cache_write_tokens=100_000)
    assert price_of(usage, prices) == pytest.approx(0.5 * 2 + 0.4 * 0.5 + 0.1 * 4 + 0.5 * 8)
    assert price_of(usage, Prices(input=2, output=8)) == pytest.approx(6)


def test_unknown_prices_and_wrong_amounts_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="prices"):
        with_budget(1)(ScriptedModel([]))
    for wrong in (0, -1, math.nan, math.inf):
        with pytest.raises(InvalidInputError, match="dollars"):
            with_budget(wrong)
        with pytest.raises(InvalidInputError, match="window"):
            with_budget(1, window=wrong)


class Call(msgspec.Struct, frozen=True):
    """When a call comes, what its output is and may be, how long it takes, and when it is left."""

    after: float
    expected: int
    output: int
    takes: float
    cancelled_after: float | None


CALLS = st.lists(
    st.builds(
        Call,
        after=st.sampled_from([0.0, 1.0, 50.0]),
        expected=st.integers(1, 9),
        output=st.integers(0, 12),
        takes=st.sampled_from([0.0, 5.0, 70.0]),
        cancelled_after=st.none() | st.sampled_from([0.0, 3.0, 60.0]),
    ),
    max_size=10,
)


async def run(calls: list[Call], at_once: bool, window: float | None) -> None:
    budget = Budget(30, prices=DOLLAR, window=window, count=one)
    spent: list[tuple[float, float]] = []
    errors: list[tuple[float, float, float]] = []

    async def answer(request: Request, fx: Effects) -> Finish:
        call = calls[int(request.messages[0].text)]
        began = fx.clock.now()
        try:
            await anyio.sleep(call.takes)
        except BaseException:
            spent.append((fx.clock.now(), 1))
            raise
        spent.append((fx.clock.now(), 1 + call.output))
        errors.append((began, fx.clock.now(), max(0, call.output - call.expected)))
        return Finish("stop", usage=Usage(1, call.output))

    model = budget(FunctionModel(answer))

    async def ask(number: int, call: Call) -> None:
        with anyio.move_on_after(call.cancelled_after):
            with contextlib.suppress(BudgetExhaustedError):
                await model.generate(str(number), max_tokens=call.expected)

    async with anyio.create_task_group() as tasks:
        for number, call in enumerate(calls):
            await anyio.sleep(call.after)
            if at_once:
                tasks.start_soon(ask, number, call)
            else:
                await ask(number, call)
            await anyio.wait_all_tasks_blocked()
    assert budget.reserved == 0
    span = math.inf if window is None else window
    for end, _ in spent:
        total = sum([cost for time, cost in spent if end - span < time <= end])
        wrong = [error for _, time, error in errors if end - span < time <= end]
        if at_once:
            assert total <= 30 + sum(wrong)
        else:
            assert total <= 30 + max(wrong, default=0)  # of one request's estimate


@settings(max_examples=100, deadline=None)
@given(CALLS, st.booleans(), st.none() | st.just(100.0))
def test_never_overspent_by_more_than_an_estimates_error(
    calls: list[Call], at_once: bool, window: float | None
) -> None:
    for name, options in virtual_backends().items():
        anyio.run(run, calls, at_once, window, backend=name, backend_options=options)
