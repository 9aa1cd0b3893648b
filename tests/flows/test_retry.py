"""The retry flow by itself: no model, no loop, a clock that is a number."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beluga.errors import InvalidInputError
from beluga.flows.retry import Attempt, RetryPolicy, retry
from beluga.outcomes import Ok, Outcome
from beluga.schema import Failure

DOWN = Failure("provider_unavailable", "down", retryable=True)
WRONG = Failure("invalid_input", "wrong")


class World:
    """A clock that is advanced by hand, and chance."""

    def __init__(self, seed: int = 0, now: float = 0.0) -> None:
        self.time = now
        self.random = random.Random(seed)

    @property
    def clock(self) -> World:
        return self

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float, /) -> None:
        raise AssertionError("a flow does not wait itself")


def play(
    policy: RetryPolicy,
    outcomes: Sequence[Outcome[str]],
    world: World,
    *,
    seconds: float = 0.0,
    deadline: float = math.inf,
) -> tuple[list[Attempt], list[float], Outcome[str]]:
    """Send one outcome after the other; return the attempts, their starts, and the end."""
    flow = retry(policy, world, deadline)
    attempts, starts = [next(flow)], [world.time]
    for outcome in outcomes:
        world.time += seconds
        try:
            attempt = flow.send(outcome)
        except StopIteration as done:
            return attempts, starts, done.value
        world.time += attempt.delay
        attempts.append(attempt)
        starts.append(world.time)
    raise AssertionError("the flow wants more attempts than there are outcomes")


hints = st.none() | st.floats(0, 300)
failing = st.builds(
    lambda hint, lasting: msgspec.structs.replace(DOWN, retry_after=hint, retryable=not lasting),
    hints,
    st.sampled_from([False] * 9 + [True]),
)
policies = st.builds(
    RetryPolicy, st.integers(1, 6), st.floats(0, 100), st.floats(0, 100), st.floats(0, 300)
)


@given(
    policies,
    st.lists(failing, min_size=6, max_size=6),
    st.integers(0, 6),
    st.floats(0, 50),
    st.just(math.inf) | st.floats(0, 500),
    st.integers(),
)
def test_number_spacing_and_deadline(
    policy: RetryPolicy,
    failures: list[Failure],
    good_from: int,
    seconds: float,
    deadline: float,
    seed: int,
) -> None:
    outcomes: list[Outcome[str]] = [*failures[:good_from], Ok("fine"), *failures]
    attempts, starts, end = play(policy, outcomes, World(seed), seconds=seconds, deadline=deadline)
    assert [attempt.number for attempt in attempts] == list(range(1, len(attempts) + 1))
    assert len(attempts) <= policy.attempts
    assert attempts[0] == Attempt(1)
    assert end is outcomes[len(attempts) - 1]
    for position, attempt in enumerate(attempts[1:]):
        failure = outcomes[position]
        assert attempt.after is failure
        assert isinstance(failure, Failure)
        assert failure.retryable
        hint = failure.retry_after
        ceiling = min(policy.cap, policy.base * 2**position)
        assert hint is None or hint <= policy.retry_after_cap
        assert (hint or 0.0) <= attempt.delay <= max(hint or 0.0, ceiling)
        assert starts[position + 1] < deadline
    if isinstance(end, Failure) and end.retryable and len(attempts) < policy.attempts:
        too_much = (end.retry_after or 0.0) > policy.retry_after_cap
        ceiling = min(policy.cap, policy.base * 2 ** (len(attempts) - 1))
        longest = max(end.retry_after or 0.0, ceiling)
        assert too_much or starts[-1] + seconds + longest >= deadline


def test_jitter_is_full() -> None:
    delays = []
    for seed in range(2000):
        attempts, _, _ = play(RetryPolicy(2, base=8.0), [DOWN, DOWN], World(seed))
        delays.append(attempts[1].delay)
    assert min(delays) < 0.1
    assert max(delays) > 7.9
    assert sum(delays) / len(delays) == pytest.approx(4.0, rel=0.05)


def test_a_hint_beyond_the_cap_gives_up_at_once_and_says_so() -> None:
    asked = msgspec.structs.replace(DOWN, retry_after=121.0)
    attempts, _, end = play(RetryPolicy(), [asked], World())
    assert len(attempts) == 1
    assert end is asked


def test_a_hint_at_the_cap_is_waited_for() -> None:
    asked = msgspec.structs.replace(DOWN, retry_after=120.0)
    attempts, _, _ = play(RetryPolicy(), [asked, Ok("")], World())
    assert attempts[1].delay == 120.0


@pytest.mark.parametrize("hint", [math.nan, -5.0, 0.0])
def test_a_hint_that_says_nothing_is_no_hint(hint: float) -> None:
    odd = msgspec.structs.replace(DOWN, retry_after=hint)
    attempts, _, _ = play(RetryPolicy(base=1.0), [odd, Ok("")], World())
    assert 0 <= attempts[1].delay <= 1


def test_a_cap_below_a_jittered_wait_is_about_hints_alone() -> None:
    asked = msgspec.structs.replace(DOWN, retry_after=0.5)
    policy = RetryPolicy(base=1000.0, cap=1000.0, retry_after_cap=1.0)
    attempts, _, end = play(policy, [asked, Ok("fine")], World())
    assert len(attempts) == 2
    assert end == Ok("fine")


def test_very_many_attempts_do_not_overflow() -> None:
    attempts, _, end = play(RetryPolicy(3000), [DOWN] * 3000, World())
    assert len(attempts) == 3000
    assert max(attempt.delay for attempt in attempts) <= 30
    assert end is DOWN


def test_a_failure_that_lasts_is_not_retried() -> None:
    assert play(RetryPolicy(), [WRONG], World())[2] is WRONG


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"attempts": 0}, "attempts counts the first one too"),
        ({"attempts": -1}, "attempts"),
        ({"attempts": 2.0}, "attempts"),
        ({"attempts": True}, "attempts"),
        ({"base": -1}, "base is a number of seconds"),
        ({"base": math.nan}, "base"),
        ({"cap": math.inf}, "cap is a number"),
        ({"cap": "30"}, "cap"),
        ({"retry_after_cap": math.nan}, "retry_after_cap is a number"),
        ({"retry_after_cap": -1}, "retry_after_cap"),
    ],
)
def test_what_makes_no_sense_is_refused(given: dict[str, object], text: str) -> None:
    with pytest.raises(InvalidInputError, match=text):
        RetryPolicy(**given)  # type: ignore[arg-type]
