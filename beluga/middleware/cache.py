"""The same question is asked once: answers are kept, and callers share one that is on its way."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

import anyio
import msgspec
from anyio.abc import TaskGroup

from beluga.edge import cleaned_up, sole_exception
from beluga.effects import Effects
from beluga.errors import invalid_input
from beluga.events import CacheHit, CacheStored
from beluga.middleware.cache_key import cache_key
from beluga.middleware.flight import Abandoned, Flight, Follower
from beluga.model import ChatModel, Wrapper
from beluga.schema import (
    AIMessage,
    Emission,
    Failure,
    Finish,
    Request,
    Restarted,
    Spent,
    fold,
    unfold,
)
from beluga.stores.key_value import KeyValue, MemoryStore

__all__ = ["Cache", "Cached", "with_cache"]

WHOLE: Final = frozenset({"stop", "tool_calls"})
"""How an answer must have ended to be kept."""

_ABANDONED: Final = Failure(
    "incomplete_stream",
    "the caller whose request this one shared was cancelled; the request is made again",
    local=True,
    retryable=True,
)

_decode = msgspec.json.Decoder(AIMessage).decode


def with_cache(
    store: KeyValue | None = None,
    *,
    ttl: float | None = None,
    key: Callable[[Request], str | None] | None = None,
) -> Cache:
    """Return a middleware that gives the same answer to the same request.

    Requests are the same if everything that changes an answer is: the model, the messages, the
    tools, the options. Callers who ask the same at the same time share one request; each gets the
    chunks as they come, and none slows the others. Only answers that ended with `stop` or
    `tool_calls` are kept. The option `cache` is for single calls: `"refresh"` asks anew and keeps
    the new answer, `"skip"` leaves the cache alone.

    Enter it, and a shared request outlives whoever made it, for as long as anybody waits for it:

    ```python
    async with with_cache(ttl=3600) as cache:
        model = cache(beluga.new("openai:gpt-5-mini"))
    ```

    Not entered, a request is cancelled with the caller who made it, and the next one who waits
    makes another.

    Args:
        store: Where answers are kept; by default a `MemoryStore`.
        ttl: Seconds to keep an answer; by default until the store needs its place.
        key: What makes requests the same, in place of all their content; `None` from it means that
            this request's answer is not for the cache. The model counts in either case.

    Raises:
        InvalidInputError: `ttl` is not above zero, or the store is none.
    """
    return Cache(store, ttl=ttl, key=key)


class Cache:
    """A cache that models share: call it with a model to put it on. See `with_cache`."""

    def __init__(
        self,
        store: KeyValue | None = None,
        *,
        ttl: float | None = None,
        key: Callable[[Request], str | None] | None = None,
    ) -> None:
        number = isinstance(ttl, int | float) and not isinstance(ttl, bool)
        if ttl is not None and not (number and 0 < ttl < math.inf):
            raise invalid_input(f"ttl must be a number of seconds above 0; got {ttl!r}")
        keeps = [callable(getattr(store, verb, None)) for verb in ("get", "set", "delete")]
        if store is not None and (isinstance(store, type) or not all(keeps)):
            raise invalid_input(
                f"a cache keeps answers in a MemoryStore() or its like, which has "
                f"get, set and delete; got {store!r:.80}"
            )
        self.store: KeyValue = MemoryStore() if store is None else store
        self.flights: dict[str, Flight] = {}
        self._ttl, self._key = ttl, key
        self._tasks: TaskGroup | None = None
        self._entered = 0

    def __call__(self, model: ChatModel) -> Cached:
        """Put this cache on *model*."""
        return Cached(model, self)

    async def __aenter__(self) -> Self:
        """Own the requests that are shared, until the block is left."""
        if not self._entered:
            tasks = anyio.create_task_group()
            await tasks.__aenter__()
            self._tasks = tasks
        self._entered += 1
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Cancel what is under way and wait until it has cleaned up."""
        self._entered -= 1
        if self._entered or self._tasks is None:
            return
        tasks, self._tasks = self._tasks, None
        tasks.cancel_scope.cancel("the cache's block was left")
        await cleaned_up(tasks)

    @property
    def tasks(self) -> TaskGroup | None:
        """What owns the shared requests, if the cache is entered."""
        return self._tasks

    def key(self, model: ChatModel, request: Request) -> str | None:
        """Return the key under which *model*'s answer to *request* is kept, if it is."""
        if request.options.cache == "skip":
            return None
        if self._key is None:
            return cache_key(model, request)
        own: object = self._key(request)
        if own is None:
            return None
        if not isinstance(own, str):
            raise invalid_input(f"key must give a str or None; got {type(own).__name__}")
        return f"{model.info.provider}:{model.model_id}:{own}"

    async def recall(self, key: str) -> AIMessage | None:
        """Return the answer that is kept under *key*; one that cannot be read is none."""
        kept = await self.store.get(key)
        try:
            return None if kept is None else _decode(kept)
        except msgspec.MsgspecError:
            return None

    async def keep(self, key: str, message: AIMessage) -> None:
        """Keep *message* under *key*."""
        plain = msgspec.structs.replace(message, spent=Spent())
        await self.store.set(key, msgspec.json.encode(plain), ttl=self._ttl)


