"""What is no strategy, no tokenizer, no model and no number is refused where it is given."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from beluga import (
    Adaptive,
    ContextManager,
    ContextOverflowError,
    Effects,
    FactExtraction,
    HumanMessage,
    InvalidInputError,
    Semantic,
    Sliding,
    Summarize,
    ToolSpec,
    Truncate,
    tool,
    with_context,
)
from beluga.context import History, Turn
from tests.context.histories import Letters, chat
from tests.doubles import FunctionModel, words

pytestmark = pytest.mark.anyio

NO_NUMBERS: list[object] = [-1, math.nan, math.inf, 40.5, True, "100", [100]]
TAKERS: dict[str, Callable[[object], object]] = {
    "budget": lambda given: ContextManager(budget=given),  # type: ignore[arg-type]
    "reserve_output": lambda given: ContextManager(reserve_output=given),  # type: ignore[arg-type]
    "turns": lambda given: Sliding(turns=given),  # type: ignore[arg-type]
    "step": lambda given: Truncate(step=given),  # type: ignore[arg-type]
    "recent_turns": lambda given: Adaptive(recent_turns=given),  # type: ignore[arg-type]
    "max_tokens": lambda given: Summarize(MODEL, max_tokens=given),  # type: ignore[arg-type]
    "portion": lambda given: FactExtraction(MODEL, portion=given),  # type: ignore[arg-type]
}
MODEL = FunctionModel(words("yes"))


@pytest.mark.parametrize("given", NO_NUMBERS, ids=repr)
@pytest.mark.parametrize("name", TAKERS)
def test_what_is_no_count_is_refused(name: str, given: object) -> None:
    with pytest.raises(InvalidInputError, match=name):
        TAKERS[name](given)


@pytest.mark.parametrize("given", ["much", [1], True, math.nan], ids=repr)
def test_what_is_no_share_is_refused(given: object) -> None:
    with pytest.raises(InvalidInputError, match="recent_share"):
        Adaptive(recent_share=given)  # type: ignore[arg-type]


@pytest.mark.parametrize("budget", NO_NUMBERS, ids=repr)
async def test_a_budget_that_is_none_drops_nothing(budget: object) -> None:
    with pytest.raises(InvalidInputError, match="budget"):
        await ContextManager("truncate").fit(chat(5), budget)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "given", [5, Truncate, Letters(), None], ids=lambda given: type(given).__name__
)
def test_what_is_no_strategy_is_refused(given: object) -> None:
    with pytest.raises(InvalidInputError, match="strategy"):
        ContextManager(given)  # type: ignore[arg-type]


@pytest.mark.parametrize("given", ["gpt-4o", 5, Letters, len])
def test_what_is_no_tokenizer_is_refused(given: object) -> None:
    with pytest.raises(InvalidInputError, match="tokenizer_for"):
        ContextManager(tokenizer=given)  # type: ignore[arg-type]


@pytest.mark.parametrize("take", [Summarize, FactExtraction, Adaptive])
def test_a_models_name_is_no_model(take: Callable[[object], object]) -> None:
    with pytest.raises(InvalidInputError, match=r"beluga\.new"):
        take("openai:gpt-5-mini")


@pytest.mark.parametrize("given", ["adaptive", Semantic(), 5], ids=repr)
def test_what_fits_nothing_is_no_manager(given: object) -> None:
    with pytest.raises(InvalidInputError, match="ContextManager"):
        with_context(given)  # type: ignore[arg-type]


@tool
def forecast(city: str) -> str:
    """Tell the weather of a city, of which there is a lot to say before it can be told."""
    return city


async def test_a_decorated_function_costs_what_its_declaration_does() -> None:
    manager = ContextManager("truncate", tokenizer=Letters())
    history = chat(5)
    alone = await manager.fit(history, 10_000)
    declared = await manager.fit(history, 10_000, tools=[forecast.spec])
    assert declared.tokens > alone.tokens
    assert await manager.fit(history, 10_000, tools=[forecast]) == declared


@pytest.mark.parametrize("tools", [[5], "forecast", [forecast, ToolSpec("forecast")]])
async def test_what_is_no_tool_is_refused(tools: object) -> None:
    with pytest.raises(InvalidInputError, match="tool"):
        await ContextManager("truncate").fit(chat(5), 100, tools=tools)  # type: ignore[arg-type]


class Nameless:
    """A strategy that observers could not be told of."""

    async def choose(self, history: History, fx: Effects, /) -> list[Turn]:
        return history.pinned


def test_a_strategy_without_a_name_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="name"):
        ContextManager(Nameless())  # type: ignore[arg-type]


async def test_no_messages_fit_unless_what_stands_round_them_does_not() -> None:
    manager = ContextManager("truncate")
    nothing: list[HumanMessage] = []
    assert (await manager.fit(nothing, 100)).messages is nothing
    with pytest.raises(ContextOverflowError) as caught:
        await manager.fit(nothing, 1)
    assert (await manager.fit(nothing, caught.value.needed)).messages is nothing
