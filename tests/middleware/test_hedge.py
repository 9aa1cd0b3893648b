"""Second requests under virtual time: one answer's chunks, and both cleaned up."""

from __future__ import annotations

import math

import anyio
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beluga.effects import Effects
from beluga.errors import (
    InvalidInputError,
    ModelError,
    ProviderDownError,
    RateLimitError,
    error_for,
)
from beluga.events import AttemptEnded, Event, Hedged, HedgeWon
from beluga.hooks import Middleware
from beluga.middleware import with_hedge, with_retry
from beluga.model import ChatModel, Wrapper
from beluga.schema import AIMessage, Finish, Request
from beluga.testing import ScriptedModel, virtual_backends
from tests.doubles import FunctionModel, text
from tests.middleware.stage import DOWN, SLOW, WRONG, Raising, ask, down, reply

both_ways = pytest.mark.parametrize("streaming", [False, True])


def always(delay: float = 2.0) -> Middleware:
    """A hedge with a second request for every first one."""
    return with_hedge(delay, budget=1.0)


@both_ways
async def test_a_fast_answer_has_no_second_request(streaming: bool) -> None:
    scripted = ScriptedModel([reply(1.0, "fast")])
    message = await ask(always()(scripted), streaming=streaming)
    assert (message.text, message.spent.attempts) == ("fast", 1)


@both_ways
async def test_the_second_answers_for_a_slow_first(streaming: bool) -> None:
    events: list[Event] = []
    scripted = ScriptedModel([reply(60.0, "slow"), reply(1.0, "fast")])
    began = anyio.current_time()
    message = await ask(always()(scripted), streaming=streaming, events=events)
    assert message.text == "fast"
    assert anyio.current_time() - began == pytest.approx(3.0)
    assert Hedged("mock", "scripted", 2.0) in events
    assert HedgeWon("mock", "scripted", second=True) in events
    assert (message.spent.attempts, message.spent.estimated) == (2, True)
    ended = [event for event in events if isinstance(event, AttemptEnded)]
    assert sorted(event.abandoned for event in ended) == [False, True]


@both_ways
async def test_the_first_may_still_be_first(streaming: bool) -> None:
    events: list[Event] = []
    scripted = ScriptedModel([reply(3.0, "first"), reply(60.0, "second")])
    message = await ask(always()(scripted), streaming=streaming, events=events)
    assert message.text == "first"
    assert HedgeWon("mock", "scripted", second=False) in events
    assert message.spent.attempts == 2


@both_ways
async def test_both_in_one_tick_are_one_answer(streaming: bool) -> None:
    scripted = ScriptedModel([reply(3.0, "a", "b", "c"), reply(1.0, "x", "y", "z")])
    message = await ask(always()(scripted), streaming=streaming)
    assert message.text in {"abc", "xyz"}
    assert message.spent.attempts == 2


@both_ways
async def test_a_first_that_fails_early_starts_the_second_at_once(streaming: bool) -> None:
    events: list[Event] = []
    scripted = ScriptedModel([[0.5, down()], "Hi"])
    began = anyio.current_time()
    message = await ask(always()(scripted), streaming=streaming, events=events)
    assert message.text == "Hi"
    assert anyio.current_time() - began == pytest.approx(0.5)
    assert Hedged("mock", "scripted", 0.5, DOWN) in events


@both_ways
@pytest.mark.parametrize("failure", [WRONG, SLOW, msgspec.structs.replace(DOWN, local=True)])
async def test_a_failure_that_lasts_or_asks_to_wait_starts_none(
    failure: object, streaming: bool
) -> None:
    error = error_for(failure)
    model = Raising(error)
    with pytest.raises(ModelError) as raised:
        await ask(always()(model), streaming=streaming)
    assert raised.value is error
    assert model.asked == 1


@both_ways
async def test_one_failure_waits_for_the_other_request(streaming: bool) -> None:
    for first, second in [
        ([5.0, down()], reply(10.0, "Hi")),
        (reply(10.0, "Hi"), [1.0, down()]),
        (reply(10.0, "Hi"), [1.0, error_for(WRONG)]),
    ]:
        message = await ask(always()(ScriptedModel([first, second])), streaming=streaming)
        assert (message.text, message.spent.attempts) == ("Hi", 2)


@both_ways
async def test_if_both_fail_the_later_failure_is_raised(streaming: bool) -> None:
    later = error_for(SLOW)
    for replies in ([[5.0, down()], [4.0, later]], [[9.0, later], [4.0, down()]]):
        with pytest.raises(RateLimitError) as raised:
            await ask(always()(ScriptedModel(replies)), streaming=streaming)
        assert raised.value.failure is later.failure