class Cached(Wrapper):
    """A model with a cache. Entering it enters the cache too."""

    def __init__(self, inner: ChatModel, cache: Cache) -> None:
        super().__init__(inner)
        self._cache = cache

    async def __aenter__(self) -> Self:
        """Enter the cache and return the model."""
        await self._cache.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave the cache and close the model."""
        try:
            await self._cache.__aexit__(exc_type, exc, traceback)
        finally:
            await self.aclose()

    async def respond(self, request: Request, fx: Effects) -> Finish:
        """Answer from the cache, from a call that is under way, or from a new one."""
        key = self._cache.key(self.inner, request)
        if key is None:
            return await self.inner.respond(request, fx)
        place = f"{key} anew" if request.options.cache == "refresh" else key
        if fx.judge is not None:  # who has none is content with answers that a judge refuses
            place += " judged"
        while True:
            try:
                return await self._join(place, key, request, fx)
            except Abandoned:
                pass  # with its maker; somebody must begin again

    async def _join(self, place: str, key: str, request: Request, fx: Effects) -> Finish:
        flights = self._cache.flights
        flight = flights.get(place)
        leads = flight is None
        if flight is None:
            flight = flights[place] = Flight()
        follower = flight.join(fx.notify)
        try:
            if leads:
                return await self._lead(flight, follower, place, key, request, fx)
            fx.notify(CacheHit(key, shared=True))
            return await follower.follow(fx)
        except Abandoned:
            if follower.has_shown:
                await fx.emit([Restarted(_ABANDONED)])
            raise
        finally:
            flight.leave(follower)
            if not flight.followers:
                if flights.get(place) is flight:
                    del flights[place]
                with anyio.CancelScope(shield=True):
                    await flight.ended.wait()

    async def _lead(
        self,
        flight: Flight,
        follower: Follower,
        place: str,
        key: str,
        request: Request,
        fx: Effects,
    ) -> Finish:
        async def call(fx: Effects) -> Finish:
            try:
                return await self._ask(flight, key, request, fx)
            finally:
                if self._cache.flights.get(place) is flight:
                    del self._cache.flights[place]

        tasks = self._cache.tasks
        if tasks is not None:
            tasks.start_soon(flight.run, call, fx.until(math.inf))
            return await follower.follow(fx)
        if not request.streaming:  # nobody watches, so the chunks may come when the call is over
            await flight.run(call, fx)
            return await follower.follow(fx)
        try:
            async with anyio.create_task_group() as own:
                own.start_soon(flight.run, call, fx)
                finish = await follower.follow(fx)
        except BaseExceptionGroup as group:
            failure = sole_exception(group)
        else:
            return finish
        raise failure

    async def _ask(self, flight: Flight, key: str, request: Request, fx: Effects) -> Finish:
        cache = self._cache
        if request.options.cache != "refresh":
            kept = await cache.recall(key)
            if kept is not None:
                fx.notify(CacheHit(key))
                return await _replay(kept, fx)
        finish = await self.inner.respond(request, fx)
        if finish.reason in WHOLE:
            said = [chunk for batch in flight.batches for chunk in batch]
            await cache.keep(key, fold([*said, finish]))
            fx.notify(CacheStored(key))
        return finish


async def _replay(message: AIMessage, fx: Effects) -> Finish:
    chunks: list[Emission] = []
    finish = Finish("stop")
    for chunk in unfold(message):
        if isinstance(chunk, Finish):
            finish = chunk
        else:
            chunks.append(chunk)
    await fx.emit(chunks)
    return msgspec.structs.replace(finish, metadata={**finish.metadata, "cached": True})
