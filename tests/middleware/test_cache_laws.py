"""Laws of sharing a call, for any arrivals, paces and cancellations."""

from __future__ import annotations

import anyio
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beluga.effects import Effects
from beluga.middleware.cache import with_cache
from beluga.schema import Finish, Request, TextDelta, fold
from beluga.testing import virtual_backends
from tests.doubles import FunctionModel, text

WORDS = 10


class Caller(msgspec.Struct, frozen=True):
    """Who asks: when, whether it watches, how slowly, and when it is cancelled, if it is."""

    at: float
    streaming: bool
    pause: float
    cancelled_after: float | None


CALLERS = st.lists(
    st.builds(
        Caller,
        at=st.sampled_from([0.0, 0.3, 2.0, 5.5, 9.9]),
        streaming=st.booleans(),
        pause=st.sampled_from([0.0, 0.0, 3.0]),
        cancelled_after=st.none() | st.sampled_from([0.0, 0.2, 1.0, 3.7, 8.0]),
    ).filter(
        # Whoever leaves in the very tick in which the one who stays comes may have been alone.
        lambda caller: caller.at > 0 or caller.cancelled_after != 0
    ),
    max_size=6,
)


async def run(callers: list[Caller], entered: bool) -> None:
    calls, under_way = 0, 0
    whole: list[float] = []

    async def answer(request: Request, fx: Effects) -> Finish:
        nonlocal calls, under_way
        calls += 1
        under_way += 1
        assert under_way == 1  # never two at once
        try:
            for n in range(WORDS):
                await anyio.sleep(1)
                await fx.emit(text(f"{n} "))
        finally:
            under_way -= 1
        whole.append(anyio.current_time())
        return Finish("stop")

    cache = with_cache()
    model = cache(FunctionModel(answer)).with_options(timeout=1e6)
    cancelled, answers = 0, list[str]()

    async def ask(caller: Caller) -> None:
        nonlocal cancelled
        await anyio.sleep(caller.at)
        with anyio.move_on_after(caller.cancelled_after) as scope:
            if not caller.streaming:
                answers.append((await model.generate("Hi")).text)
                return
            async with model.stream("Hi") as chunks:
                seen = []
                async for chunk in chunks:
                    seen.append(chunk)
                    await anyio.sleep(caller.pause if isinstance(chunk, TextDelta) else 0)
            answers.append(fold(seen).text)
        cancelled += scope.cancelled_caught

    start = anyio.current_time()
    # One stays to the end, whoever leads; the others come and go.
    everybody = [*callers, Caller(0.0, True, 0.0, None)]
    async with anyio.create_task_group() as tasks:
        if entered:
            await cache.__aenter__()
        try:
            async with anyio.create_task_group() as group:
                for caller in everybody:
                    group.start_soon(ask, caller)
        finally:
            if entered:
                await cache.__aexit__(None, None, None)
        tasks.cancel_scope.cancel()
    assert calls == 1 if entered else 1 <= calls <= 1 + cancelled
    if entered:
        assert whole == [pytest.approx(start + WORDS)]  # at its own pace
    assert answers == ["".join([f"{n} " for n in range(WORDS)])] * (len(everybody) - cancelled)
    assert cache.flights == {}


@settings(max_examples=60, deadline=None)
@given(CALLERS, st.booleans())
def test_laws(callers: list[Caller], entered: bool) -> None:
    for name, options in virtual_backends().items():
        anyio.run(run, callers, entered, backend=name, backend_options=options)