async def test_without_a_watcher_the_last_partial_is_kept() -> None:
    replies = [reply("a", 5.0, failure=DOWN), reply("b", 9.0, failure=DOWN)]
    with pytest.raises(ProviderDownError) as raised:
        await ask(always()(ScriptedModel(replies)), streaming=False)
    assert raised.value.partial is not None
    assert raised.value.partial.text == "b"


async def test_without_a_watcher_content_decides_nothing_before_its_end() -> None:
    scripted = ScriptedModel([reply("a", 5.0, failure=DOWN), reply(20.0, "whole")])
    assert (await ask(always()(scripted), streaming=False)).text == "whole"


async def test_content_takes_the_gate_for_good() -> None:
    scripted = ScriptedModel([reply(3.0, "a", 1.0, failure=DOWN), reply(20.0, "whole")])
    with pytest.raises(ProviderDownError) as raised:
        await ask(always()(scripted), streaming=True)
    assert raised.value.partial is not None
    assert raised.value.partial.text == "a"


class Stubborn:
    """Answer after a while; take two seconds to clean up, and try to emit once more then."""

    def __init__(self, *delays: float) -> None:
        self.delays = delays
        self.begun = self.cleaned = 0

    async def __call__(self, request: Request, fx: Effects) -> Finish:
        number = self.begun
        self.begun += 1
        try:
            await anyio.sleep(self.delays[number])
            for piece in range(3):
                await fx.emit(text(f"{number}.{piece} "))
            return Finish("stop")
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(2)
                self.cleaned += 1


@both_ways
@pytest.mark.parametrize("delays", [(60.0, 1.0), (3.0, 1.0), (3.0, 60.0), (2.5, 0.5)])
async def test_both_are_cleaned_up_before_the_answer_ends(
    delays: tuple[float, float], streaming: bool
) -> None:
    stubborn = Stubborn(*delays)
    message = await ask(always()(FunctionModel(stubborn)), streaming=streaming)
    assert message.text in {"0.0 0.1 0.2 ", "1.0 1.1 1.2 "}
    assert stubborn.begun == stubborn.cleaned == 2


@both_ways
async def test_cancelled_both_are_cleaned_up(streaming: bool) -> None:
    stubborn = Stubborn(60.0, 60.0)
    with anyio.move_on_after(5) as scope:
        await ask(always()(FunctionModel(stubborn)), streaming=streaming)
    assert scope.cancelled_caught
    assert stubborn.begun == stubborn.cleaned == 2


async def test_a_stream_that_is_left_early_cleans_both_up() -> None:
    stubborn = Stubborn(60.0, 1.0)
    async with always()(FunctionModel(stubborn)).stream("Hi") as chunks:
        await chunks.__anext__()
    assert stubborn.begun == stubborn.cleaned == 2


@both_ways
async def test_a_bug_passes_alone_and_in_no_group(streaming: bool) -> None:
    bug = ValueError("a bug")
    for replies in ([[3.0, bug], [60.0]], [[60.0], [1.0, bug]], [[1.0, bug]]):
        with pytest.raises(ValueError, match="a bug") as raised:
            await ask(always()(ScriptedModel(replies)), streaming=streaming)
        assert raised.value is bug


class Refusing(Wrapper):
    """Raise where chunks come out."""

    def __init__(self, inner: ChatModel, error: Exception) -> None:
        super().__init__(inner)
        self.error = error

    async def respond(self, request: Request, fx: Effects) -> Finish:
        async def emit(chunks: object) -> None:
            raise self.error

        return await self.inner.respond(request, fx.emitting(emit))


@both_ways
@pytest.mark.parametrize("error", [ValueError("no"), error_for(DOWN)])
async def test_what_stands_outside_may_refuse_chunks(error: Exception, streaming: bool) -> None:
    scripted = ScriptedModel([reply(60.0, "a"), reply(1.0, "b")])
    with pytest.raises(type(error)) as raised:
        await ask(Refusing(always()(scripted), error), streaming=streaming)
    assert raised.value is error


@both_ways
async def test_at_most_a_share_of_requests_has_a_second(streaming: bool) -> None:
    second = 0

    async def answer(request: Request, fx: Effects) -> Finish:
        await anyio.sleep(3)
        await fx.emit(text("Hi"))
        return Finish("stop")

    def count(event: Event) -> None:
        nonlocal second
        second += isinstance(event, Hedged)

    hedge = with_hedge(1.0, budget=0.25)
    models = [hedge(FunctionModel(answer)) for _ in range(2)]
    for number in range(1, 41):
        events: list[Event] = []
        await ask(models[number % 2], streaming=streaming, events=events)
        for event in events:
            count(event)
        assert second == number // 4


