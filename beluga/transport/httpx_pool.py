"""Connection pools that belong to an event loop, and end with it.

A pool of httpx looks at all of its connections several times a request, so many small ones are
faster than a large one: calls in flight are spread over shards of a few connections each.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Final

import anyio
import httpx
from anyio.lowlevel import RunVar, RunvarToken

__all__ = ["CALLS_PER_SHARD", "Pool", "PoolOfLoop", "Shard"]

CALLS_PER_SHARD: Final = 8
SHARDS_KEPT: Final = 4
"""Shards beyond these are closed as soon as they are idle."""


class Shard:
    """A transport with a few connections."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self.transport = transport
        self.calls = 0


class Pool:
    """The shards of one event loop.

    Attributes:
        closed: Whether its connections were closed, so that it lends none any more.
        place: Where the loop keeps it.
    """

    closed: bool
    place: RunvarToken[Pool]

    def __init__(self, new_transport: Callable[[], httpx.AsyncBaseTransport]) -> None:
        self._new_transport = new_transport
        self._shards: list[Shard] = []
        self._keeper: AsyncGenerator[None, None] | None = None
        self.closed = False

    def borrow(self) -> Shard:
        """Lend the first shard that has room, so that the last ones fall idle."""
        for shard in self._shards:
            if shard.calls < CALLS_PER_SHARD:
                break
        else:
            shard = Shard(self._new_transport())
            self._shards.append(shard)
        shard.calls += 1
        return shard

    async def give_back(self, shard: Shard) -> None:
        """Take a shard back; idle ones beyond those that are kept are closed."""
        shard.calls -= 1
        if self.closed and shard.calls == 0:
            await shard.transport.aclose()
        while len(self._shards) > SHARDS_KEPT and self._shards[-1].calls == 0:
            await self._shards.pop().transport.aclose()

    async def live_with_the_loop(self) -> None:
        """Have the loop close the pool when it ends, as it does with open async generators.

        Nothing else tells a library that a loop ends; connections left open then would be closed by
        the garbage collector, with a warning.
        """
        self._keeper = self._close_at_the_end()
        await anext(self._keeper)

    async def aclose(self, *, at_the_end: bool = False) -> None:
        """Close every connection; shards with calls under way are closed by the last of them.

        To close a connection under a call would leave the call waiting on one backend, break it on
        the other, and leave open what it is just about to connect.

        Args:
            at_the_end: No call can be under way any more.
        """
        self.closed = True
        shards, self._shards = self._shards, []
        with anyio.CancelScope(shield=True):
            for shard in shards:
                if shard.calls == 0 or at_the_end:
                    await shard.transport.aclose()
            if self._keeper is not None:
                keeper, self._keeper = self._keeper, None
                await keeper.aclose()

    async def _close_at_the_end(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            self._keeper = None
            await self.aclose(at_the_end=True)


class PoolOfLoop:
    """The pool of whichever event loop runs.

    Args:
        new_transport: Make a transport for `CALLS_PER_SHARD` calls at once.
    """

    def __init__(self, new_transport: Callable[[], httpx.AsyncBaseTransport]) -> None:
        self._new_transport = new_transport
        self._pool: RunVar[Pool] = RunVar("beluga.transport.pool")

    async def running(self) -> Pool:
        """Return the running loop's pool; the first call makes it."""
        pool = self._pool.get(None)
        if pool is None or pool.closed:
            pool = Pool(self._new_transport)
            pool.place = self._pool.set(pool)
            await pool.live_with_the_loop()
        return pool

    async def aclose(self) -> None:
        """Close the running loop's pool, if it has one."""
        pool = self._pool.get(None)
        if pool is not None:
            self._pool.reset(pool.place)  # the loop would keep even a closed pool to its own end
            await pool.aclose()
