"""Pools belong to an event loop, which keeps nothing of those that were closed."""

from __future__ import annotations

import gc
import weakref

import anyio
import anyio.lowlevel
import httpx

from beluga.transport.httpx_pool import PoolOfLoop


class Nowhere(httpx.AsyncBaseTransport):
    pass


async def test_a_loop_has_one_pool_until_it_is_closed() -> None:
    pools = PoolOfLoop(Nowhere)
    first = await pools.running()
    assert await pools.running() is first
    await pools.aclose()
    second = await pools.running()
    assert second is not first
    await pools.aclose()


async def test_two_have_pools_of_their_own() -> None:
    one, other = PoolOfLoop(Nowhere), PoolOfLoop(Nowhere)
    assert await one.running() is not await other.running()
    await one.aclose()
    await other.aclose()


async def test_a_loop_keeps_nothing_of_a_pool_that_was_closed() -> None:
    pools = PoolOfLoop(Nowhere)
    pool = weakref.ref(await pools.running())
    await pools.aclose()
    owner = weakref.ref(pools)
    del pools
    await anyio.lowlevel.checkpoint()
    gc.collect()
    assert pool() is None
    assert owner() is None
