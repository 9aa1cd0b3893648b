"""What every store of values must do; run over each implementation."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import pytest

from beluga.errors import InvalidInputError
from beluga.stores import KeyValue, MemoryStore

STORES: dict[str, Callable[[], KeyValue]] = {"memory": MemoryStore}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> KeyValue:
    return STORES[request.param]()


async def test_what_is_set_is_kept_until_it_is_deleted(store: KeyValue) -> None:
    assert await store.get("a") is None
    await store.set("a", b"1")
    await store.set("b", b"2")
    await store.set("a", b"3")
    assert (await store.get("a"), await store.get("b")) == (b"3", b"2")
    await store.delete("a")
    await store.delete("a")
    assert (await store.get("a"), await store.get("b")) == (None, b"2")


async def test_a_time_to_live(store: KeyValue) -> None:
    await store.set("a", b"1", ttl=10)
    await anyio.sleep(9)
    assert await store.get("a") == b"1"
    await store.set("b", b"2", ttl=1)
    await store.set("b", b"2")
    await anyio.sleep(1)
    assert (await store.get("a"), await store.get("b")) == (None, b"2")


async def test_the_least_recently_used_goes_first() -> None:
    store = MemoryStore(max_entries=2)
    await store.set("a", b"1")
    await store.set("b", b"2")
    await store.get("a")
    await store.set("c", b"3")
    assert [await store.get(k) for k in "abc"] == [b"1", None, b"3"]


async def test_a_bound_on_bytes() -> None:
    store = MemoryStore(max_bytes=10)
    for key in "abc":
        await store.set(key, b"xxxxx")
    assert len(store) == 2
    await store.set("big", b"x" * 11)
    assert await store.get("big") is None
    assert len(store) == 2


def test_wrong_bounds() -> None:
    with pytest.raises(InvalidInputError, match="max_entries"):
        MemoryStore(0)
    with pytest.raises(InvalidInputError, match="max_bytes"):
        MemoryStore(max_bytes=0)
