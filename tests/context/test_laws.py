"""What holds of every strategy, over histories of every shape."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import takewhile

import anyio
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beluga import (
    AIMessage,
    ChatModel,
    ContextManager,
    ContextOverflowError,
    Effects,
    FactExtraction,
    Finish,
    Fitted,
    HumanMessage,
    Message,
    Request,
    Semantic,
    Sliding,
    Summarize,
    SystemMessage,
    TextDelta,
    ToolMessage,
    Truncate,
    tokenizer_for,
)
from beluga.context import Adaptive, ContextStrategy, is_synthetic
from beluga.context.counting import Counts
from tests.context.histories import Letters, chat, histories, trace
from tests.doubles import FunctionModel

Make = Callable[[], ContextStrategy]


async def sum_up(request: Request, fx: Effects) -> Finish:
    """Answer with something that grows with what is asked, as models do."""
    asked = request.messages[-1].text
    if "<facts>" in asked:
        text = json.dumps({"add": [f"There were {len(asked)} letters."], "remove": [1]})
    else:
        text = f"They spoke of {len(asked)} letters. " * (1 + len(asked) // 100)
    await fx.emit([TextDelta(text)])
    return Finish("stop")


def model() -> ChatModel:
    return FunctionModel(sum_up)


STRATEGIES: dict[str, Make] = {
    "truncate": Truncate,
    "truncate in small steps": lambda: Truncate(step=64),
    "sliding": Sliding,
    "sliding 3": lambda: Sliding(3),
    "semantic": Semantic,
    "adaptive": Adaptive,
    "adaptive with a model": lambda: Adaptive(model(), recent_turns=3),
    "summarize": lambda: Summarize(model()),
    "facts": lambda: FactExtraction(model()),
}
MONOTONE = ("truncate", "truncate in small steps", "sliding", "sliding 3")
COUNTER = Letters()

# Others add up only nearly: thoughts count while no person has spoken after them.
COUNTERS = [COUNTER, *[tokenizer_for(name) for name in ("gpt-5", "claude-sonnet-4-5")]]

every_strategy = pytest.mark.parametrize("make", STRATEGIES.values(), ids=STRATEGIES)
backends = st.sampled_from(["asyncio", "trio"])
budgets = st.integers(0, 3000) | st.integers(3000, 40_000)


def fit(
    make: Make,
    history: Sequence[Message],
    budget: int,
    *,
    counter: Counts = COUNTER,
    backend: str = "asyncio",
    keep_system: bool = True,
) -> Fitted | None:
    """Fit, on a loop of its own; `None` if it cannot be."""

    async def run() -> Fitted | None:
        manager = ContextManager(make(), tokenizer=counter, keep_system=keep_system)
        try:
            return await manager.fit(history, budget)
        except ContextOverflowError:
            return None

    return anyio.run(run, backend=backend)


def whole_history_of(messages: Sequence[Message]) -> dict[str, int]:
    """Return how many results each call has."""
    results: dict[str, int] = {}
    for message in messages:
        if isinstance(message, ToolMessage):
            results[message.tool_call_id] = results.get(message.tool_call_id, 0) + 1
    return results


@every_strategy
@given(history=histories(), budget=budgets, backend=backends, counter=st.sampled_from(COUNTERS))
def test_the_laws(
    make: Make, history: list[Message], budget: int, backend: str, counter: Counts
) -> None:
    before = msgspec.json.encode(history)
    fitted = fit(make, history, budget, counter=counter, backend=backend)
    assert msgspec.json.encode(history) == before
    total = counter.count_messages(history)
    if fitted is None:
        assert total > budget
        return
    kept = fitted.messages
    assert fitted.tokens == counter.count_messages(kept) <= budget
    if total <= budget:
        assert kept is history
        assert fitted.dropped == 0
        return
    assert kept
    assert_ordered(kept, history)
    assert_kept_whole(kept, history)
    assert_pinned(kept, history)
    assert_opening(kept, history)
    again = fit(make, kept, budget, counter=counter, backend=backend)
    assert again is not None
    assert again.messages is kept


def assert_ordered(kept: Sequence[Message], history: Sequence[Message]) -> None:
    """What is kept is the history's, in its order, or marked."""
    places = {id(message): place for place, message in enumerate(history)}
    own = [places[id(message)] for message in kept if id(message) in places]
    assert own == sorted(set(own))
    made = [message for message in kept if id(message) not in places]
    assert all(is_synthetic(message) for message in made)
    told = [message for message in made if isinstance(message, HumanMessage)]
    assert len(told) <= 1
    opening = [*takewhile(lambda message: isinstance(message, SystemMessage), kept)]
    assert all(kept[len(opening)] is message for message in told)


