"""The breaker round a model, under virtual time, asked either way."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import pytest

from beluga.effects import Clock
from beluga.errors import ModelError, ProviderDownError, error_for
from beluga.events import BreakerClosed, BreakerOpened, Event
from beluga.health.breaker import (
    Breaker,
    BreakerChange,
    BreakerPolicy,
    BreakerState,
    LocalBreaker,
    Permit,
    Refusal,
    Verdict,
)
from beluga.middleware import with_breaker, with_fallback, with_retry
from beluga.model import ChatModel
from beluga.schema import Failure
from beluga.testing import Reply, ScriptedModel
from tests.middleware.stage import DOWN, WRONG, ask, down, reply

both_ways = pytest.mark.parametrize("streaming", [False, True])


async def outcomes(model: ChatModel, times: int, *, streaming: bool) -> list[str]:
    told: list[str] = []
    for _ in range(times):
        try:
            told.append((await ask(model, streaming=streaming)).text)
        except ModelError as error:
            told.append("refused" if error.local else error.code)
    return told


@both_ways
async def test_it_opens_is_probed_and_closes(streaming: bool) -> None:
    events: list[Event] = []
    scripted = ScriptedModel([down(), down(), down(), down(), "well", "well"])
    model = with_breaker(3, 10.0)(scripted)
    assert (
        await outcomes(model, 5, streaming=streaming)
        == ["provider_unavailable"] * 3 + ["refused"] * 2
    )
    await anyio.sleep(4)
    with pytest.raises(ProviderDownError, match="tried again in 6 s") as raised:
        await ask(model, streaming=streaming)
    assert raised.value.retry_after == pytest.approx(6.0)
    assert raised.value.retryable
    await anyio.sleep(6)
    assert await outcomes(model, 2, streaming=streaming) == ["provider_unavailable", "refused"]
    await anyio.sleep(10)
    await ask(model, streaming=streaming, events=events)
    assert BreakerClosed("mock", "scripted") in events
    assert await outcomes(model, 1, streaming=streaming) == ["well"]
    assert len(scripted.requests) == 6


@both_ways
async def test_what_opened_it_is_told(streaming: bool) -> None:
    events: list[Event] = []
    model = with_breaker(1)(ScriptedModel([down()]))
    with pytest.raises(ModelError):
        await ask(model, streaming=streaming, events=events)
    assert events[-1] == BreakerOpened("mock", "scripted", DOWN)


@both_ways
@pytest.mark.parametrize(
    "failure",
    [
        WRONG,
        Failure("auth_error", "no key"),
        Failure("rate_limit", "a limit of our own", local=True, retryable=True),
        Failure("provider_unavailable", "another breaker", local=True, retryable=True),
    ],
)
async def test_what_says_nothing_of_health_opens_nothing(failure: Failure, streaming: bool) -> None:
    scripted = ScriptedModel([error_for(failure)] * 5 + ["Hi"])
    model = with_breaker(1)(scripted)
    await outcomes(model, 5, streaming=streaming)
    assert (await ask(model, streaming=streaming)).text == "Hi"


@both_ways
async def test_a_success_ends_a_row(streaming: bool) -> None:
    replies: list[Reply] = [down(), "Hi", down(), "Hi", down(), down()]
    model = with_breaker(2)(ScriptedModel(replies))
    told = await outcomes(model, 7, streaming=streaming)
    assert told == [*["provider_unavailable", "Hi"] * 2, *["provider_unavailable"] * 2, "refused"]


@both_ways
async def test_what_was_cancelled_is_no_failure(streaming: bool) -> None:
    scripted = ScriptedModel([[60.0], [60.0], "Hi"])
    model = with_breaker(1)(scripted)
    for _ in range(2):
        with anyio.move_on_after(1):
            await ask(model, streaming=streaming)
    assert (await ask(model, streaming=streaming)).text == "Hi"


@both_ways
async def test_a_cancelled_probe_gives_way_to_another(streaming: bool) -> None:
    model = with_breaker(1, 10.0)(ScriptedModel([down(), [60.0], "Hi"]))
    await outcomes(model, 1, streaming=streaming)
    await anyio.sleep(10)
    with anyio.move_on_after(1):
        await ask(model, streaming=streaming)
    assert (await ask(model, streaming=streaming)).text == "Hi"


@both_ways
async def test_there_is_one_probe_at_a_time(streaming: bool) -> None:
    scripted = ScriptedModel([down(), reply(5.0, "Hi"), "then"])
    model = with_breaker(1, 10.0)(scripted)
    await outcomes(model, 1, streaming=streaming)
    await anyio.sleep(10)
    told: list[str] = []

    async def one() -> None:
        told.extend(await outcomes(model, 1, streaming=streaming))

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(one)
    assert sorted(told) == ["Hi"] + ["refused"] * 19
    assert await outcomes(model, 1, streaming=streaming) == ["then"]


async def test_a_probe_closes_it_with_its_first_content() -> None:
    scripted = ScriptedModel([down(), reply("a", 100.0, "b"), "meanwhile"])
    model = with_breaker(1, 10.0)(scripted)
    await outcomes(model, 1, streaming=True)
    await anyio.sleep(10)
    async with model.stream("Hi") as chunks:
        await chunks.__anext__()
        assert (await model.generate("Hi")).text == "meanwhile"
        assert (await chunks.message()).text == "ab"


async def test_what_is_no_content_closes_nothing() -> None:
    scripted = ScriptedModel([down(), reply("", 5.0, failure=DOWN)])
    model = with_breaker(1, 10.0)(scripted)
    await outcomes(model, 1, streaming=True)
    await anyio.sleep(10)
    events: list[Event] = []
    with pytest.raises(ProviderDownError):
        await ask(model, streaming=True, events=events)
    assert not [event for event in events if isinstance(event, BreakerClosed)]


async def test_what_breaks_off_counts_also_after_content() -> None:
    scripted = ScriptedModel([reply("a", failure=DOWN)])
    assert await outcomes(with_breaker(1)(scripted), 2, streaming=True) == [
        "provider_unavailable",
        "refused",
    ]


async def test_one_value_is_one_breaker() -> None:
    breaker = with_breaker(1)
    first, second = breaker(ScriptedModel([down()])), breaker(ScriptedModel([]))
    await outcomes(first, 1, streaming=False)
    assert await outcomes(second, 1, streaming=False) == ["refused"]
    assert await outcomes(with_breaker(1)(ScriptedModel(["Hi"])), 1, streaming=False) == ["Hi"]


@both_ways
async def test_a_refusal_is_waited_for_by_a_retry_and_survived_by_a_fallback(
    streaming: bool,
) -> None:
    model = with_retry()(with_breaker(1, 10.0)(ScriptedModel([down(), "Hi"])))
    began = anyio.current_time()
    assert (await ask(model, streaming=streaming)).text == "Hi"
    assert 10 <= anyio.current_time() - began < 11
    broken = with_breaker(1)(ScriptedModel([down()]))
    await outcomes(broken, 1, streaming=streaming)
    assert (await ask(with_fallback(ScriptedModel(["b"]))(broken), streaming=streaming)).text == "b"


class Slow:
    """A state that is kept far away."""

    def __init__(self) -> None:
        self.breaker = LocalBreaker(BreakerPolicy(1))
        self.settled: list[Verdict] = []

    async def admit(self, clock: Clock, /) -> Permit | Refusal:
        await anyio.sleep(1)
        return await self.breaker.admit(clock)

    async def settle(
        self, permit: Permit, verdict: Verdict, clock: Clock, /
    ) -> BreakerChange | None:
        await anyio.sleep(1)
        self.settled.append(verdict)
        return await self.breaker.settle(permit, verdict, clock)


@both_ways
async def test_the_state_may_be_elsewhere_and_is_told_of_the_cancelled_too(streaming: bool) -> None:
    state = Slow()
    kept: BreakerState = state
    model = with_breaker(state=kept)(ScriptedModel(["Hi", [60.0], ValueError("a bug"), down()]))
    await ask(model, streaming=streaming)
    with anyio.move_on_after(5):
        await ask(model, streaming=streaming)
    with pytest.raises(ValueError, match="a bug"):
        await ask(model, streaming=streaming)
    assert await outcomes(model, 2, streaming=streaming) == ["provider_unavailable", "refused"]
    assert state.settled == ["well", "unknown", "unknown", "failed"]


def late(results: Sequence[Verdict]) -> Breaker:
    breaker = Breaker(BreakerPolicy(2, 10.0))
    permits = [breaker.admit(0.0) for _ in results]
    for permit, verdict in zip(permits, results, strict=True):
        assert isinstance(permit, Permit)
        breaker.settle(permit, verdict, 0.0)
    return breaker


def test_what_ends_after_it_opened_changes_nothing() -> None:
    breaker = late(["failed", "failed", "well", "failed", "failed"])
    assert breaker.admit(9.0) == Refusal(1.0)
    assert breaker.admit(10.0) == Permit(1, probe=True)


async def test_a_probe_that_breaks_off_after_content_opens_it_again() -> None:
    scripted = ScriptedModel([down(), reply("a", failure=DOWN)])
    model = with_breaker(1, 10.0)(scripted)
    assert await outcomes(model, 1, streaming=True) == ["provider_unavailable"]
    await anyio.sleep(10)
    assert await outcomes(model, 2, streaming=True) == ["provider_unavailable", "refused"]
