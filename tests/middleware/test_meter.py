"""What a request takes of a limit or a budget, whatever its attempts told of themselves."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beluga.effects import Effects
from beluga.errors import ModelError, error_for
from beluga.events import Attempted, AttemptEnded, RateWindow
from beluga.middleware import with_budget, with_limits, with_retry
from beluga.middleware.estimates import OutputEstimate
from beluga.model import ChatModel
from beluga.schema import (
    AIMessage,
    Emission,
    Failure,
    Finish,
    ModelInfo,
    PartDone,
    Prices,
    ReasoningDelta,
    Request,
    Restarted,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
)
from beluga.stores import MemoryLimits, ProviderLimits, Refusal, Reservation
from beluga.testing import ScriptedModel
from tests.doubles import FunctionModel, text
from tests.middleware.stage import down

PROMPT = 10
BEGUN = Attempted("p", "m")
STOP = Finish("stop")


class Noting(MemoryLimits):
    """Limits that write down what every request was settled to; nothing, if it was released."""

    def __init__(self) -> None:
        super().__init__()
        self.reserved: list[int] = []
        self.settled: list[int | None] = []

    async def reserve(self, key: str, limits: ProviderLimits, tokens: int) -> Reservation | Refusal:
        self.reserved.append(tokens)
        return await super().reserve(key, limits, tokens)

    async def settle(self, reservation: Reservation, tokens: int) -> None:
        self.settled.append(tokens)
        await super().settle(reservation, tokens)

    async def release(self, reservation: Reservation) -> None:
        self.settled.append(None)
        await super().release(reservation)


async def taken(model: ChatModel, *, seconds: float = math.inf) -> int | None:
    """Ask under a limit, for so long, and return what the request was settled to."""
    store = Noting()
    limited = with_limits(ProviderLimits(), store=store, count=lambda m, t: PROMPT)(model)
    with anyio.move_on_after(seconds):
        with contextlib.suppress(ModelError):
            await limited.generate("Hi", max_tokens=100)
    [settled] = store.settled
    return settled


def ended(usage: Usage = Usage(), failure: Failure | None = None) -> AttemptEnded:
    return AttemptEnded("p", "m", usage, 1.0, None, failure)


def telling(*events: Any, finish: Finish | ModelError = STOP) -> ChatModel:
    """Tell these events and emit these chunks, and end so."""

    async def answer(request: Request, fx: Effects) -> Finish:
        for event in events:
            if isinstance(event, list):
                await fx.emit(event)
            else:
                fx.notify(event)
        if isinstance(finish, ModelError):
            raise finish
        return finish

    return FunctionModel(answer)


LOCAL = error_for(Failure("guard_blocked", "no", local=True))
FORTY: list[Emission] = [
    TextDelta("t" * 16),
    ReasoningDelta("r" * 8),
    ToolCallDelta(0, "id is not counted", "name"),
    ToolCallDelta(0, arguments="a" * 12),
    PartDone(0, ToolCall("id", "name", "a" * 12)),
]
"""Forty characters, ten tokens; the whole part says again what its pieces have said."""


@pytest.mark.parametrize(
    ("model", "tokens"),
    [
        (telling(finish=Finish("stop", usage=Usage(7, 5, 12))), 12),
        (telling(FORTY), PROMPT + 10),
        (telling(FORTY, finish=Finish("stop", usage=Usage(7))), 7 + 10),
        (telling(FORTY, finish=Finish("stop", usage=Usage(None, 3))), PROMPT + 3),
        (telling(FORTY, finish=down()), PROMPT + 10),
        (telling(FORTY, [Restarted(down().failure)], FORTY, finish=down()), PROMPT + 20),
        # Two attempts inside: each has sent the prompt; what one of them told is taken as told.
        (telling(BEGUN, ended(), BEGUN, ended(), finish=down()), 2 * PROMPT),
        (telling(BEGUN, ended(), BEGUN, ended(Usage(7, 5, 12))), PROMPT + 7 + 5),
        (telling(BEGUN, ended(Usage(7, 5)), BEGUN, ended(Usage(7, 6))), 14 + 11),
        # What was refused on this side took nothing, unless something had been sent before.
        (telling(finish=LOCAL), None),
        (telling(FORTY, finish=LOCAL), PROMPT + 10),
        (telling(BEGUN, ended(Usage(7, 5, 12)), finish=LOCAL), 12),
        # An attempt that somebody else had begun ends here.
        (telling(ended(Usage(7, 5, 12))), 12),
        (telling(ended()), PROMPT),
    ],
)
async def test_what_a_request_took(model: ChatModel, tokens: int | None) -> None:
    assert await taken(model) == tokens


async def test_what_a_cancelled_request_took() -> None:
    async def answer(request: Request, fx: Effects) -> Finish:
        fx.notify(BEGUN)
        fx.notify(ended(Usage(7, 5, 12), down().failure))
        fx.notify(BEGUN)
        await fx.emit(FORTY)
        await anyio.sleep(60)
        return Finish("stop")

    assert await taken(FunctionModel(answer), seconds=5) == 7 + PROMPT + 10


async def test_every_attempt_of_a_retry_inside_counts() -> None:
    answer = AIMessage("a", usage=Usage(8, 3, 11), finish_reason="stop")
    model = with_retry(base=0)(ScriptedModel([down(), down(), answer]))
    assert await taken(model) == 2 * PROMPT + 11


async def test_only_whole_answers_teach_how_long_answers_are() -> None:
    store = Noting()
    limit = with_limits(ProviderLimits(), store=store, count=lambda m, t: PROMPT)
    whole = AIMessage("a", usage=Usage(10, 50, 60), finish_reason="stop")
    broken = [*text("x" * 4000), down()]
    model = limit(ScriptedModel([whole, broken] * 20 + [whole]))
    for _ in range(20):
        await model.generate("Hi")
        with pytest.raises(ModelError):
            await model.generate("Hi")
    await model.generate("Hi")
    assert store.reserved[-1] == PROMPT + 50


async def test_a_budget_learns_how_long_answers_are() -> None:
    info = ModelInfo(model="m", prices=Prices(input=1e6, output=1e6))
    answers = [AIMessage("a", usage=Usage(1, 5, 6), finish_reason="stop")] * 21
    budget = with_budget(10_000, count=lambda m, t: 1)
    model = budget(ScriptedModel([*answers, [60.0]], info=info))
    for _ in answers:
        await model.generate("Hi")
    async with model.stream("Hi"):
        await anyio.wait_all_tasks_blocked()
        assert budget.reserved == 1 + 5


async def test_a_budget_knows_what_cached_input_costs() -> None:
    prices = Prices(input=1e6, output=1e6, cached=0.25e6, cache_write=2e6)
    usage = Usage(10, 1, 11, cached_tokens=4, cache_write_tokens=3)
    for model in (
        ScriptedModel([AIMessage("a", usage=usage, finish_reason="stop")]),
        telling(finish=Finish("stop", usage=usage)),
        telling(BEGUN, ended(usage)),
    ):
        budget = with_budget(1000, prices=prices)
        await budget(model).generate("Hi", max_tokens=50)
        assert budget.spent == 3 + 4 * 0.25 + 3 * 2 + 1


async def test_of_several_attempts_a_budget_adds_what_each_has_cost() -> None:
    first = AttemptEnded("p", "m", Usage(1, 1, 2), 1.0, cost=0.5)
    second = AttemptEnded("p", "m", Usage(1, 1, 2), 1.0, cost=0.25)
    budget = with_budget(10, prices=Prices(input=1, output=1))
    finish = Finish("stop", metadata={"cost": 0.25})
    await budget(telling(BEGUN, first, BEGUN, second, finish=finish)).generate("Hi")
    assert budget.spent == 0.75


async def test_a_budget_believes_a_model_that_tells_of_no_attempts() -> None:
    budget = with_budget(10, prices=Prices(input=1e6, output=1e6))
    finish = Finish("stop", usage=Usage(1, 1, 2), metadata={"cost": 0.25})
    await budget(telling(finish=finish)).generate("Hi", max_tokens=1)
    assert budget.spent == 0.25


async def test_would_wait_depends_on_those_who_wait() -> None:
    limit = with_limits(ProviderLimits(max_concurrent=1))
    model = limit(ScriptedModel([[10.0], [10.0]]))
    async with model.stream("Hi"), model.stream("Hi"):
        await anyio.wait_all_tasks_blocked()
        assert limit.waiting == 1
        assert await limit.would_wait() == math.inf


async def test_would_wait_overtakes_nobody() -> None:
    limit = with_limits(ProviderLimits(tpm=1000), count=lambda m, t: 0)
    model = limit(ScriptedModel([[1.0, *text("a"), Finish("stop", usage=Usage(0, 300))], "b"]))
    await model.generate("Hi", max_tokens=300)
    assert await limit.would_wait(10) == 0
    async with model.stream("Hi", max_tokens=800):
        await anyio.wait_all_tasks_blocked()
        assert limit.waiting == 1
        assert await limit.would_wait(10) == math.inf  # there is room, but others were first
    assert await limit.would_wait(10) == 0


async def test_what_was_never_sent_leaves_the_providers_own_limit_as_it_was() -> None:
    store = MemoryLimits()
    limits = ProviderLimits()
    await store.learn("k", [RateWindow("requests", 10, 1, 30.0)])
    for _ in range(3):
        got = await store.reserve("k", limits, 5)
        assert isinstance(got, Reservation)
        await store.release(got)
    assert isinstance(await store.reserve("k", limits, 5), Reservation)
    assert isinstance(await store.reserve("k", limits, 5), Refusal)


def oracle(answers: list[int]) -> int:
    """The 90th percentile of the last 128, each weighing half as much 32 answers later."""
    last = answers[-128:]
    weights = [2 ** (-age / 32) for age in range(len(last))][::-1]
    ranked = sorted(zip(last, weights, strict=True))
    reached = 0.0
    for tokens, weight in ranked:
        reached += weight
        if reached >= 0.9 * sum(weights) - 1e-9:
            return tokens
    return ranked[-1][0]


@given(st.lists(st.integers(0, 5000), max_size=300))
def test_the_expected_length_is_a_decayed_percentile(answers: list[int]) -> None:
    estimate = OutputEstimate()
    for number, tokens in enumerate(answers, start=1):
        estimate.observe(tokens)
        if number < 20:
            assert estimate.tokens == 1024
        elif number <= 128 or number % 8 == 0:
            assert abs(_rank(answers[:number], estimate.tokens)) <= 1


@pytest.mark.parametrize(("newer", "expected"), [(60, 1000), (100, 10)])
def test_longer_answers_are_forgotten_by_halves(newer: int, expected: int) -> None:
    """With a half-life of 32 answers, those before the last 60 weigh 22 %, before 100 6 %."""
    estimate = OutputEstimate()
    for tokens in [1000] * 64 + [10] * newer:
        estimate.observe(tokens)
    assert estimate.tokens == expected


def _rank(answers: list[int], tokens: int) -> int:
    """How many places *tokens* lies from the oracle's choice among the last answers."""
    ranked = sorted(set(answers[-128:]))
    return ranked.index(tokens) - ranked.index(oracle(answers))
