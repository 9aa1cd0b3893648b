"""The breaker against a model of it, by hypothesis's state machine."""

from __future__ import annotations

import math

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from beluga.errors import InvalidInputError
from beluga.health.breaker import Breaker, BreakerPolicy, Permit, Refusal

FAILURES, COOLDOWN = 3, 10.0


class BreakerMachine(RuleBasedStateMachine):
    """What a breaker should do, told as a list of what has happened since it last changed."""

    def __init__(self) -> None:
        super().__init__()
        self.breaker = Breaker(BreakerPolicy(FAILURES, COOLDOWN))
        self.now = 0.0
        self.open: dict[int, tuple[Permit, bool]] = {}  # attempts under way: from this era?
        self.asked = 0
        self.row: list[bool] = []  # how attempts of this era ended, newest last
        self.opened_at: float | None = None
        self.probe: int | None = None

    @rule(seconds=st.sampled_from([0.0, 1.0, 4.0, 9.5, 10.0, 30.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def ask(self) -> None:
        answer = self.breaker.admit(self.now)
        if self.opened_at is None:
            assert isinstance(answer, Permit)
            assert not answer.probe
        elif self.probe is not None:
            assert answer == Refusal(None)
        elif self.now - self.opened_at < COOLDOWN:
            assert answer == Refusal(pytest.approx(self.opened_at + COOLDOWN - self.now))
        else:
            assert isinstance(answer, Permit)
            assert answer.probe
            self.probe = self.asked
        if isinstance(answer, Permit):
            self.open[self.asked] = (answer, True)
            self.asked += 1

    @rule(pick=st.integers(0, 100), verdict=st.sampled_from(["well", "failed", "unknown"]))
    def end(self, pick: int, verdict: str) -> None:
        if not self.open:
            return
        number = list(self.open)[pick % len(self.open)]
        permit, current = self.open.pop(number)
        change = self.breaker.settle(permit, verdict, self.now)
        expected = None
        if current and verdict != "unknown":
            self.row.append(verdict == "well")
            if number == self.probe:
                expected = "closed" if verdict == "well" else "opened"
            elif self.row[-FAILURES:] == [False] * FAILURES:
                expected = "opened"
        if number == self.probe:
            self.probe = None
        if expected is not None:
            self.row.clear()
            self.opened_at = self.now if expected == "opened" else None
            self.open = {number: (permit, False) for number, (permit, _) in self.open.items()}
        assert change == expected

    @invariant()
    def the_state_is_told(self) -> None:
        half = "half-open" if self.probe is not None else "open"
        assert self.breaker.state == ("closed" if self.opened_at is None else half)


TestBreaker = BreakerMachine.TestCase
TestBreaker.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)


def test_another_loops_clock_does_not_keep_it_open() -> None:
    breaker = Breaker(BreakerPolicy(1, 10.0))
    permit = breaker.admit(1_000_000.0)
    assert isinstance(permit, Permit)
    breaker.settle(permit, "failed", 1_000_000.0)
    assert breaker.admit(5.0) == Refusal(10.0)
    assert breaker.admit(15.0) == Permit(1, probe=True)


@pytest.mark.parametrize(
    ("failures", "cooldown"), [(0, 1.0), (True, 1.0), (1.5, 1.0), (1, 0), (1, math.inf), (1, "1")]
)
def test_what_makes_no_sense_is_refused(failures: int, cooldown: float) -> None:
    with pytest.raises(InvalidInputError, match=r"failures says how many|cooldown is a number"):
        BreakerPolicy(failures, cooldown)
