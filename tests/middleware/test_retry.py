"""Retries under virtual time, asked either way."""

from __future__ import annotations

import math

import anyio
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import beluga
from beluga.effects import Effects
from beluga.errors import (
    AuthError,
    IncompleteStreamError,
    ModelError,
    ModelTimeoutError,
    ProviderDownError,
    RateLimitError,
    error_for,
)
from beluga.events import Attempted, AttemptEnded, Event, Retried
from beluga.middleware import with_retry
from beluga.schema import Finish, Request, Restarted, TextDelta
from beluga.testing import ScriptedModel, virtual_backends
from tests.doubles import FunctionModel, text
from tests.middleware.stage import DOWN, SLOW, WRONG, Raising, ask, down, reply

both_ways = pytest.mark.parametrize("streaming", [False, True])


@both_ways
async def test_a_failure_that_passes_is_not_seen(streaming: bool) -> None:
    events: list[Event] = []
    model = with_retry()(ScriptedModel([down(), down(), reply("Hi ", "there")]))
    message = await ask(model, streaming=streaming, events=events)
    assert message.text == "Hi there"
    assert message.spent.attempts == 3
    assert [type(event) for event in events] == [
        Attempted, AttemptEnded, Retried, Attempted, AttemptEnded, Retried, Attempted, AttemptEnded,
    ]  # fmt: skip
    retried = [event for event in events if isinstance(event, Retried)]
    assert [(event.failure, event.attempt) for event in retried] == [(DOWN, 2), (DOWN, 3)]
    assert anyio.current_time() is not None


@both_ways
async def test_a_providers_wish_is_waited_for(streaming: bool) -> None:
    model = with_retry()(ScriptedModel([error_for(SLOW), "Hi"]))
    began = anyio.current_time()
    await ask(model, streaming=streaming)
    assert anyio.current_time() - began == pytest.approx(7.0)


@both_ways
async def test_a_wish_beyond_the_cap_is_raised_at_once(streaming: bool) -> None:
    wish = error_for(msgspec.structs.replace(SLOW, retry_after=3600.0))
    model = with_retry()(Raising(wish))
    began = anyio.current_time()
    with pytest.raises(RateLimitError) as raised:
        await ask(model, streaming=streaming)
    assert raised.value is wish
    assert raised.value.retry_after == 3600.0
    assert anyio.current_time() == began


@both_ways
async def test_the_last_failure_is_raised_as_it_came(streaming: bool) -> None:
    last = down(message="the third")
    model = Raising(down(), down(), last)
    with pytest.raises(ProviderDownError) as raised:
        await ask(with_retry()(model), streaming=streaming)
    assert raised.value is last
    assert raised.value.__cause__ is None
    assert model.asked == 3


@both_ways
async def test_what_lasts_is_not_tried_again(streaming: bool) -> None:
    scripted = ScriptedModel([error_for(WRONG)])
    with pytest.raises(ModelError):
        await ask(with_retry()(scripted), streaming=streaming)
    assert len(scripted.requests) == 1


@both_ways
async def test_what_is_no_failure_of_a_model_passes(streaming: bool) -> None:
    bug = ValueError("a bug")
    scripted = ScriptedModel([bug])
    with pytest.raises(ValueError, match="a bug") as raised:
        await ask(with_retry()(scripted), streaming=streaming)
    assert raised.value is bug
    assert len(scripted.requests) == 1


async def test_a_watcher_sees_one_attempt_once_there_is_content() -> None:
    scripted = ScriptedModel([reply("once ", failure=DOWN), "never"])
    with pytest.raises(ProviderDownError) as raised:
        await ask(with_retry()(scripted), streaming=True)
    assert raised.value.partial is not None
    assert raised.value.partial.text == "once "
    assert len(scripted.requests) == 1


async def test_without_a_watcher_an_attempt_begins_anew_even_after_content() -> None:
    scripted = ScriptedModel([reply("once ", failure=DOWN), reply("upon")])
    message = await ask(with_retry()(scripted), streaming=False)
    assert message.text == "upon"
    assert message.spent.attempts == 2


async def test_without_a_watcher_the_last_attempt_leaves_its_partial() -> None:
    scripted = ScriptedModel([reply("a", failure=DOWN), reply("b", failure=DOWN)])
    with pytest.raises(ProviderDownError) as raised:
        await ask(with_retry(2)(scripted), streaming=False)
    assert raised.value.partial is not None
    assert raised.value.partial.text == "b"


@both_ways
async def test_an_empty_delta_is_no_content_and_is_shown_once(streaming: bool) -> None:
    model = with_retry()(ScriptedModel([reply("", failure=DOWN), reply("", "Hi")]))
    seen: list[str] = []
    async with model.stream("Hi") as chunks:
        async for chunk in chunks:
            seen.append(chunk.text if isinstance(chunk, TextDelta) else "end")
    assert seen == ["", "Hi", "end"]


async def test_after_a_restart_nothing_stands_and_another_attempt_may_begin() -> None:
    begun = [TextDelta("a"), Restarted(DOWN), error_for(DOWN)]
    message = await ask(with_retry()(ScriptedModel([begun, reply("b")])), streaming=True)
    assert message.text == "b"


