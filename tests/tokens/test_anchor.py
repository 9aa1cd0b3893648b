from hypothesis import given
from hypothesis import strategies as st

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
