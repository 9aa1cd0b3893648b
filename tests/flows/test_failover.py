"""The failover flow by itself, and the table it goes by."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beluga.flows.failover import ELSEWHERE, all_failed, failover, survivable
from beluga.flows.tries import content_stands
from beluga.outcomes import Ok, Outcome
from beluga.schema import (
    ErrorCode,
    Failure,
    PartDone,
    ReasoningDelta,
    Restarted,
    TextDelta,
    TextPart,
    ToolCallDelta,
    fold,
)
from beluga.testing import strategies
from tests.flows.test_retry import World

codes = st.sampled_from(get_args(ErrorCode))
failures = st.builds(
    Failure,
    codes,
    st.just("oops"),
    retry_after=st.none() | st.floats(0, 100),
    local=st.booleans(),
)


def test_every_code_has_its_row() -> None:
    assert set(ELSEWHERE) == set(get_args(ErrorCode))


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (Failure("budget_exhausted", "", local=True), False),
        (Failure("budget_exhausted", ""), True),
        (Failure("rate_limit", "", local=True), True),
        (Failure("content_filter", ""), False),
        (Failure("guard_blocked", ""), False),
        (Failure("context_length", ""), True),
        (Failure("auth_error", ""), True),
    ],
)
def test_what_another_model_survives(failure: Failure, expected: bool) -> None:
    assert survivable(failure) is expected


def test_a_refusal_is_survived_if_asked() -> None:
    assert survivable(Failure("content_filter", ""), asked=["content_filter"])
    assert not survivable(Failure("invalid_input", ""), asked=["invalid_input"])


@given(st.lists(failures, min_size=1, max_size=5), st.integers(0, 5), st.floats(0, 30))
def test_order_causes_and_the_earliest_time(
    given_failures: list[Failure], good: int, seconds: float
) -> None:
    world = World()
    outcomes: list[Outcome[str]] = list(given_failures)
    if good < len(outcomes):
        outcomes[good] = Ok("fine")
    flow = failover(range(len(outcomes)), world)
    asked, ends = [next(flow)], []
    end: Outcome[str]
    while True:
        world.time += seconds
        ends.append(world.time)
        try:
            asked.append(flow.send(outcomes[asked[-1]]))
        except StopIteration as done:
            end = done.value
            break
    assert asked == list(range(len(asked)))
    last = outcomes[asked[-1]]
    if isinstance(last, Ok) or not survivable(last):
        assert end is last
        return
    causes = outcomes[: len(asked)]
    assert len(asked) == len(outcomes)
    assert isinstance(end, Failure)
    assert end.attempts == tuple(causes)
    assert end.code == last.code
    assert not end.retryable
    assert end.local == all(cause.local for cause in given_failures)
    times = [
        max(0.0, ended + cause.retry_after - world.time)
        for cause, ended in zip(given_failures, ends, strict=True)
        if cause.retry_after is not None
    ]
    assert end.retry_after == pytest.approx(min(times) if times else None)


def test_all_causes_are_named() -> None:
    first = Failure("rate_limit", "slow down", "groq", "llama", retry_after=5.0)
    failure = all_failed([first, Failure("auth_error", "no key")])
    assert failure.message == "no model answered (groq:llama: slow down; auth_error: no key)"
    assert failure.retry_after == 5.0
    assert msgspec.json.decode(msgspec.json.encode(failure), type=Failure) == failure


@given(st.lists(strategies.emissions() | st.builds(Restarted, failures)), st.booleans())
def test_content_stands_exactly_if_it_folds_to_something(chunks: list, before: bool) -> None:
    void = any(isinstance(chunk, Restarted) for chunk in chunks)
    message = fold(chunks)
    stands = bool(message.parts or message.cut_calls)
    assert content_stands(chunks, before) is (stands or (before and not void))


@pytest.mark.parametrize("chunk", [TextDelta(""), ReasoningDelta(""), ToolCallDelta(0)])
def test_what_is_empty_is_no_content(chunk: TextDelta) -> None:
    assert not content_stands([chunk])
    assert content_stands([chunk, PartDone(0, TextPart(""))])


def test_the_table_stands_in_the_documentation() -> None:
    page = Path(__file__).parents[2] / "docs/how-to/resilience.md"
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+?) \|", page.read_text(encoding="utf-8"), re.MULTILINE)
    words = {
        "yes": "yes",
        "no": "no",
        "if_asked": "if asked",
        "if_theirs": "if it is the provider's",
    }
    assert dict(rows) == {code: words[elsewhere] for code, elsewhere in ELSEWHERE.items()}