@both_ways
async def test_an_answer_that_breaks_off_before_content_is_tried_again(streaming: bool) -> None:
    assert (await ask(with_retry()(ScriptedModel([[], "Hi"])), streaming=streaming)).text == "Hi"


async def test_an_answer_that_breaks_off_in_its_midst_is_not() -> None:
    with pytest.raises(IncompleteStreamError):
        await ask(with_retry()(ScriptedModel([[TextDelta("a")], "Hi"])), streaming=True)


@both_ways
async def test_no_wait_goes_beyond_the_deadline(streaming: bool) -> None:
    scripted = ScriptedModel([error_for(SLOW), "never"])
    model = with_retry()(scripted).with_options(timeout=7.0)
    began = anyio.current_time()
    with pytest.raises(RateLimitError):
        await ask(model, streaming=streaming)
    assert anyio.current_time() == began


@both_ways
async def test_the_deadline_is_that_of_all_attempts(streaming: bool) -> None:
    scripted = ScriptedModel([[4.0, down()], [4.0, down()], [4.0, down()]])
    model = with_retry(base=0.0)(scripted).with_options(timeout=10.0)
    began = anyio.current_time()
    with pytest.raises(ModelTimeoutError, match="total time of 10 s"):
        await ask(model, streaming=streaming)
    assert anyio.current_time() - began == pytest.approx(10.0)


@both_ways
async def test_cancellation_is_followed_by_no_attempt(streaming: bool) -> None:
    scripted = ScriptedModel([[60.0], "never"])
    with anyio.move_on_after(1) as scope:
        await ask(with_retry()(scripted), streaming=streaming)
    assert scope.cancelled_caught
    assert len(scripted.requests) == 1


@both_ways
async def test_a_cancelled_wait_is_left(streaming: bool) -> None:
    scripted = ScriptedModel([error_for(SLOW), "never"])
    with anyio.move_on_after(1) as scope:
        await ask(with_retry()(scripted), streaming=streaming)
    assert scope.cancelled_caught
    assert len(scripted.requests) == 1


async def test_what_a_watcher_raises_is_no_attempts_failure() -> None:
    asked = 0

    async def answer(request: Request, fx: Effects) -> Finish:
        nonlocal asked
        asked += 1
        await fx.emit(text("a"))
        return Finish("stop")

    class Strict(beluga.Wrapper):
        async def respond(self, request: Request, fx: Effects) -> Finish:
            async def emit(chunks: object) -> None:
                raise error_for(DOWN)

            return await self.inner.respond(request, fx.emitting(emit))

    model = Strict(with_retry()(FunctionModel(answer)))
    for streaming in (True, False):
        with pytest.raises(ProviderDownError):
            await ask(model, streaming=streaming)
    assert asked == 2


async def test_everything_else_is_the_models() -> None:
    scripted = ScriptedModel([], model_id="m").with_options(temperature=0.5)
    model = with_retry()(scripted)
    assert (model.model_id, model.info, model.defaults) == ("m", scripted.info, scripted.defaults)


attempt_scripts = st.tuples(
    st.lists(st.sampled_from(["", "a", "b", 0.5, 3.0]), max_size=4),
    st.none() | st.sampled_from([DOWN, SLOW, WRONG]),
)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@given(
    st.lists(attempt_scripts, min_size=1, max_size=5),
    st.integers(1, 4),
    st.booleans(),
    st.just(math.inf) | st.sampled_from([0.2, 5.0, 12.0]),
)
def test_any_schedule(
    backend: str, scripts: list, attempts: int, streaming: bool, total: float
) -> None:
    """No second attempt after content, none beyond the number or the deadline; never two joined."""
    scripted = ScriptedModel([*[reply(*steps, failure=f) for steps, f in scripts], *["end"] * 4])
    model = with_retry(attempts)(scripted).with_options(timeout=total)
    ended: list[beluga.AIMessage | ModelError] = []

    async def main() -> None:
        began = anyio.current_time()
        try:
            ended.append(await ask(model, streaming=streaming))
        except ModelError as error:
            ended.append(error)
        assert anyio.current_time() - began <= total

    anyio.run(main, backend=backend, backend_options=virtual_backends()[backend])
    asked = len(scripted.requests)
    assert asked <= attempts
    told = ["".join([s for s in steps if isinstance(s, str)]) for steps, _ in scripts] + ["end"] * 4
    [end] = ended
    last = told[asked - 1]
    if isinstance(end, beluga.AIMessage):
        assert end.text == last
        assert end.spent.attempts == asked
    elif end.partial is not None:
        assert last.startswith(end.partial.text)
    if streaming:
        assert not any(told[: asked - 1]), "an attempt was made after content"
    for _, failure in scripts[: asked - 1]:
        assert failure is not None
        assert failure.retryable


async def test_the_key_to_a_retry_is_the_word_of_the_failure() -> None:
    odd = AuthError(msgspec.structs.replace(DOWN, code="auth_error", retryable=True))
    assert (await ask(with_retry()(ScriptedModel([odd, "Hi"])), streaming=False)).text == "Hi"
