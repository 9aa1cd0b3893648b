from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beluga import ContextManager, InvalidInputError, Truncate
from beluga.schema import AIMessage, HumanMessage, Message, ToolSpec, Usage
from beluga.testing import strategies
from beluga.tokens import Estimate, Tokenizer, UsageAnchor, tokenizer_for

MODEL = "claude-sonnet-4-5"
TOOL = ToolSpec("look", "Look around.")
ASKED: tuple[Message, ...] = (HumanMessage("Is it cold?"),)
MORE = HumanMessage("And in winter?")


def answered(tokens: int | None) -> AIMessage:
    return AIMessage("Not very.", usage=Usage(input_tokens=tokens))


def test_it_counts_everything_before_the_first_bill() -> None:
    tokenizer, anchor = tokenizer_for(MODEL), UsageAnchor(MODEL)
    anchor.settle(ASKED, answered(None))
    assert anchor.estimate(ASKED, [TOOL]) == Estimate(tokenizer.count_messages(ASKED, [TOOL]))


@given(strategies.tool_histories(), st.integers(0, 10**6))
def test_the_next_is_the_bill_and_what_is_new(history: tuple[Message, ...], billed: int) -> None:
    tokenizer, anchor = tokenizer_for("mistral-large-latest"), UsageAnchor("mistral-large-latest")
    answer = answered(billed)
    anchor.settle(history, answer, [TOOL])
    new = tokenizer.count_messages([answer, MORE]) - tokenizer.count_messages([])
    found = anchor.estimate([*history, answer, MORE], [TOOL])
    assert found == Estimate(billed + new, billed)


def test_a_tool_that_comes_or_goes_is_counted() -> None:
    tokenizer, anchor = tokenizer_for(MODEL), UsageAnchor(MODEL)
    anchor.settle(ASKED, answered(1000))
    added = tokenizer.count_messages(ASKED, [TOOL]) - tokenizer.count_messages(ASKED)
    assert anchor.count_messages(ASKED, [TOOL]) == 1000 + added
    anchor.settle(ASKED, answered(1000), [TOOL])
    assert anchor.count_messages(ASKED) == 1000 - added


def test_another_conversation_is_counted_as_if_nothing_were_billed() -> None:
    tokenizer, anchor = tokenizer_for(MODEL), UsageAnchor(MODEL)
    anchor.settle([*ASKED, MORE], answered(10**6))
    for other in (ASKED, (), (MORE, *ASKED), (HumanMessage("Is it warm?"), MORE, MORE)):
        assert anchor.estimate(other) == Estimate(tokenizer.count_messages(other))
    equal = [HumanMessage("Is it cold?"), HumanMessage("And in winter?")]
    assert anchor.estimate(equal) == Estimate(10**6, 10**6)


async def test_a_context_is_cut_by_what_was_billed() -> None:
    anchor = UsageAnchor("gpt-4o")
    history: list[Message] = [HumanMessage(f"Entry {n}: the whale dives again.") for n in range(99)]
    anchor.settle(history, answered(40_000))
    manager = ContextManager(Truncate(step=1), tokenizer=anchor)
    assert (await manager.fit(history, 40_000)).messages is history
    fitted = await manager.fit(history, 30_000)
    assert 0.7 < len(fitted.messages) / len(history) <= 0.75


async def test_a_single_message_costs_what_it_is_counted_however_much_was_billed() -> None:
    anchor = UsageAnchor("gpt-4o")
    anchor.settle(ASKED, answered(9000))
    manager = ContextManager("truncate", tokenizer=anchor)
    assert (await manager.fit([MORE, *ASKED], 100)).dropped == 0


@pytest.mark.parametrize(
    ("messages", "answer", "tools"),
    [("Is it?", answered(1), ()), (ASKED, "Yes.", ()), (ASKED, answered(1), (len,))],
)
def test_what_was_not_billed_is_refused(messages: Any, answer: Any, tools: Any) -> None:
    with pytest.raises(InvalidInputError, match="settle takes"):
        UsageAnchor(MODEL).settle(messages, answer, tools)


@pytest.mark.parametrize("model", [5, None, ""])
def test_what_counts_nothing_is_no_anchor(model: Any) -> None:
    with pytest.raises(InvalidInputError):
        UsageAnchor(model)


def test_the_last_bill_holds() -> None:
    anchor = UsageAnchor(tokenizer_for(MODEL))
    anchor.settle(ASKED, answered(500))
    anchor.settle([*ASKED, answered(500), MORE], answered(900))
    assert anchor.count_messages([*ASKED, answered(500), MORE]) == 900


def test_it_is_a_tokenizer() -> None:
    anchor: Tokenizer = UsageAnchor("gpt-5")
    assert anchor.exact
    assert anchor.decode(anchor.encode("a whale")) == "a whale"
    assert anchor.count("a whale") == 2
