"""The repair flow by itself: no model, no loop."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beluga.errors import InvalidInputError
from beluga.flows.repair import Answered, Ask, Invalid, Mode, RepairPolicy, repair
from beluga.outcomes import Ok, Outcome
from beluga.schema import Failure

MODES: tuple[Mode, ...] = ("native", "tool", "prompt")
BAD = Failure("output_invalid", "not that")
UNSUPPORTED = Failure("unsupported", "no such thing")
DOWN = Failure("provider_unavailable", "down", retryable=True)


def play(
    policy: RepairPolicy, answers: Sequence[Answered[str]], modes: Sequence[Mode] = MODES
) -> tuple[list[Ask], Outcome[str]]:
    """Send one answer after the other; return the calls, and the end."""
    flow = repair(policy, modes)
    asks = [next(flow)]
    for answer in answers:
        try:
            asks.append(flow.send(answer))
        except StopIteration as done:
            return asks, done.value
    raise AssertionError("the flow wants more calls than there are answers")


answers = st.one_of(
    st.just(Ok("value")),
    st.builds(Invalid, st.just(BAD), st.none() | st.integers(0, 50), st.booleans(), st.booleans()),
    st.sampled_from([UNSUPPORTED, DOWN]),
)
policies = st.builds(RepairPolicy, st.integers(0, 4), st.none() | st.integers(1, 100))
ways = st.lists(st.sampled_from(MODES), min_size=1, max_size=3, unique=True)


@given(policies, st.lists(answers, max_size=8), ways)
def test_every_schedule_ends_within_its_bounds(
    policy: RepairPolicy, given: list[Answered[str]], modes: list[Mode]
) -> None:
    asks, end = play(policy, [*given, Ok("last")], modes)
    heard = given[: len(asks) - 1]
    refused = [answer for answer in heard if isinstance(answer, Invalid)]
    assert len(refused) <= policy.retries
    assert [modes.index(ask.mode) for ask in asks] == sorted(modes.index(a.mode) for a in asks)
    assert [ask.number for ask in asks] == [
        1 + sum(isinstance(answer, Invalid) for answer in heard[:i]) for i in range(len(asks))
    ]
    assert all(answer.mendable for answer in refused)
    if policy.token_budget is not None and refused:
        taken = [answer.tokens for answer in refused]
        assert None not in taken
        assert sum(t or 0 for t in taken) + (taken[-1] or 0) <= policy.token_budget
    if isinstance(end, Failure) and end.code == "output_invalid":
        assert len(end.attempts) == len(refused) + 1


def test_two_retries_are_three_calls() -> None:
    asks, end = play(RepairPolicy(), [Invalid(BAD)] * 3)
    assert asks == [Ask(1, "native"), Ask(2, "native", BAD), Ask(3, "native", BAD)]
    assert isinstance(end, Failure)
    assert end.attempts == (BAD, BAD, BAD)
    assert end.message == "not that (the last of 3 answers)"


def test_a_value_ends_it() -> None:
    assert play(RepairPolicy(), [Invalid(BAD), Ok("value")])[1] == Ok("value")


def test_what_cannot_be_done_is_done_in_another_way_and_counts_for_nothing() -> None:
    all_failed = Failure("rate_limit", "nobody", attempts=(UNSUPPORTED, DOWN))
    asks, end = play(RepairPolicy(retries=0), [UNSUPPORTED, all_failed, Ok("value")])
    assert [(ask.number, ask.mode) for ask in asks] == [(1, "native"), (1, "tool"), (1, "prompt")]
    assert end == Ok("value")
    assert play(RepairPolicy(), [UNSUPPORTED], ["native"])[1] is UNSUPPORTED


def test_a_schema_that_was_not_heard_is_told_in_another_way() -> None:
    asks, _ = play(RepairPolicy(), [Invalid(BAD, unheard=True), Ok("value")])
    assert asks[1] == Ask(2, "tool", BAD)


def test_other_failures_are_returned_as_they_came() -> None:
    assert play(RepairPolicy(), [Invalid(BAD), DOWN])[1] is DOWN


@pytest.mark.parametrize(
    ("tokens", "budget", "calls"),
    [([10, 10], 19, 1), ([10, 10], 20, 2), ([10, 5], 20, 3), ([None], 20, 1), ([10, None], 99, 2)],
)
def test_a_budget_of_tokens_bounds_all_calls(
    tokens: list[int | None], budget: int, calls: int
) -> None:
    given: list[Answered[str]] = [Invalid(BAD, taken) for taken in tokens]
    asks, _ = play(RepairPolicy(token_budget=budget), [*given, Ok("value")])
    assert len(asks) == calls


@pytest.mark.parametrize("retries", [-1, True, 1.5, "2", None])
def test_retries_are_a_count(retries: int) -> None:
    with pytest.raises(InvalidInputError, match="retries"):
        RepairPolicy(retries)


@pytest.mark.parametrize("budget", [0, -1, True, 1.5])
def test_a_budget_is_a_count_of_tokens(budget: int) -> None:
    with pytest.raises(InvalidInputError, match="token_budget"):
        RepairPolicy(token_budget=budget)
