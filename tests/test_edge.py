"""The edge: what a model may emit and raise, and what its caller sees of that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anyio
import msgspec
import pytest

from beluga.effects import Effects
from beluga.errors import (
    AuthError,
    ModelError,
    ModelTimeoutError,
    ProviderDownError,
    RateLimitError,
    error_for,
)
from beluga.hooks import Hooks, with_hooks
from beluga.middleware import with_breaker, with_hedge, with_retry
from beluga.model import ChatModel, Wrapper
from beluga.schema import (
    AIMessage,
    Failure,
    Finish,
    Request,
    Restarted,
    StreamChunk,
    TextDelta,
)
from beluga.testing import ScriptedModel
from tests.doubles import SLOW_DOWN, FunctionModel, text

both_ways = pytest.mark.parametrize("streaming", [False, True])

DOWN = Failure("provider_unavailable", "down", retryable=True)
DENIED = Failure("auth_error", "no such key")


async def ask(model: ChatModel, *, streaming: bool) -> AIMessage:
    if not streaming:
        return await model.generate("Hi")
    async with model.stream("Hi") as chunks:
        return await chunks.message()


def emitting(given: Any) -> ChatModel:
    async def answer(request: Request, fx: Effects) -> Finish:
        await fx.emit(text("a"))
        await fx.emit(given)
        return Finish("stop")

    return FunctionModel(answer)


@both_ways
@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ([Finish("stop")], "respond returns its Finish"),
        ([TextDelta("b"), Finish("stop")], "respond returns its Finish"),
        (["b"], r"emit takes chunks .* given 'b'"),
        ([None], "emit takes chunks"),
        ([AIMessage("b")], "emit takes chunks"),
        ("b", "emit takes a sequence of chunks; it was given 'b'"),
        (TextDelta("b"), "emit takes a sequence of chunks"),
        ({TextDelta("b")}, "emit takes a sequence of chunks"),
        ((c for c in text("b")), "emit takes a sequence of chunks"),
    ],
)
async def test_what_is_no_chunk_is_a_bug_that_is_named(
    given: Any, fault: str, streaming: bool
) -> None:
    with pytest.raises(TypeError, match=fault):
        await ask(emitting(given), streaming=streaming)


class Pieces(Sequence[StreamChunk]):
    """A sequence that is neither a list nor a tuple."""

    def __init__(self, *chunks: StreamChunk) -> None:
        self._chunks = chunks

    def __getitem__(self, place: Any) -> Any:
        return self._chunks[place]

    def __len__(self) -> int:
        return len(self._chunks)


class OwnDelta(TextDelta, frozen=True):
    """A chunk that somebody has made a class of their own for."""


@both_ways
@pytest.mark.parametrize("given", [Pieces(TextDelta("b")), [OwnDelta("b")], (TextDelta("b"),), []])
async def test_every_sequence_of_chunks_is_taken(given: Any, streaming: bool) -> None:
    message = await ask(emitting(given), streaming=streaming)
    assert message.text == ("ab" if given else "a")


def together(
    *errors: BaseException, nested: bool = False, says: Sequence[str] = ("a",)
) -> ChatModel:
    """A model whose own tasks fail with *errors*, all at once."""

    async def fail(error: BaseException) -> None:
        try:
            await anyio.sleep(1)
        finally:
            raise error

    async def answer(request: Request, fx: Effects) -> Finish:
        await fx.emit(text(*says))
        async with anyio.create_task_group() as tasks:
            for error in errors[nested:]:
                tasks.start_soon(fail, error)
            if nested:
                async with anyio.create_task_group() as inner:
                    inner.start_soon(fail, errors[0])
        return Finish("stop")

    return FunctionModel(answer)


@both_ways
@pytest.mark.parametrize("nested", [False, True])
async def test_failures_side_by_side_are_one(streaming: bool, nested: bool) -> None:
    errors = [error_for(DOWN), error_for(DENIED), error_for(SLOW_DOWN)]
    with pytest.raises(ModelError) as caught:
        await ask(together(*errors, nested=nested), streaming=streaming)
    error = caught.value
    everything = [msgspec.structs.replace(error.failure, attempts=()), *error.attempts]
    assert sorted(f.code for f in everything) == sorted(e.failure.code for e in errors)
    assert type(error) is type(error_for(everything[0]))
    assert isinstance(error.__cause__, BaseExceptionGroup)
    assert error.partial is not None
    assert error.partial.text == "a"


@both_ways
async def test_failures_in_a_group_may_be_tried_again(streaming: bool) -> None:
    for errors, reason in (([DOWN], "a"), ([DOWN, SLOW_DOWN], "b")):
        failing = [together(*[error_for(e) for e in errors], says=()), ScriptedModel([reason])]

        async def answer(
            request: Request, fx: Effects, failing: list[ChatModel] = failing
        ) -> Finish:
            return await failing.pop(0).respond(request, fx)

        model = with_retry(base=0)(FunctionModel(answer))
        assert (await ask(model, streaming=streaming)).text == reason
    bugs = together(error_for(DOWN), ValueError("a bug"), says=())
    with pytest.raises(ExceptionGroup):
        await ask(with_retry(base=0)(bugs), streaming=streaming)


@both_ways
async def test_a_failure_in_a_group_is_one_for_all_middleware(streaming: bool) -> None:
    def failing() -> ChatModel:
        return together(error_for(DOWN), error_for(DOWN), says=())

    turns = [failing(), ScriptedModel(["b"])]

    async def in_turn(request: Request, fx: Effects) -> Finish:
        return await turns.pop(0).respond(request, fx)

    hedged = with_hedge(60.0, budget=1.0)(FunctionModel(in_turn))
    assert (await ask(hedged, streaming=streaming)).text == "b"

    broken = with_breaker(failures=1)(failing())
    for local in (False, True):
        with pytest.raises(ProviderDownError) as caught:
            await ask(broken, streaming=streaming)
        assert caught.value.local == local

    heard: list[Exception] = []
    with pytest.raises(ProviderDownError):
        hooked = with_hooks(Hooks(on_error=heard.append))(failing())
        await ask(hooked, streaming=streaming)
    assert [type(error) for error in heard] == [ProviderDownError]


async def test_what_the_first_had_gone_through_comes_first() -> None:
    first = RateLimitError(msgspec.structs.replace(SLOW_DOWN, attempts=(DENIED,)))

    async def answer(request: Request, fx: Effects) -> Finish:
        raise ExceptionGroup("both", [first, ProviderDownError(DOWN)])

    with pytest.raises(RateLimitError) as caught:
        await FunctionModel(answer).generate("Hi")
    assert caught.value.attempts == (DENIED, DOWN)


@both_ways
async def test_a_group_with_anything_else_in_it_passes_as_it_is(streaming: bool) -> None:
    bug = ValueError("a bug")
    with pytest.raises(ExceptionGroup) as caught:
        await ask(together(error_for(DOWN), bug), streaming=streaming)
    assert caught.group_contains(ValueError, match="a bug")
    assert caught.group_contains(ProviderDownError)


async def test_a_lone_failure_in_a_group_is_itself() -> None:
    error = AuthError(DENIED)
    with pytest.raises(AuthError) as caught:
        await together(error).generate("Hi")
    assert caught.value is error


class Plain(Wrapper):
    """Take the temperature out of every request."""

    def __init__(self, inner: ChatModel, *, lasting: bool) -> None:
        super().__init__(inner)
        self.lasting = lasting

    async def respond(self, request: Request, fx: Effects) -> Finish:
        options = msgspec.structs.replace(request.options, temperature=None)
        changed = msgspec.structs.replace(request, options=options)
        return await self.inner.respond(
            changed.in_place_of(request) if self.lasting else changed, fx
        )


@pytest.mark.parametrize(("lasting", "seen"), [(True, None), (False, 0.5)])
async def test_what_a_wrapper_takes_out_stays_out_if_it_says_so(
    lasting: bool, seen: float | None
) -> None:
    scripted = ScriptedModel(["a"])
    model = Plain(scripted.with_options(temperature=0.5, seed=1), lasting=lasting)
    await model.generate("Hi")
    assert scripted.requests[0].options.temperature == seen
    assert scripted.requests[0].options.seed == 1


def test_a_model_with_options_shows_them_and_no_key() -> None:
    model = ScriptedModel([]).with_options(temperature=0.5, seed=None)
    assert repr(model) == "ScriptedModel('scripted', 0 replies).with_options(temperature=0.5)"
    hidden = model.with_options(extra_headers={"x-api-key": "opensesame"}, stop="x")
    assert "opensesame" not in repr(hidden)
    assert repr(hidden).endswith("stop=('x',), extra_headers={'x-api-key': '[redacted]'})")


async def test_the_total_deadline_is_the_callers_and_no_hook_hears_of_it() -> None:
    seen: list[Exception] = []
    model = with_hooks(Hooks(on_error=seen.append))(ScriptedModel([[60.0]]))
    with pytest.raises(ModelTimeoutError):
        await model.generate("Hi", timeout=5)
    assert seen == []


async def test_partial_is_what_was_taken_and_a_restart_empties_it() -> None:
    again: list[StreamChunk] = [*text("a", "b"), Restarted(DOWN), *text("c"), Finish("stop")]
    partials: list[tuple[str, bool]] = []
    async with ScriptedModel([again]).stream("Hi") as chunks:
        await anyio.wait_all_tasks_blocked()  # everything has arrived, and nothing was taken
        assert (chunks.partial.text, chunks.partial.interrupted) == ("", True)
        async for _ in chunks:
            partials.append((chunks.partial.text, chunks.partial.interrupted))
    assert partials == [("a", True), ("ab", True), ("", True), ("c", True), ("c", False)]
    assert chunks.partial.text == "c"