def assert_kept_whole(kept: Sequence[Message], history: Sequence[Message]) -> None:
    """A call has as many results as it had, after it."""
    results, had = whole_history_of(kept), whole_history_of(history)
    called: set[str] = set()
    for message in kept:
        if isinstance(message, AIMessage):
            called.update([call.id for call in message.tool_calls])
        elif isinstance(message, ToolMessage) and any(isinstance(m, AIMessage) for m in kept):
            assert message.tool_call_id in called
    for name in called:
        assert results.get(name, 0) == had.get(name, 0)


def assert_pinned(kept: Sequence[Message], history: Sequence[Message]) -> None:
    """Instructions and the last human turn are there."""
    here = {id(message) for message in kept}
    spoken = [message for message in history if isinstance(message, HumanMessage)]
    assert all(id(m) in here for m in history if isinstance(m, SystemMessage))
    assert all(id(m) in here for m in spoken[-1:])


def assert_opening(kept: Sequence[Message], history: Sequence[Message]) -> None:
    """No result without its call comes first."""
    spoken = [message for message in kept if not isinstance(message, SystemMessage)]
    only_results = all(isinstance(m, ToolMessage | SystemMessage) for m in history)
    assert only_results or not isinstance(spoken[0], ToolMessage)


@every_strategy
@given(history=histories(), budget=budgets)
def test_the_budget_that_an_overflow_names_will_do(
    make: Make, history: list[Message], budget: int
) -> None:
    async def needed() -> int | None:
        try:
            await ContextManager(make(), tokenizer=COUNTER).fit(history, budget)
        except ContextOverflowError as error:
            return error.needed
        return None

    least = anyio.run(needed)
    if least is not None:
        assert fit(make, history, least) is not None
        assert fit(make, history, least - 1) is None


@pytest.mark.parametrize("name", MONOTONE)
@given(history=histories(), one=budgets, other=budgets)
def test_a_larger_budget_never_keeps_less(
    name: str, history: list[Message], one: int, other: int
) -> None:
    smaller, larger = sorted((one, other))
    less, more = fit(STRATEGIES[name], history, smaller), fit(STRATEGIES[name], history, larger)
    if less is not None:
        assert more is not None
        assert {id(m) for m in less.messages} <= {id(m) for m in more.messages}


@every_strategy
@pytest.mark.parametrize("history", [chat(40), trace(12)], ids=["chat", "trace"])
def test_no_budget_parts_a_call_from_its_result(make: Make, history: list[Message]) -> None:
    total = COUNTER.count_messages(history)
    for budget in range(20, total, max(1, total // 60)):
        fitted = fit(make, history, budget)
        if fitted is not None:
            assert_kept_whole(fitted.messages, history)
            assert isinstance(fitted.messages[1], HumanMessage)


@every_strategy
@given(history=histories(), budget=budgets)
def test_instructions_may_go_if_they_need_not_stay(
    make: Make, history: list[Message], budget: int
) -> None:
    fitted = fit(make, history, budget, keep_system=False)
    if fitted is not None:
        assert fitted.tokens <= budget
        assert_ordered(fitted.messages, history)


@pytest.mark.parametrize("make", [Truncate, Sliding, lambda: Summarize(model())])
def test_a_growing_history_keeps_its_beginning(make: Make) -> None:
    moves = stays = 0
    before: Sequence[Message] = ()
    history = chat(400)
    for length in range(200, len(history), 2):
        grown = [*history[:length], HumanMessage("And now?")]
        fitted = fit(make, grown, 3000)
        assert fitted is not None
        stood = [m.text for m in before[:-1]]
        same = [m.text for m in fitted.messages[: len(stood)]] == stood
        moves, stays = moves + (not same), stays + same
        before = fitted.messages
    # 300 turns of about 60 tokens are about 17 steps of 1024.
    assert moves <= 25
    assert stays >= 250
