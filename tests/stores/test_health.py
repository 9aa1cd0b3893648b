"""What every store of health must do; run over each implementation."""

from __future__ import annotations

import math
from collections.abc import Callable

import anyio
import pytest

from beluga.health.breaker import Permit, Refusal
from beluga.health.cooldown import Cooldown
from beluga.health.record import Health, Sample
from beluga.schema import Failure
from beluga.stores import HealthStore, MemoryHealth

STORES: dict[str, Callable[[], HealthStore]] = {"memory": MemoryHealth}
RULES = Cooldown(failures=2, seconds=10.0, rate_limited=4.0)
DOWN = Sample(verdict="failed", failure=Failure("provider_unavailable", "down", retryable=True))
WELL = Sample(verdict="well", seconds=2.0, first_content=0.5, tokens_per_second=40.0)
UNKNOWN = Sample(verdict="unknown")


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> HealthStore:
    return STORES[request.param]()


async def admitted(store: HealthStore, key: str = "k") -> Permit:
    got = await store.admit(key, RULES)
    assert isinstance(got, Permit), got
    return got


async def tell(store: HealthStore, sample: Sample, key: str = "k") -> str | None:
    return await store.settle(key, await admitted(store, key), sample, RULES)


async def health(store: HealthStore, key: str = "k") -> Health:
    [found] = await store.read([key])
    return found


async def test_of_what_nobody_told_nothing_is_known(store: HealthStore) -> None:
    assert list(await store.read(["a", "b"])) == [Health(), Health()]
    assert list(await store.read([])) == []


async def test_reading_keeps_the_order_of_the_keys(store: HealthStore) -> None:
    await tell(store, WELL, "b")
    known = await store.read(["a", "b", "c", "b"])
    assert [one.attempts > 0 for one in known] == [False, True, False, True]


async def test_failures_in_a_row_make_it_rest_and_one_probe_judges_it(store: HealthStore) -> None:
    assert await tell(store, DOWN) is None
    assert (await health(store)).wait == 0.0
    assert await tell(store, DOWN) == "opened"
    found = await health(store)
    assert found.wait == pytest.approx(10.0)
    assert found.why == "provider_unavailable"
    assert await store.admit("k", RULES) == Refusal(pytest.approx(10.0))
    await anyio.sleep(10)
    assert (await health(store)).wait == 0.0
    probe = await admitted(store)
    assert probe.probe
    assert (await health(store)).wait == math.inf
    assert await store.admit("k", RULES) == Refusal(None)
    assert await store.settle("k", probe, WELL, RULES) == "closed"
    assert not (await admitted(store)).probe


async def test_a_probe_that_tells_nothing_leaves_room_for_another(store: HealthStore) -> None:
    for _ in range(2):
        await tell(store, DOWN)
    await anyio.sleep(10)
    assert await store.settle("k", await admitted(store), UNKNOWN, RULES) is None
    assert (await admitted(store)).probe


async def test_a_wish_is_kept_without_any_failures_in_a_row(store: HealthStore) -> None:
    limited = Failure("rate_limit", "slow", retryable=True, retry_after=3.0)
    await tell(store, Sample(verdict="failed", failure=limited))
    assert (await health(store)).wait == pytest.approx(3.0)
    assert await store.admit("k", RULES) == Refusal(pytest.approx(3.0))
    await anyio.sleep(3)
    await admitted(store)


async def test_keys_fare_each_for_itself(store: HealthStore) -> None:
    for _ in range(2):
        await tell(store, DOWN, "a")
    assert isinstance(await store.admit("a", RULES), Refusal)
    await admitted(store, "b")


async def test_speed_and_failures_are_means_that_follow_what_is_new(store: HealthStore) -> None:
    await tell(store, WELL)
    found = await health(store)
    assert (found.seconds, found.first_content, found.tokens_per_second) == (2.0, 0.5, 40.0)
    assert (found.failing, found.attempts) == (0.0, pytest.approx(1.0))
    for _ in range(200):
        await tell(store, WELL)
    for _ in range(40):
        await tell(store, Sample(verdict="well", seconds=8.0))
    assert (await health(store)).seconds == pytest.approx(8.0, abs=1.0)


async def test_what_is_old_is_forgotten(store: HealthStore) -> None:
    await tell(store, WELL)
    await tell(store, DOWN)
    assert (await health(store)).failing == pytest.approx(0.5)
    await anyio.sleep(3600)
    found = await health(store)
    assert (found.failing, found.seconds, found.first_content) == (None, None, None)
    assert found.attempts < 0.01


async def test_what_tells_nothing_changes_nothing(store: HealthStore) -> None:
    await tell(store, UNKNOWN)
    assert (await health(store)).failing is None


async def test_many_ask_at_once_and_one_gets_the_probe(store: HealthStore) -> None:
    for _ in range(2):
        await tell(store, DOWN)
    await anyio.sleep(10)
    got: list[Permit | Refusal] = []

    async def ask() -> None:
        got.append(await store.admit("k", RULES))

    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(ask)
    assert [isinstance(one, Permit) for one in got].count(True) == 1


def test_memory_survives_the_loop_it_was_made_in() -> None:
    store = MemoryHealth()

    async def first() -> None:
        await tell(store, DOWN)
        await tell(store, DOWN)

    async def second() -> None:
        assert 0 < (await health(store)).wait <= 10.0

    anyio.run(first, backend="trio")
    anyio.run(second, backend="asyncio")
