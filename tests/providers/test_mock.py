"""The provider `mock`: a script is played as a provider would answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anyio
import msgspec
import pytest

from beluga.effects import live
from beluga.errors import IncompleteStreamError, InvalidInputError, ModelError, RateLimitError
from beluga.events import Attempted, AttemptEnded, Event
from beluga.providers.mock import mock
from beluga.registry import ProviderConfig
from beluga.schema import (
    AIMessage,
    Emission,
    Failure,
    Finish,
    GenerateOptions,
    HumanMessage,
    Message,
    ModelInfo,
    ReasoningDelta,
    ReasoningPart,
    Request,
    StreamChunk,
    SystemMessage,
    TextDelta,
    TextPart,
    Timeouts,
    ToolCall,
    ToolSpec,
    Usage,
    fold,
)
from beluga.testing import ScriptedModel

SLOW_DOWN = Failure("rate_limit", "slow down", retryable=True)


async def batches_of(
    model: ScriptedModel, *, streaming: bool
) -> tuple[list[Sequence[Emission]], Finish | ModelError, list[Event]]:
    """Ask the model directly and return what it emitted, how it ended and what it told."""
    batches: list[Sequence[Emission]] = []
    events: list[Event] = []

    async def emit(chunks: Sequence[Emission]) -> None:
        batches.append(chunks)

    request = Request((HumanMessage("Hi"),), streaming=streaming)
    try:
        ending = await model.respond(request, live().emitting(emit).notifying(events.append))
    except ModelError as error:
        return batches, error, events
    return batches, ending, events


@pytest.mark.parametrize("text", ["Once upon a time.", "  two\n\nlines ", "", "one", " \n"])
async def test_a_text_streams_word_by_word_and_folds_to_itself(text: str) -> None:
    model = ScriptedModel([text, text])
    batches, finish, _ = await batches_of(model, streaming=True)
    assert isinstance(finish, Finish)
    assert all(len(batch) == 1 for batch in batches)
    assert len(batches) >= len(text.split())
    assert fold([chunk for batch in batches for chunk in batch]).content == text
    assert finish == Finish("stop", model="scripted", provider="mock")
    assert (await model.generate("Hi")).content == text


async def test_if_nobody_watches_the_answer_is_one_batch() -> None:
    message = AIMessage((ReasoningPart("Let me see."), TextPart("Two words")), usage=Usage(3, 4, 7))
    batches, finish, _ = await batches_of(ScriptedModel([message]), streaming=False)
    assert isinstance(finish, Finish)
    assert len(batches) == 1
    assert fold([*batches[0], finish]).content == message.content
    assert finish.usage == Usage(3, 4, 7)


async def test_an_empty_answer_emits_nothing() -> None:
    batches, finish, _ = await batches_of(ScriptedModel([""]), streaming=False)
    assert isinstance(finish, Finish)
    assert batches == []


async def test_a_message_comes_back_as_it_was_written() -> None:
    message = AIMessage(
        (ReasoningPart("Hm, hm.", signature="s"), TextPart("Calling."), ToolCall("1", "f", "{}")),
        usage=Usage(1, 2, 3),
        finish_reason="tool_calls",
        raw_finish_reason="tool_use",
        model="m",
        provider="p",
        response_id="r",
        metadata={"cost": 0.5},
    )
    model = ScriptedModel([message, message])
    assert msgspec.structs.replace(await model.generate("Hi"), spent=message.spent) == message
    async with model.stream("Hi") as chunks:
        pieces = [chunk async for chunk in chunks]
    assert msgspec.structs.replace(fold(pieces), spent=message.spent) == message
    assert [p.text for p in pieces if isinstance(p, ReasoningDelta)] == ["Hm, ", "hm."]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (AIMessage("Hi"), "stop"),
        (AIMessage((ToolCall("1", "f", "{}"),)), "tool_calls"),
        (AIMessage("Hi", cut_calls=(ToolCall("1", "f", "{"),)), "length"),
    ],
)
async def test_a_message_without_a_finish_reason_gets_the_natural_one(
    message: AIMessage, reason: str
) -> None:
    answer = await ScriptedModel([message]).generate("Hi")
    assert answer.finish_reason == reason
    assert answer.content == message.content
    assert answer.cut_calls == message.cut_calls


async def test_chunks_come_as_written_with_their_waits() -> None:
    script: list[StreamChunk | float] = [1.5, TextDelta("a"), 2, TextDelta("b c"), Finish("length")]
    model = ScriptedModel([script])
    async with model.stream("Hi") as chunks:
        began = anyio.current_time()
        times = [anyio.current_time() - began async for _ in chunks]
        message = await chunks.message()
    assert times == [pytest.approx(t) for t in (1.5, 3.5, 3.5)]
    assert message.text == "ab c"
    assert message.finish_reason == "length"


async def test_waits_run_on_the_clock_of_the_effects() -> None:
    slept: list[float] = []

    class Recorder:
        def now(self) -> float:
            return anyio.current_time()

        async def sleep(self, seconds: float, /) -> None:
            slept.append(seconds)

    fx = msgspec.structs.replace(live(), clock=Recorder())
    await ScriptedModel([[3.0, TextDelta("a"), 4.0, Finish("stop")]]).generate("Hi", fx=fx)
    assert slept == [3.0, 4.0]


@pytest.mark.parametrize("streaming", [False, True])
async def test_chunks_without_a_finish_break_off(streaming: bool) -> None:
    model = ScriptedModel([[TextDelta("Once")]], info=ModelInfo(model="m", provider="p"))
    batches, error, events = await batches_of(model, streaming=streaming)
    assert batches == [[TextDelta("Once")]]
    assert isinstance(error, IncompleteStreamError)
    assert (error.provider, error.model) == ("p", "m")
    assert error.retryable is not streaming  # once it was seen it cannot be taken back
    assert isinstance(events[-1], AttemptEnded)
    assert events[-1].failure == error.failure


async def test_an_interrupted_message_breaks_off() -> None:
    with pytest.raises(IncompleteStreamError) as caught:
        await ScriptedModel([AIMessage("Once upon", interrupted=True)]).generate("Hi")
    assert caught.value.partial is not None
    assert caught.value.partial.text == "Once upon"


async def test_an_exception_is_raised_as_it_is() -> None:
    bug = ValueError("a bug")
    model = ScriptedModel([bug, [TextDelta("a"), 2.0, bug]])
    with pytest.raises(ValueError, match="a bug") as caught:
        await model.generate("Hi")
    assert caught.value is bug
    async with model.stream("Hi") as chunks:
        assert await anext(aiter(chunks)) == TextDelta("a")
        with pytest.raises(ValueError, match="a bug") as caught:
            await anext(aiter(chunks))
    assert caught.value is bug


async def test_a_failure_is_raised_as_one_of_its_own_for_each_call() -> None:
    cause = OSError("no route")
    scripted = RateLimitError(SLOW_DOWN)
    scripted.__cause__ = cause
    model = ScriptedModel([[TextDelta("a"), scripted], [TextDelta("b"), scripted], scripted])
    raised: list[RateLimitError] = []
    for _ in range(3):
        with pytest.raises(RateLimitError) as caught:
            await model.generate("Hi")
        raised.append(caught.value)
    assert len({id(error) for error in [scripted, *raised]}) == 4
    assert [error.partial and error.partial.text for error in raised] == ["a", "b", None]
    assert [error.failure for error in raised] == [SLOW_DOWN] * 3
    assert [error.__cause__ for error in raised] == [cause] * 3
    assert (scripted.partial, scripted.__traceback__) == (None, None)


async def test_observers_are_told_of_every_attempt() -> None:
    model = ScriptedModel([[2.0, TextDelta("a"), 1.0, Finish("stop", usage=Usage(5, 6, 11))]])
    _, _, events = await batches_of(model, streaming=True)
    begun, ended = events
    assert begun == Attempted("mock", "scripted")
    assert isinstance(ended, AttemptEnded)
    assert ended.usage == Usage(5, 6, 11)
    assert ended.seconds == pytest.approx(3)
    assert ended.first_content == pytest.approx(2)
    assert ended.failure is None
    assert not ended.abandoned


async def test_a_cancelled_attempt_is_told_as_abandoned() -> None:
    events: list[Event] = []
    model = ScriptedModel([[5.0, Finish("stop")]])
    with anyio.move_on_after(1):
        await model.generate("Hi", fx=live().notifying(events.append))
    ended = events[-1]
    assert isinstance(ended, AttemptEnded)
    assert ended.abandoned
    assert ended.failure is None
    assert ended.seconds == pytest.approx(1)


async def test_a_call_too_many_names_how_many_were_expected() -> None:
    model = ScriptedModel(["one"])
    await model.generate("first")
    with pytest.raises(AssertionError, match=r"expected 1 calls and got call 2: 'second'"):
        await model.generate("second")


async def test_requests_hold_what_was_asked() -> None:
    model = ScriptedModel(["a", "b"], defaults=GenerateOptions(temperature=0.5, top_k=3))
    await model.generate("first", temperature=0.1)
    async with model.stream([SystemMessage("Be brief."), HumanMessage("second")]) as chunks:
        await chunks.message()
    first, second = model.requests
    assert first.messages == (HumanMessage("first"),)
    assert (first.options.temperature, first.options.top_k) == (0.1, 3)
    assert (first.streaming, second.streaming) == (False, True)
    assert second.messages[0] == SystemMessage("Be brief.")


async def test_a_contradiction_is_refused_before_a_reply_is_used() -> None:
    model = ScriptedModel(["a"])
    with pytest.raises(InvalidInputError, match="tool_choice"):
        await model.generate("Hi", tool_choice="required")
    assert (await model.generate("Hi", tool_choice="required", tools=[ToolSpec("f")])).text == "a"


@pytest.mark.parametrize(
    ("replies", "text"),
    [
        ("Hello", "one a call"),
        (AIMessage("Hello"), "one a call"),
        (7, "one a call"),
        ([7], "reply 0"),
        (["ok", b"bytes"], "reply 1"),
        ([RateLimitError], "reply 0"),
        ([HumanMessage("no")], "reply 0"),
        ([[TextDelta("a"), "b"]], "step 1"),
        ([[-1.0]], "step 0"),
        ([[float("nan")]], "step 0"),
        ([[float("inf")]], "step 0"),
        ([[True]], "step 0"),
        ([[Finish("stop"), TextDelta("a")]], "nothing may follow Finish"),
        ([[ValueError("x"), Finish("stop")]], "nothing may follow ValueError"),
    ],
)
def test_what_cannot_be_played_is_refused_at_once(replies: object, text: str) -> None:
    with pytest.raises(InvalidInputError, match=text):
        ScriptedModel(replies)  # type: ignore[arg-type]  # deliberate mistakes


async def test_the_provider_echoes_unless_it_has_replies() -> None:
    model = mock(ProviderConfig(model="parrot"))
    conversation: list[Message] = [
        HumanMessage("Hello there"),
        AIMessage("Hm?"),
        SystemMessage("Quiet."),
    ]
    async with model.stream(conversation) as chunks:
        assert [text async for text in chunks.text()] == ["Hello ", "there"]
        message = await chunks.message()
    assert (message.model, message.provider) == ("parrot", "mock")
    assert model.model_id == "parrot"
    assert (await model.generate(SystemMessage("Nobody speaks."))).text == ""


async def test_the_provider_plays_the_replies_of_its_settings() -> None:
    settings: dict[str, Any] = {"replies": ["a", AIMessage((TextPart("b"),))]}
    config = ProviderConfig(model="m", settings=settings, timeouts=Timeouts(total=9))
    model = mock(config)
    assert isinstance(model, ScriptedModel)
    assert (await model.generate("Hi")).text == "a"
    assert (await model.generate("Hi")).text == "b"
    assert model.requests[0].options.timeout == Timeouts(total=9)


@pytest.mark.parametrize("settings", [{"reply": "a"}, {"replies": "a"}, {"replies": [b""]}])
def test_the_provider_refuses_settings_it_does_not_know(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match="repl"):
        mock(ProviderConfig(model="m", settings=settings))


async def test_what_a_reply_says_it_cost_is_in_the_account() -> None:
    message = await ScriptedModel([AIMessage("Hi.", metadata={"cost": 0.5})]).generate("Hi")
    assert message.spent.cost == 0.5
