"""The flow that chooses among many, by itself: any schedule of outcomes, waits and absences."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beluga.errors import InvalidInputError
from beluga.flows.choosing import ChoosingPolicy, Nobody, Told, Turn, choosing
from beluga.flows.failover import survivable
from beluga.outcomes import Ok, Outcome
from beluga.schema import ErrorCode, Failure
from tests.flows.test_retry import World

codes = st.sampled_from(get_args(ErrorCode))
hints = st.none() | st.sampled_from([0.0, 0.3, 2.0, 30.0])
failures = st.builds(
    Failure, codes, st.just("oops"), retry_after=hints, local=st.booleans(), retryable=st.booleans()
)
refusals = st.builds(
    Failure, codes, st.just("away"), retry_after=hints, local=st.just(True), retryable=st.booleans()
)
steps = st.tuples(
    st.integers(0, 4),
    st.just("fine") | failures | failures | failures,
    st.sampled_from([False] * 9 + [True]),
    st.sampled_from([0.0, 0.0, 1.0, 5.0]),
)
policies = st.builds(
    ChoosingPolicy,
    st.none() | st.integers(1, 4),
    st.sampled_from([0.0, 1.0, 10.0, 60.0]),
    st.sampled_from([frozenset(), frozenset({"content_filter"}), frozenset({"output_invalid"})]),
)


@dataclass
class Run:
    """What has been seen of one schedule."""

    candidates: list[str]
    reserves: list[str]
    policy: ChoosingPolicy
    deadline: float
    world: World = field(default_factory=World)
    turns: list[Turn[str]] = field(default_factory=list)
    told: list[tuple[str, Outcome[str]]] = field(default_factory=list)
    waited: float = 0.0

    def play(self, schedule: list, absences: list) -> Outcome[str]:
        flow = choosing(self.candidates, self.reserves, self.policy, self.world, self.deadline)
        try:
            turn = next(flow)
            for number in range(10_000):
                self.turns.append(turn)
                self.waited += turn.delay
                self.world.time += turn.delay
                turn = flow.send(self.perform(turn, number, schedule, absences))
        except StopIteration as done:
            return done.value
        raise AssertionError("it never ends")

    def perform(self, turn, number, schedule, absences) -> Told[str, str] | Nobody:
        away = absences[number] if number < len(absences) else None
        if away is not None:
            return Nobody(tuple([away] * len(turn.left)))
        pick, end, final, seconds = schedule[number % len(schedule)]
        self.world.time += seconds
        who = turn.left[pick % len(turn.left)]
        outcome = Ok("fine") if end == "fine" else end
        self.told.append((who, outcome))
        return Told(who, outcome, final)

    def attempts(self) -> list[tuple[str, Outcome[str]]]:
        """Those that were sent somewhere."""
        return [(w, o) for w, o in self.told if isinstance(o, Ok) or not o.local]


@settings(max_examples=1000)
@given(
    st.integers(1, 4),
    st.integers(0, 2),
    policies,
    st.lists(steps, min_size=1, max_size=8),
    st.lists(st.none() | refusals, max_size=6),
    st.sampled_from([math.inf, 20.0]),
)
def test_any_schedule(count, reserves, policy, schedule, absences, deadline) -> None:
    run = Run(list("abcd"[:count]), list("xy"[:reserves]), policy, deadline)
    judge(run, run.play(schedule, absences))


def judge(run: Run, end: Outcome[str]) -> None:
    """Check every law of one schedule; `make eval` does so of many more, drawn at random."""
    _whom_it_asks(run)
    _when_it_stops(run, end)
    _what_it_tells(run, end)
    assert run.waited <= run.policy.max_wait


def _whom_it_asks(run: Run) -> None:
    sent = [who for who, _ in run.attempts()]
    assert len(sent) == len(set(sent)), "each is asked once at most"
    most = run.policy.max_attempts
    assert most is None or len(sent) <= most
    for turn in run.turns:
        assert turn.left
        assert set(turn.left) <= set(run.reserves if turn.reserve else run.candidates)
        assert not turn.reserve or len(turn.left) == 1
        order = run.reserves if turn.reserve else run.candidates
        assert list(turn.left) == [name for name in order if name in turn.left]


def _when_it_stops(run: Run, end: Outcome[str]) -> None:
    """Nobody is asked after an answer, or after a failure that no other survives."""
    for _, outcome in run.told[:-1]:
        assert not isinstance(outcome, Ok)
        assert survivable(outcome, run.policy.asked)
    if isinstance(end, Ok):
        assert run.told[-1][1] is end


def _what_it_tells(run: Run, end: Outcome[str]) -> None:
    if isinstance(end, Ok) or (run.told and end is run.told[-1][1]):
        return
    gone = [o for _, o in run.told if not (o.local and o.retryable)]
    assert list(end.attempts[: len(gone)]) == gone, "every cause is there, in order"
    assert end.attempts
    assert end.code == end.attempts[-1].code
    assert end.local == all(cause.local for cause in end.attempts)


def test_nobody_is_asked_once_content_is_final() -> None:
    failure = Failure("timeout", "late")
    flow = choosing(["a", "b"], [], ChoosingPolicy(), World())
    assert next(flow).left == ("a", "b")
    with pytest.raises(StopIteration) as done:
        flow.send(Told("b", failure, final=True))
    assert done.value.value is failure


def test_a_refusal_on_this_side_costs_no_attempt_and_is_asked_again_after_the_wait() -> None:
    busy = Failure("rate_limit", "full", local=True, retryable=True, retry_after=2.0)
    flow = choosing(["a", "b"], ["x"], ChoosingPolicy(max_attempts=1, max_wait=5.0), World())
    assert next(flow) == Turn(("a", "b"), 1)
    assert flow.send(Told("a", busy)) == Turn(("b",), 1)
    assert flow.send(Told("b", busy)) == Turn(("x",), 1, reserve=True)
    assert flow.send(Nobody((busy,))) == Turn(("a", "b"), 1, 2.0)
    with pytest.raises(StopIteration) as done:
        flow.send(Told("b", Ok("fine")))
    assert done.value.value == Ok("fine")


def test_what_was_refused_on_this_side_for_good_costs_no_attempt_either() -> None:
    flow = choosing(["a", "b"], [], ChoosingPolicy(max_attempts=1), World())
    next(flow)
    assert flow.send(Told("a", Failure("context_length", "", local=True))) == Turn(("b",), 1)
    with pytest.raises(StopIteration) as done:
        flow.send(Told("b", Failure("context_length", "")))
    assert len(done.value.value.attempts) == 2


@pytest.mark.parametrize(("deadline", "waits"), [(1.9, False), (2.0, False), (2.1, True)])
def test_no_wait_lasts_to_the_deadline(deadline: float, waits: bool) -> None:
    busy = Failure("rate_limit", "full", local=True, retryable=True, retry_after=2.0)
    flow = choosing(["a"], [], ChoosingPolicy(max_wait=60.0), World(), deadline)
    next(flow)
    if waits:
        assert flow.send(Nobody((busy,))) == Turn(("a",), 1, 2.0)
        return
    with pytest.raises(StopIteration) as done:
        flow.send(Nobody((busy,)))
    assert done.value.value.retry_after == 2.0


def test_where_nobody_knows_when_it_looks_again_ever_more_seldom() -> None:
    busy = Failure("rate_limit", "full", local=True, retryable=True)
    flow = choosing(["a"], [], ChoosingPolicy(max_wait=1.0), World())
    delays, turn = [], next(flow)
    with pytest.raises(StopIteration) as done:
        while True:
            delays.append(turn.delay)
            turn = flow.send(Nobody((busy,)))
    assert delays == [0.0, 0.05, 0.1, 0.2, 0.25, 0.25]
    assert done.value.value.attempts == (busy,)


@pytest.mark.parametrize("most", [0, -1, 1.5, True, math.nan])
def test_a_number_of_attempts_is_checked(most: object) -> None:
    with pytest.raises(InvalidInputError, match="max_attempts is 1 or more"):
        ChoosingPolicy(max_attempts=most)


@pytest.mark.parametrize("wait", [-1.0, math.nan, "2", True])
def test_a_wait_is_checked(wait: object) -> None:
    with pytest.raises(InvalidInputError, match="max_wait is a number of seconds"):
        ChoosingPolicy(max_wait=wait)
