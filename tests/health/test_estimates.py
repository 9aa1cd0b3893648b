"""Latencies, rests and shares: each told the time by the test."""

from __future__ import annotations

import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beluga.health.cooldown import Rest
from beluga.health.latency import Latencies
from beluga.health.share import Share


@given(st.lists(st.floats(0, 1e6), min_size=10, max_size=100), st.floats(0.01, 0.99))
def test_with_samples_of_one_age_it_is_the_quantile_of_the_sample(
    samples: list[float], share: float
) -> None:
    latencies = Latencies()
    for seconds in samples:
        latencies.add(seconds, 5.0)
    estimate = latencies.quantile(share)
    assert estimate in samples
    below = sum(seconds < estimate for seconds in samples)
    within = sum(seconds <= estimate for seconds in samples)
    assert below / len(samples) <= share + 1e-9
    assert within / len(samples) >= share - 1e-9


def test_too_little_is_no_estimate() -> None:
    latencies = Latencies(least=10)
    for _ in range(9):
        latencies.add(1.0, 0.0)
    assert latencies.quantile(0.5) is None
    latencies.add(1.0, 0.0)
    assert latencies.quantile(0.5) == 1.0


def test_it_follows_what_has_changed() -> None:
    latencies = Latencies(half_life=10.0)
    for second in range(100):
        latencies.add(1.0, second)
    for second in range(100, 115):
        latencies.add(5.0, second)
    assert latencies.quantile(0.5) == 5.0


def test_it_estimates_a_known_distribution() -> None:
    chance = random.Random(7)
    samples = [chance.lognormvariate(0, 0.5) for _ in range(128)]
    latencies = Latencies()
    for seconds in samples:
        latencies.add(seconds, 0.0)
    expected = statistics.quantiles(samples, n=20)[-1]
    assert latencies.quantile(0.95) == pytest.approx(expected, rel=0.1)


def test_another_clock_makes_nothing_older() -> None:
    latencies = Latencies()
    for _ in range(20):
        latencies.add(1.0, 1e6)
    assert latencies.quantile(0.9) == 1.0
    latencies.add(2.0, 4.0)
    assert latencies.quantile(1.0) == 2.0


@given(st.lists(st.tuples(st.floats(0, 10), st.none() | st.floats(0, 20)), min_size=1, max_size=20))
def test_a_rest_is_the_longest_that_was_wished(steps: list[tuple[float, float | None]]) -> None:
    rest, now, until = Rest(), 0.0, 0.0
    for waited, wish in steps:
        now += waited
        if wish is not None:
            rest.rest(wish, now)
            until = max(until, now + wish)
        assert rest.remaining(now) == pytest.approx(max(0.0, until - now), abs=1e-9)


@given(st.floats(0.01, 1), st.lists(st.booleans(), max_size=300))
def test_never_more_than_the_share(share: float, wanted: list[bool]) -> None:
    allowance, spent = Share(share), 0
    for number, wants in enumerate(wanted, 1):
        allowance.earn()
        affordable = allowance.affordable
        if wants:
            assert allowance.spend() is affordable
            spent += affordable
        assert spent <= share * number + 1e-9


def test_a_long_quiet_time_pays_for_no_flood() -> None:
    allowance = Share(0.1)
    for _ in range(10_000):
        allowance.earn()
    assert [allowance.spend() for _ in range(12)] == [True] * 10 + [False] * 2
