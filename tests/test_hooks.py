"""Hooks: a user's functions at fixed points of a call, in a fixed order."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import anyio
import msgspec
import pytest

from beluga.effects import Effects, live
from beluga.errors import AuthError, ModelError, RateLimitError
from beluga.events import Attempted, AttemptEnded, Event
from beluga.hooks import Hooks, apply_middleware, compose_hooks, with_hooks
from beluga.model import ChatModel, Wrapper
from beluga.schema import (
    UNSET,
    AIMessage,
    Emission,
    Failure,
    Finish,
    GenerateOptions,
    HumanMessage,
    PartDone,
    ReasoningDelta,
    ReasoningPart,
    Request,
    Restarted,
    StreamChunk,
    SystemMessage,
    TextDelta,
    TextPart,
    ToolCall,
    ToolCallDelta,
    ToolSpec,
    Usage,
)
from beluga.testing import ScriptedModel
from tests.doubles import SLOW_DOWN, FunctionModel, text

CALL = ToolCall("c1", "f", "{}")
VOID = ToolCall("c0", "g", "{}")
ANSWER: list[StreamChunk] = [
    ToolCallDelta(0, "c0", "g", "{}"),
    PartDone(0, VOID),
    Restarted(SLOW_DOWN),
    ReasoningDelta("hm"),
    TextDelta("Hi"),
    ToolCallDelta(0, "c1", "f", "{}"),
    PartDone(0, CALL),
    Finish("tool_calls"),
]


def recording(log: list[str], *, asynchronous: bool, name: str = "") -> Hooks:
    """Hooks that write down when each of them runs."""

    def hook(point: str) -> Callable[[Any], Any]:
        def note(value: object) -> None:
            what = "" if point in {"before", "after"} else f" {_what(value)}"
            log.append(f"{name}{point}{what}")

        async def note_later(value: object) -> None:
            await anyio.sleep(1)
            note(value)

        return note_later if asynchronous else note

    return Hooks(
        before_generate=hook("before"),
        after_generate=hook("after"),
        on_stream=hook("chunk"),
        on_tool_call=hook("call"),
        on_reasoning=hook("reasoning"),
        on_error=hook("error"),
        on_event=lambda event: log.append(f"{name}event {type(event).__name__}"),
    )


def _what(value: object) -> str:
    if isinstance(value, ToolCall):
        return value.id
    return value if isinstance(value, str) else type(value).__name__


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_the_order_of_a_stream(asynchronous: bool) -> None:
    log: list[str] = []
    model = with_hooks(recording(log, asynchronous=asynchronous))(ScriptedModel([ANSWER]))
    async with model.stream("Hi") as chunks:
        await chunks.message()
    assert log == [
        "before",
        "event Attempted",
        "chunk ToolCallDelta",
        "chunk PartDone",
        "chunk Restarted",
        "chunk ReasoningDelta",
        "reasoning hm",
        "chunk TextDelta",
        "chunk ToolCallDelta",
        "chunk PartDone",
        "event AttemptEnded",
        "chunk Finish",
        "call c1",
        "after",
    ]


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_the_order_of_a_call(asynchronous: bool) -> None:
    log: list[str] = []
    model = with_hooks(recording(log, asynchronous=asynchronous))(ScriptedModel([ANSWER]))
    await model.generate("Hi")
    assert log == [
        "before",
        "event Attempted",
        "reasoning hm",
        "event AttemptEnded",
        "call c1",
        "after",
    ]


async def test_before_generate_may_change_the_request() -> None:
    def shout(request: Request) -> Request:
        louder = [HumanMessage(message.text.upper()) for message in request.messages]
        return msgspec.structs.replace(request, messages=tuple(louder))

    scripted = ScriptedModel(["a", "b"])
    model = with_hooks(Hooks(before_generate=shout))(scripted)
    await model.generate("hi")
    async with model.stream("ho") as chunks:
        await chunks.message()
    assert [request.messages[0].text for request in scripted.requests] == ["HI", "HO"]


async def test_a_request_that_a_hook_wrote_anew_is_still_watched_and_still_cleared() -> None:
    def preface(request: Request) -> Request:
        return Request((SystemMessage("Be brief."), *request.messages), request.options)

    scripted = ScriptedModel(["one two"])
    model = with_hooks(Hooks(before_generate=preface))(scripted.with_options(temperature=0.5))
    async with model.stream("Hi", temperature=UNSET) as chunks:
        await chunks.message()
    asked = scripted.requests[0]
    assert len(asked.messages) == 2
    assert asked.streaming
    assert asked.options.temperature is None


async def test_an_option_that_a_hook_takes_out_stays_out() -> None:
    def without(request: Request) -> Request:
        options = msgspec.structs.replace(request.options, tools=None, metadata={"b": "2"})
        return msgspec.structs.replace(request, options=options)

    scripted = ScriptedModel(["a"])
    inner = scripted.bind_tools([ToolSpec("t")]).with_options(metadata={"a": "1"}, seed=7)
    await with_hooks(Hooks(before_generate=without))(inner).generate("Hi")
    assert scripted.requests[0].options == GenerateOptions(metadata={"b": "2"}, seed=7)


@pytest.mark.parametrize("point", ["before_generate", "after_generate"])
async def test_a_hook_that_returns_something_else_is_told_so(point: str) -> None:
    wrong: dict[str, Any] = {point: lambda _: "text"}
    with pytest.raises(TypeError, match="returned 'text'"):
        await with_hooks(Hooks(**wrong))(ScriptedModel(["a"])).generate("Hi")


async def test_after_generate_may_change_the_answer_of_a_call() -> None:
    original = AIMessage(
        (ReasoningPart("hm", signature="s"), TextPart("a secret")),
        usage=Usage(1, 2, 3),
        finish_reason="stop",
        raw_finish_reason="end",
        response_id="r",
        metadata={"k": 1},
    )

    def censor(message: AIMessage) -> AIMessage:
        assert message.content == original.content
        return msgspec.structs.replace(message, content="…", finish_reason="content_filter")

    model = with_hooks(Hooks(after_generate=censor))(ScriptedModel([original]))
    answer = await model.generate("Hi")
    assert answer.content == "…"
    assert answer.finish_reason == "content_filter"
    assert (answer.raw_finish_reason, answer.response_id) == ("end", "r")
    assert answer.usage == Usage(1, 2, 3)
    assert answer.metadata == {"k": 1}
    assert answer.spent.attempts == 1


async def test_what_is_left_open_in_a_new_message_is_the_answers_own() -> None:
    original = AIMessage("a", usage=Usage(1, 2, 3), finish_reason="length", response_id="r")
    model = with_hooks(Hooks(after_generate=lambda message: AIMessage("b")))
    answer = await model(ScriptedModel([original])).generate("Hi")
    assert answer.content == "b"
    assert (answer.finish_reason, answer.response_id) == ("length", "r")
    assert answer.usage == Usage(1, 2, 3)


async def test_with_after_generate_nothing_is_shown_before_it_has_run() -> None:
    seen: list[list[Emission]] = []

    class Watching(Wrapper):
        async def respond(self, request: Request, fx: Effects) -> Finish:
            async def emit(chunks: Sequence[Emission]) -> None:
                seen.append(list(chunks))
                await fx.emit(chunks)

            return await self.inner.respond(request, fx.emitting(emit))

    hooks = Hooks(after_generate=lambda message: AIMessage("b"))
    await Watching(with_hooks(hooks)(ScriptedModel(["a secret"]))).generate("Hi")
    assert seen == [[TextDelta("b")]]


async def test_for_a_stream_after_generate_observes() -> None:
    observed: list[str] = []

    def replace(message: AIMessage) -> AIMessage:
        observed.append(message.text)
        return AIMessage("other")

    model = with_hooks(Hooks(after_generate=replace))(ScriptedModel(["as it came"]))
    async with model.stream("Hi") as chunks:
        assert [piece async for piece in chunks.text()] == ["as ", "it ", "came"]
        assert (await chunks.message()).text == "as it came"
    assert observed == ["as it came"]


async def test_after_generate_does_not_run_for_a_stream_that_was_left_early() -> None:
    log: list[str] = []
    script: list[StreamChunk | float] = [TextDelta("a"), 5.0, TextDelta("b"), Finish("stop")]
    model = with_hooks(recording(log, asynchronous=False))(ScriptedModel([script]))
    async with model.stream("Hi") as chunks:
        await anext(aiter(chunks))
    assert log == ["before", "event Attempted", "chunk TextDelta", "event AttemptEnded"]


async def test_on_error_runs_once_for_the_failure_that_leaves_its_model() -> None:
    seen: list[Exception] = []
    error = RateLimitError(SLOW_DOWN)
    model = with_hooks(Hooks(on_error=seen.append))(ScriptedModel([error, error]))
    with pytest.raises(RateLimitError) as caught:
        await model.generate("Hi")
    assert seen == [caught.value]
    assert caught.value.failure is error.failure
    async with model.stream("Hi") as chunks:
        for _ in range(2):
            with pytest.raises(RateLimitError) as again:
                await anext(aiter(chunks))
    assert seen == [caught.value, again.value]


async def test_single_attempts_are_events_and_no_errors() -> None:
    class Twice(Wrapper):
        async def respond(self, request: Request, fx: Effects) -> Finish:
            try:
                return await self.inner.respond(request, fx)
            except ModelError:
                return await self.inner.respond(request, fx)

    seen: list[Exception] = []
    events: list[Event] = []
    hooks = Hooks(on_error=seen.append, on_event=events.append)
    model = with_hooks(hooks)(Twice(ScriptedModel([RateLimitError(SLOW_DOWN), "a"])))
    assert (await model.generate("Hi")).text == "a"
    assert seen == []
    assert [type(event) for event in events] == [Attempted, AttemptEnded] * 2


async def test_on_error_may_raise_another_error_but_not_make_it_vanish() -> None:
    async def translate(error: Exception) -> None:
        await anyio.sleep(1)
        raise AuthError(Failure("auth_error", "ask the administrator"))

    for hook, kind in ((translate, AuthError), (lambda error: None, RateLimitError)):
        model = with_hooks(Hooks(on_error=hook))(ScriptedModel([RateLimitError(SLOW_DOWN)]))
        with pytest.raises(kind) as caught:
            await model.generate("Hi")
        if kind is AuthError:
            assert isinstance(caught.value.__context__, RateLimitError)


@pytest.mark.parametrize("point", ["before_generate", "after_generate", "on_tool_call"])
async def test_what_a_hook_raises_passes_through_on_error_once(point: str) -> None:
    bug, seen = ValueError("in a hook"), list[Exception]()

    def fail(value: object) -> None:
        raise bug

    hooks = Hooks(on_error=seen.append, **{point: fail})
    with pytest.raises(ValueError, match="in a hook") as caught:
        await with_hooks(hooks)(ScriptedModel([ANSWER])).generate("Hi")
    assert caught.value is bug
    assert seen == [bug]


async def test_a_hook_that_fails_in_a_stream_ends_it() -> None:
    def fail(chunk: StreamChunk) -> None:
        if isinstance(chunk, TextDelta) and chunk.text == "b":
            raise ValueError("in a hook")

    model = with_hooks(Hooks(on_stream=fail))(ScriptedModel([[*text("a", "b"), Finish("stop")]]))
    async with model.stream("Hi") as chunks:
        assert await anext(aiter(chunks)) == TextDelta("a")
        with pytest.raises(ValueError, match="in a hook"):
            await anext(aiter(chunks))


async def test_cancellation_is_no_error() -> None:
    seen: list[Exception] = []
    model = with_hooks(Hooks(on_error=seen.append))(ScriptedModel([[60.0]]))
    with anyio.move_on_after(1) as scope:
        await model.generate("Hi")
    assert scope.cancelled_caught
    assert seen == []


async def test_an_observer_that_fails_is_logged_and_hurts_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(event: Event) -> None:
        raise ValueError("in an observer")

    seen: list[Event] = []
    for hooks in (
        compose_hooks(Hooks(on_event=fail), Hooks(on_event=seen.append)),
        compose_hooks(Hooks(on_event=seen.append), Hooks(on_event=fail)),
    ):
        seen.clear()
        caplog.clear()
        with caplog.at_level(logging.ERROR, "beluga"):
            message = await with_hooks(hooks)(ScriptedModel(["a"])).generate("Hi")
        assert (message.text, message.spent.attempts) == ("a", 1)
        assert [type(event) for event in seen] == [Attempted, AttemptEnded]
        assert caplog.text.count("in an observer") >= 2


async def test_composed_hooks_run_before_in_order_and_after_in_reverse() -> None:
    log: list[str] = []
    names = ["1 ", "2 ", "3 "]
    hooks = compose_hooks(*[recording(log, asynchronous=n == "2 ", name=n) for n in names])
    async with with_hooks(hooks)(ScriptedModel([ANSWER])).stream("Hi") as chunks:
        await chunks.message()
    assert log[:3] == ["1 before", "2 before", "3 before"]
    assert log[-3:] == ["3 after", "2 after", "1 after"]
    assert [line for line in log if "call" in line] == ["1 call c1", "2 call c1", "3 call c1"]
    assert [line for line in log if "Attempted" in line] == [f"{n}event Attempted" for n in names]


def _tagging(name: str) -> Hooks:
    """Hooks whose changes tell in which order they were made."""

    def before(request: Request) -> Request:
        return msgspec.structs.replace(request, messages=(*request.messages, HumanMessage(name)))

    async def after(message: AIMessage) -> AIMessage:
        return msgspec.structs.replace(message, content=message.text + name)

    def failing(error: Exception) -> None:
        raise ValueError(f"{error}{name}")

    return Hooks(before_generate=before, after_generate=after, on_error=failing)


async def outcome(hooks: Hooks) -> tuple[list[str], str, str]:
    """What hooks make of a request, of an answer and of a failure."""
    scripted = ScriptedModel(["answer ", ValueError("error ")])
    model = with_hooks(hooks)(scripted)
    message = await model.generate("Hi")
    with pytest.raises(ValueError, match="error") as caught:
        await model.generate("Hi")
    return [m.text for m in scripted.requests[0].messages], message.text, str(caught.value)


async def test_a_changed_value_goes_on_to_the_next_hook() -> None:
    hooks = compose_hooks(_tagging("a"), _tagging("b"), _tagging("c"))
    assert await outcome(hooks) == (["Hi", "a", "b", "c"], "answer cba", "error abc")


async def test_composition_is_associative_and_nothing_is_its_identity() -> None:
    a, b, c = _tagging("a"), _tagging("b"), _tagging("c")
    flat = await outcome(compose_hooks(a, b, c))
    assert await outcome(compose_hooks(compose_hooks(a, b), c)) == flat
    assert await outcome(compose_hooks(a, compose_hooks(b, c))) == flat
    assert await outcome(compose_hooks(compose_hooks(), a, Hooks())) == await outcome(a)
    assert compose_hooks() == compose_hooks(Hooks(), Hooks()) == Hooks()


async def test_an_error_goes_on_from_one_hook_to_the_next() -> None:
    seen: list[str] = []

    def watch(error: Exception) -> None:
        seen.append(str(error))

    hooks = compose_hooks(
        Hooks(on_error=watch), _tagging("a"), Hooks(on_error=watch), _tagging("b")
    )
    with pytest.raises(ValueError, match="bug ab"):
        await with_hooks(hooks)(ScriptedModel([ValueError("bug ")])).generate("Hi")
    assert seen == ["bug ", "bug a"]


async def test_the_first_middleware_is_the_outermost() -> None:
    order: list[str] = []

    def named(name: str) -> Callable[[ChatModel], ChatModel]:
        def note(request: Request) -> None:
            order.append(name)

        return with_hooks(Hooks(before_generate=note))

    scripted = ScriptedModel(["a"])
    model = apply_middleware(scripted, named("outer"), named("middle"), named("inner"))
    assert (await model.generate("Hi")).text == "a"
    assert order == ["outer", "middle", "inner"]
    assert apply_middleware(scripted) is scripted


async def test_hooks_keep_their_model_closable_and_named() -> None:
    model = with_hooks(Hooks())(FunctionModel(ScriptedModel(["a"]).respond))
    assert model.model_id == "function"
    async with model:
        assert (await model.generate("Hi", fx=live())).text == "a"
