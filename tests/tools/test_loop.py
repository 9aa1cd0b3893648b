"""The cycle of answers and calls: how it goes on, how it ends, and what it shows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import anyio
import msgspec
import pytest

from beluga import (
    AIMessage,
    Attempted,
    Block,
    CallEnded,
    CallStarted,
    Event,
    Failure,
    Finish,
    HumanMessage,
    IncompleteStreamError,
    InvalidInputError,
    LoopItem,
    Message,
    NamedTool,
    PartDone,
    ProviderDownError,
    ProviderPart,
    ProviderTool,
    RateLimitError,
    Restarted,
    StepEnded,
    StepStarted,
    StreamUsageError,
    SystemMessage,
    TextDelta,
    TextPart,
    ToolCall,
    ToolCallDelta,
    ToolFailedError,
    ToolLoop,
    ToolMessage,
    ToolRun,
    ToolStarted,
    Usage,
    live,
    tool,
)
from beluga.testing import Reply, ScriptedModel
from tests.doubles import FunctionModel, words

BILLED = Usage(10, 5, 15)


@tool
async def weather(city: str) -> dict[str, str]:
    """The weather in a city."""
    await anyio.sleep(1)
    return {"sky": "snow", "city": city}


def call(number: int = 1, city: str = "Tadoussac") -> ToolCall:
    return ToolCall(f"c{number}", "weather", json.dumps({"city": city}))


def calling(*calls: ToolCall, text: str = "") -> AIMessage:
    return AIMessage([*([TextPart(text)] if text else []), *calls], usage=BILLED)


ANSWER = AIMessage("It snows.", usage=BILLED)


async def both(replies: Sequence[Reply], prompt: Any = "Hi", **options: Any) -> ToolRun:
    """Run a loop both ways, and check that they come to the same."""
    settings = {
        name: options.pop(name)
        for name in ("max_steps", "on_max_steps", "approve", "max_concurrent", "on_exception")
        if name in options
    }
    tools = options.pop("tools_given", [weather])
    whole = await ToolLoop(ScriptedModel(replies), tools, **settings).generate(prompt, **options)
    loop = ToolLoop(ScriptedModel(replies), tools, **settings)
    async with loop.stream(prompt, **options) as items:
        watched = await items.run()
    assert watched == whole
    assert items.partial == whole
    return whole


async def test_an_answer_without_calls_is_the_end() -> None:
    run = await both([ANSWER], [SystemMessage("Be brief."), HumanMessage("Hi")])
    assert (run.text, run.steps, run.ended) == ("It snows.", 1, "answer")
    assert run.messages == (SystemMessage("Be brief."), HumanMessage("Hi"), run.message)


async def test_calls_are_run_and_the_model_is_asked_again() -> None:
    run = await both([calling(call(1), call(2, "Rome"), text="Let me see."), ANSWER])
    assert [type(message) for message in run.messages] == [
        HumanMessage,
        AIMessage,
        ToolMessage,
        ToolMessage,
        AIMessage,
    ]
    assert run.messages[2:4] == (
        ToolMessage('{"sky":"snow","city":"Tadoussac"}', "c1", name="weather"),
        ToolMessage('{"sky":"snow","city":"Rome"}', "c2", name="weather"),
    )
    assert run.message is run.messages[-1]
    assert run.usage == BILLED + BILLED
    assert (run.spent.attempts, run.spent.usage) == (2, BILLED + BILLED)
    assert msgspec.json.decode(msgspec.json.encode(run), type=ToolRun) == run


async def test_what_the_model_is_asked() -> None:
    model = ScriptedModel([calling(call(1)), ANSWER])
    search = ProviderTool("openai", '{"type": "web_search"}')
    await ToolLoop(model, [weather, search]).generate("Hi", temperature=0.5, seed=3)
    first, second = model.requests
    assert first.options.tools == second.options.tools == (weather.spec, search)
    assert (second.options.temperature, second.options.seed) == (0.5, 3)
    assert second.messages[:1] == first.messages
    assert [type(message) for message in second.messages[1:]] == [AIMessage, ToolMessage]
    assert not first.streaming


async def test_a_failed_call_is_the_models_to_mend() -> None:
    replies = [calling(ToolCall("c1", "weather", '{"town": "x"}')), calling(call(2)), ANSWER]
    run = await both(replies)
    failed = run.messages[2]
    assert isinstance(failed, ToolMessage)
    assert failed.is_error
    assert run.steps == 3


async def test_a_providers_own_calls_are_left_alone() -> None:
    searched = ProviderPart("web_search_call", "openai", '{"id": 1}')
    run = await both([AIMessage([searched, TextPart("Found.")], usage=BILLED)])
    assert (run.steps, run.message.parts[0]) == (1, searched)


async def test_a_paused_answer_is_gone_on_with() -> None:
    model = ScriptedModel([AIMessage("Searching", finish_reason="pause"), ANSWER])
    run = await ToolLoop(model, [weather]).generate("Hi")
    assert run.steps == 2
    assert [message.text for message in model.requests[1].messages] == ["Hi", "Searching"]
    endless = [AIMessage("…", finish_reason="pause")] * 3
    with pytest.raises(ToolFailedError, match="after 3 steps"):
        await both(endless, max_steps=3)


@pytest.mark.parametrize("choice", ["required", NamedTool("weather")])
@pytest.mark.parametrize("bound", [True, False])
async def test_a_forced_call_is_forced_once(choice: Any, bound: bool) -> None:
    script = ScriptedModel([calling(call(1)), ANSWER])
    model = script.with_options(tool_choice=choice, tools=[weather]) if bound else script
    options = {} if bound else {"tool_choice": choice}
    await ToolLoop(model, [weather]).generate("Hi", **options)
    assert [request.options.tool_choice for request in script.requests] == [choice, "auto"]


async def test_other_choices_stay() -> None:
    script = ScriptedModel([calling(call(1)), ANSWER])
    await ToolLoop(script, [weather]).generate("Hi", tool_choice="auto")
    assert [request.options.tool_choice for request in script.requests] == ["auto", "auto"]


async def test_cut_calls_are_not_run_and_whole_ones_are() -> None:
    cut = AIMessage([call(1)], cut_calls=[call(2)], finish_reason="length")
    run = await both([cut, ANSWER])
    assert [m.tool_call_id for m in run.messages if isinstance(m, ToolMessage)] == ["c1"]
    only_cut = AIMessage("", cut_calls=[call(2)], finish_reason="length")
    run = await both([only_cut])
    assert (run.ended, run.message.finish_reason) == ("answer", "length")


@pytest.mark.parametrize("reason", ["content_filter", "error"])
async def test_calls_of_an_answer_that_was_stopped_are_not_run(reason: Any) -> None:
    stopped = msgspec.structs.replace(calling(call(1)), finish_reason=reason)
    run = await both([stopped])
    assert (run.steps, run.ended) == (1, "answer")
    last = run.messages[-1]
    assert isinstance(last, ToolMessage)
    assert "not run" in last.text


# The bound.


async def test_the_bound_is_an_error() -> None:
    endless = [calling(call(i)) for i in range(5)]
    turns: list[Message] = []
    loop = ToolLoop(ScriptedModel(endless), [weather], max_steps=2)
    with pytest.raises(
        ToolFailedError, match="after 2 steps the model has not come to an end"
    ) as caught:
        await loop.generate("Hi", on_turn=turns.extend)
    assert caught.value.partial is not None
    assert caught.value.partial.tool_calls == (call(1),)
    assert [type(m) for m in turns] == [AIMessage, ToolMessage, AIMessage, ToolMessage]
    assert "asked as often as it may be" in turns[-1].text
    async with ToolLoop(ScriptedModel(endless), [weather], max_steps=2).stream("Hi") as items:
        with pytest.raises(ToolFailedError):
            await items.run()
        assert items.partial.messages == (HumanMessage("Hi"), *turns)
        assert items.partial.ended == "max_steps"


async def test_the_bound_may_be_an_outcome_to_go_on_from() -> None:
    replies = [calling(call(1)), calling(call(2)), calling(call(3))]
    run = await both(replies, max_steps=2, on_max_steps="return")
    assert (run.ended, run.steps) == ("max_steps", 2)
    again = await ToolLoop(ScriptedModel([ANSWER]), [weather]).generate(run.messages)
    assert again.text == "It snows."


@pytest.mark.parametrize(
    "settings",
    [
        {"max_steps": 0},
        {"max_steps": None},
        {"on_max_steps": "stop"},
        {"timeout": 0},
        {"max_result": -1},
    ],
)
def test_wrong_settings(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match=next(iter(settings))):
        ToolLoop(ScriptedModel([]), [weather], **settings)


async def test_wrong_calls() -> None:
    loop = ToolLoop(ScriptedModel([]), [weather])
    with pytest.raises(InvalidInputError, match="leave out tools"):
        await loop.generate("Hi", tools=[weather])
    with pytest.raises(InvalidInputError, match="at least one message"):
        loop.stream([])
    with pytest.raises(InvalidInputError, match="a sequence of tools; got FunctionTool"):
        ToolLoop(ScriptedModel([]), weather)  # type: ignore[arg-type]

    async def keep(turn: Sequence[Message]) -> None: ...

    with pytest.raises(InvalidInputError, match="on_turn is a plain function"):
        await loop.generate("Hi", on_turn=keep)
    with pytest.raises(InvalidInputError, match="two tools"):
        ToolLoop(ScriptedModel([]), [weather, weather])
    with pytest.raises(InvalidInputError, match="unknown option"):
        await loop.generate("Hi", temprature=3)  # type: ignore[call-arg]


# Failures.


async def test_a_failure_keeps_what_was_done() -> None:
    replies: list[Reply] = [
        calling(call(1)),
        [TextDelta("Half"), ProviderDownError(Failure("provider_unavailable", "down"))],
    ]
    turns: list[Message] = []
    with pytest.raises(ProviderDownError) as caught:
        await ToolLoop(ScriptedModel(replies), [weather]).generate("Hi", on_turn=turns.extend)
    assert caught.value.partial is not None
    assert caught.value.partial.text == "Half"
    assert [type(message) for message in turns] == [AIMessage, ToolMessage]
    async with ToolLoop(ScriptedModel(replies), [weather]).stream("Hi") as items:
        with pytest.raises(ProviderDownError):
            await items.run()
        partial = items.partial
    assert partial.messages == (HumanMessage("Hi"), *turns)
    assert (partial.message.text, partial.message.interrupted) == ("Half", True)
    assert (partial.ended, partial.steps, partial.spent.attempts) == (None, 2, 2)


async def test_a_tools_exception_ends_the_run_if_asked_for() -> None:
    @tool(name="weather")
    async def broken(city: str) -> None:
        raise LookupError(city)

    loop = ToolLoop(
        ScriptedModel([calling(call(1), call(2)), ANSWER]), [broken], on_exception="raise"
    )
    async with loop.stream("Hi") as items:
        with pytest.raises(LookupError):
            await items.run()
    assert [type(message) for message in items.partial.messages[1:]] == [
        AIMessage,
        ToolMessage,
        ToolMessage,
    ]


async def test_approval_goes_for_every_call() -> None:
    run = await both([calling(call(1)), ANSWER], approve=lambda _: Block("ask first"))
    assert "ask first" in run.messages[2].text


# What a watcher sees.


async def test_a_watcher_sees_the_models_chunks_and_the_calls_between_them() -> None:
    model = ScriptedModel([calling(call(1), text="See."), ANSWER])
    async with ToolLoop(model, [weather]).stream("Hi") as items:
        seen: list[LoopItem] = [item async for item in items]
    kinds = [type(item) for item in seen]
    assert kinds == [
        StepStarted,
        TextDelta,
        PartDone,
        ToolCallDelta,
        PartDone,
        Finish,
        CallStarted,
        CallEnded,
        StepEnded,
        StepStarted,
        TextDelta,
        TextDelta,
        Finish,
        StepEnded,
    ]
    assert all(request.streaming for request in model.requests)
    result = ToolMessage('{"sky":"snow","city":"Tadoussac"}', "c1", name="weather")
    assert [s for s in seen if isinstance(s, CallStarted | CallEnded)] == [
        CallStarted(call(1)),
        CallEnded(call(1), result),
    ]
    ends = [item for item in seen if isinstance(item, StepEnded)]
    assert [end.step for end in ends] == [1, 2]
    assert items.partial.messages == (HumanMessage("Hi"), *ends[0].messages, *ends[1].messages)


async def test_the_text_of_all_steps() -> None:
    model = ScriptedModel([calling(call(1), text="See. "), ANSWER])
    async with ToolLoop(model, [weather]).stream("Hi") as items:
        assert [text async for text in items.text()] == ["See. ", "It ", "snows."]
    anew = [TextDelta("a"), Restarted(Failure("timeout", "slow")), TextDelta("b"), Finish("stop")]
    async with ToolLoop(ScriptedModel([anew]), [weather]).stream("Hi") as items:
        with pytest.raises(IncompleteStreamError):
            [text async for text in items.text()]


async def test_a_stream_is_used_once_and_inside_its_block() -> None:
    block = ToolLoop(ScriptedModel([ANSWER]), [weather]).stream("Hi")
    async with block as items:
        pass
    with pytest.raises(StreamUsageError, match="outside its block"):
        await anext(items)
    with pytest.raises(StreamUsageError, match="used once"):
        await block.__aenter__()
    assert items.partial.ended is None


async def test_one_task_reads_a_stream() -> None:
    async with ToolLoop(ScriptedModel([[5.0, *words_of(ANSWER)]]), [weather]).stream("Hi") as items:
        await anext(items)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(items.__anext__)
            await anyio.sleep(1)
            with pytest.raises(StreamUsageError, match="another task waits"):
                await anext(items)


def words_of(message: AIMessage) -> list[Any]:
    return [TextDelta(message.text), Finish("stop")]


async def test_a_slow_watcher_loses_nothing() -> None:
    model = ScriptedModel([AIMessage("word " * 300, usage=BILLED)])
    async with ToolLoop(model, [weather]).stream("Hi") as items:
        pieces: list[str] = []
        async for text in items.text():
            await anyio.sleep(0.01)
            pieces.append(text)
    assert "".join(pieces) == "word " * 300


async def test_waiting_for_an_item_may_be_given_up_without_losing_one() -> None:
    model = ScriptedModel([[0.7, TextDelta("a"), 0.7, TextDelta("b"), Finish("stop")]])
    seen: list[LoopItem] = []
    async with ToolLoop(model, [weather]).stream("Hi") as items:
        while items.partial.ended is None:
            with anyio.move_on_after(0.1):
                seen.append(await anext(items))
    assert [item.text for item in seen if isinstance(item, TextDelta)] == ["a", "b"]


async def test_a_users_exception_leaves_the_block_as_it_is() -> None:
    with pytest.raises(KeyError, match="mine"):
        async with ToolLoop(ScriptedModel([calling(call(1)), ANSWER]), [weather]).stream("Hi"):
            raise KeyError("mine")


async def test_observers_hear_of_models_and_tools() -> None:
    events: list[Event] = []
    fx = live().observed_by(events.append)
    loop = ToolLoop(ScriptedModel([calling(call(1)), ANSWER]), [weather])
    await loop.generate("Hi", fx=fx)
    kinds = [type(event) for event in events]
    assert kinds.count(Attempted) == 2
    assert kinds.count(ToolStarted) == 1


async def test_a_model_that_reports_no_attempts() -> None:
    run = await ToolLoop(FunctionModel(words("Hi")), []).generate("Hi")
    assert (run.text, run.steps) == ("Hi", 1)


async def test_failures_of_attempts_are_in_the_account() -> None:
    from beluga import with_retry

    limited = RateLimitError(Failure("rate_limit", "slow", retryable=True))
    script: list[Reply] = [limited, calling(call(1)), limited, ANSWER]
    run = await ToolLoop(with_retry()(ScriptedModel(script)), [weather]).generate("Hi")
    assert (run.steps, run.spent.attempts, run.usage) == (2, 4, BILLED + BILLED)
