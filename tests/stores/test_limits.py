"""What every store of limits must do; run over each implementation."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import pytest

from beluga.events import RateWindow
from beluga.stores import LimitStore, MemoryLimits, ProviderLimits, Refusal, Reservation

STORES: dict[str, Callable[[], LimitStore]] = {"memory": MemoryLimits}
TWO = ProviderLimits(rpm=2)
HUNDRED = ProviderLimits(tpm=100)


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> LimitStore:
    return STORES[request.param]()


async def admitted(store: LimitStore, limits: ProviderLimits, tokens: int = 0) -> Reservation:
    got = await store.reserve("k", limits, tokens)
    assert isinstance(got, Reservation), got
    return got


async def refused(store: LimitStore, limits: ProviderLimits, tokens: int = 0) -> float | None:
    got = await store.reserve("k", limits, tokens)
    assert isinstance(got, Refusal), got
    assert got.why
    return got.seconds


async def test_requests_of_any_minute(store: LimitStore) -> None:
    await admitted(store, TWO)
    await anyio.sleep(20)
    await store.settle(await admitted(store, TWO), 0)
    assert await refused(store, TWO) == pytest.approx(40)
    await anyio.sleep(40)
    await admitted(store, TWO)
    assert await refused(store, TWO) == pytest.approx(20)


async def test_keys_are_limits_of_their_own(store: LimitStore) -> None:
    one = ProviderLimits(rpm=1)
    assert isinstance(await store.reserve("a", one, 0), Reservation)
    assert isinstance(await store.reserve("b", one, 0), Reservation)
    assert isinstance(await store.reserve("a", one, 0), Refusal)


async def test_tokens_are_reserved_and_settled(store: LimitStore) -> None:
    first = await admitted(store, HUNDRED, 80)
    assert await refused(store, HUNDRED, 30) == pytest.approx(60)
    await store.settle(first, 50)
    await admitted(store, HUNDRED, 50)
    assert await refused(store, HUNDRED, 1) == pytest.approx(60)


async def test_what_was_used_beyond_the_reservation_is_a_debt(store: LimitStore) -> None:
    first = await admitted(store, HUNDRED, 10)
    await anyio.sleep(30)
    await store.settle(first, 100)
    assert await refused(store, HUNDRED, 11) == pytest.approx(60)  # 90 count from the settlement
    await anyio.sleep(30)
    await admitted(store, HUNDRED, 10)


async def test_a_debt_counts_also_when_the_reservation_is_long_over(store: LimitStore) -> None:
    first = await admitted(store, HUNDRED, 10)
    await anyio.sleep(90)
    await store.settle(first, 100)
    await admitted(store, HUNDRED, 10)
    assert await refused(store, HUNDRED, 1) == pytest.approx(60)


async def test_a_release_gives_everything_back(store: LimitStore) -> None:
    limits = ProviderLimits(rpm=1, tpm=10, max_concurrent=1)
    for _ in range(3):
        await store.release(await admitted(store, limits, 10))


async def test_slots(store: LimitStore) -> None:
    limits = ProviderLimits(max_concurrent=2)
    first, _ = [await admitted(store, limits) for _ in range(2)]
    assert await refused(store, limits) is None
    await store.settle(first, 5)
    await store.settle(first, 5)  # again is nothing
    await admitted(store, limits)
    assert await refused(store, limits) is None


async def test_a_pause_admits_nobody_and_the_longest_one_counts(store: LimitStore) -> None:
    await store.pause("k", 30)
    await store.pause("k", 10)
    assert await refused(store, TWO) == pytest.approx(30)
    await anyio.sleep(30)
    await admitted(store, TWO)


async def test_the_providers_word_counts_until_its_reset(store: LimitStore) -> None:
    await store.learn("k", [RateWindow("tokens", 1000, 100, 90.0), RateWindow("other", 1, 0, 9.0)])
    await admitted(store, ProviderLimits(), 60)
    assert await refused(store, ProviderLimits(), 60) == pytest.approx(2)  # ten tokens a second
    await anyio.sleep(2)
    await admitted(store, ProviderLimits(), 60)
    await store.learn("k", [RateWindow("requests", None, 0, 5.0), RateWindow("requests")])
    assert await refused(store, ProviderLimits(), 0) == pytest.approx(5)
    await anyio.sleep(88)
    await admitted(store, ProviderLimits(), 100_000)


async def test_a_clock_that_is_set_back_keeps_nobody_waiting_for_longer() -> None:
    class Wall:
        time = 1000.0

        def now(self) -> float:
            return self.time

        async def sleep(self, seconds: float, /) -> None:
            self.time += seconds

    wall, limits = Wall(), ProviderLimits(rpm=1)
    store = MemoryLimits(wall)
    await store.reserve("k", limits, 0)
    wall.time = 400.0
    refusal = await store.reserve("k", limits, 0)
    assert isinstance(refusal, Refusal)
    assert refusal.seconds == 60
    wall.time += 60
    assert isinstance(await store.reserve("k", limits, 0), Reservation)


def test_a_store_goes_on_in_another_loop() -> None:
    from beluga.testing import virtual_backends

    store = MemoryLimits()

    async def first() -> None:
        await anyio.sleep(1000)
        await admitted(store, TWO)
        await admitted(store, TWO)

    async def second() -> None:
        assert await refused(store, TWO) == pytest.approx(60)
        await anyio.sleep(60)
        await admitted(store, TWO)

    for step, (name, options) in zip((first, second), virtual_backends().items(), strict=True):
        anyio.run(step, backend=name, backend_options=options)