@both_ways
async def test_failures_are_within_the_budget_too(streaming: bool) -> None:
    scripted = ScriptedModel([down()] * 11)
    model = with_hedge(1.0, budget=0.1)(scripted)
    for _ in range(10):
        with pytest.raises(ProviderDownError):
            await ask(model, streaming=streaming)
    assert len(scripted.requests) <= 11


@both_ways
async def test_the_delay_is_learned(streaming: bool) -> None:
    usual = [reply(1.0, "Hi", 5.0)] * 15
    model = with_hedge(budget=1 / 16)(ScriptedModel([*usual, reply(60.0, "a"), reply("b")]))
    for _ in usual:
        assert (await ask(model, streaming=streaming)).spent.attempts == 1
    events: list[Event] = []
    message = await ask(model, streaming=streaming, events=events)
    [hedged] = [event for event in events if isinstance(event, Hedged)]
    assert hedged.seconds == pytest.approx(1.0 if streaming else 6.0)
    assert message.text == "b"


@both_ways
async def test_a_delay_that_is_learned_does_not_shrink_by_hedging(streaming: bool) -> None:
    """What was cut short by its hedge is known to have been slow, and counts as that."""
    usual, hedged = [reply(10.0, "Hi")] * 10, [reply(60.0, "a"), reply(1.0, "b")] * 12
    model = with_hedge(budget=1.0, percentile=50.0)(ScriptedModel([*usual, *hedged]))
    events: list[Event] = []
    for _ in range(22):
        await ask(model, streaming=streaming, events=events)
    delays = [event.seconds for event in events if isinstance(event, Hedged)]
    assert delays == pytest.approx([10.0] * 12)


async def test_how_the_loser_fails_is_of_no_account() -> None:
    asked = 0

    async def answer(request: Request, fx: Effects) -> Finish:
        nonlocal asked
        asked += 1
        if asked == 2:
            await fx.emit(text("b"))
            await anyio.sleep(1)
            raise error_for(DOWN)
        try:
            return await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(3)
            raise error_for(WRONG)

    with pytest.raises(ProviderDownError):
        await ask(always()(FunctionModel(answer)), streaming=True)


pieces = st.lists(st.sampled_from(["a", "b", "", 0.5, 1.0, 2.0, 3.0]), max_size=5)
ends = st.none() | st.sampled_from([DOWN, SLOW, WRONG])


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@given(
    pieces,
    ends,
    st.lists(st.sampled_from(["x", "y", "", 0.5, 1.0, 2.0, 3.0]), max_size=5),
    ends,
    st.sampled_from([0.0, 0.5, 1.0, 2.0]),
    st.booleans(),
)
def test_any_race_is_one_answer(
    backend: str,
    first: list,
    first_end: object,
    second: list,
    second_end: object,
    delay: float,
    streaming: bool,
) -> None:
    scripted = ScriptedModel([reply(*first, failure=first_end), reply(*second, failure=second_end)])
    ended: list[AIMessage | ModelError] = []
    events: list[Event] = []

    async def main() -> None:
        try:
            ended.append(await ask(always(delay)(scripted), streaming=streaming, events=events))
        except ModelError as error:
            ended.append(error)

    anyio.run(main, backend=backend, backend_options=virtual_backends()[backend])
    [end] = ended
    texts = ["".join([s for s in steps if isinstance(s, str)]) for steps in (first, second)]
    good = [t for t, e in zip(texts, (first_end, second_end), strict=True) if e is None]
    asked = len(scripted.requests)
    if isinstance(end, AIMessage):
        assert end.text in good
        assert end.spent.attempts == asked
    else:
        assert end.failure in {first_end, second_end}
        partial = "" if end.partial is None else end.partial.text
        assert any(whole.startswith(partial) for whole in texts)
        if not streaming:
            assert None not in (first_end, second_end)[:asked]
    assert len([event for event in events if isinstance(event, AttemptEnded)]) == asked
    assert len([event for event in events if isinstance(event, HedgeWon)]) <= 1


@both_ways
async def test_a_retry_outside_knows_of_both_failures(streaming: bool) -> None:
    scripted = ScriptedModel([[3.0, down()], [1.5, down()], "Hi"])
    message = await ask(with_retry(base=0.0)(always()(scripted)), streaming=streaming)
    assert (message.text, message.spent.attempts) == ("Hi", 3)


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"delay": -1}, "delay is a number of seconds"),
        ({"delay": math.inf}, "delay"),
        ({"delay": "1"}, "delay"),
        ({"budget": 0}, "budget is a share"),
        ({"budget": 1.5}, "budget"),
        ({"budget": math.nan}, "budget"),
        ({"percentile": 101}, "percentile is from 0 to 100"),
    ],
)
def test_what_makes_no_sense_is_refused(given: dict[str, float], fault: str) -> None:
    with pytest.raises(InvalidInputError, match=fault):
        with_hedge(**given)
