"""Every dialect that the simulator speaks is understood by the provider that it stands for."""

from __future__ import annotations

import zlib
from typing import Any

import msgspec
import pytest

import beluga
from beluga.errors import IncompleteStreamError, ModelError, RateLimitError
from beluga.model import ChatModel
from beluga.schema import (
    AIMessage,
    HumanMessage,
    ReasoningPart,
    TextPart,
    ToolCall,
    ToolMessage,
    ToolSpec,
    Usage,
)
from beluga.testing import CallTool, CutAfter, EndEarly, Fault, InStreamError, Simulator, Status
from beluga.testing.speakers import SPEAKERS
from beluga.testing.speakers.bedrock import event_stream_frame

pytestmark = pytest.mark.real_time

PROVIDERS: dict[str, dict[str, Any]] = {
    "openai-compatible": {"below": "/v1"},
    "openai": {"below": "/v1", "settings": {"api": "responses"}},
    "anthropic": {},
    "google": {},
    "ollama": {},
    "cohere": {},
    "bedrock": {"settings": {"region": "us-east-1"}},
}
WORDS = {
    "openai-compatible": "rate_limit_exceeded",
    "openai": "rate_limit_exceeded",
    "anthropic": "rate_limit_error",
    "google": "RESOURCE_EXHAUSTED",
    "bedrock": "throttlingException",
}
"""What a provider calls a rate limit inside a good response."""

WEATHER = ToolSpec("weather", "Current weather.")
TEXT = "Ça va ? Here is 🌧, or two\nlines of it."
STREAMING = pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
EACH = pytest.mark.parametrize("name", PROVIDERS)


def provider(name: str, sim: Simulator) -> ChatModel:
    config = dict(PROVIDERS[name])
    url = sim.url + config.pop("below", "")
    return beluga.new(name, model="sim-1", base_url=url, api_key="none-of-yours", **config)


async def ask(model: ChatModel, *, streaming: bool) -> AIMessage:
    if not streaming:
        return await model.generate("Tell me a story.")
    async with model.stream("Tell me a story.") as chunks:
        return await chunks.message()


@STREAMING
@EACH
async def test_text_comes_whole_with_its_account(name: str, streaming: bool) -> None:
    reply = AIMessage(TEXT, usage=Usage(11, 7, 18))
    async with Simulator([reply, "Again."]) as sim, provider(name, sim) as model:
        message = await ask(model, streaming=streaming)
        assert message.text == TEXT
        assert message.finish_reason == "stop"
        usage = message.usage
        assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (11, 7, 18)
        assert (await ask(model, streaming=not streaming)).text == "Again."
        assert "none-of-yours" not in repr(sim.requests)


@EACH
async def test_a_stream_comes_in_words(name: str) -> None:
    async with (
        Simulator(["One two three."]) as sim,
        provider(name, sim) as model,
        model.stream("Count.") as chunks,
    ):
        assert [piece async for piece in chunks.text()] == ["One ", "two ", "three."]


@STREAMING
@EACH
async def test_without_a_script_it_says_again_what_it_was_told(name: str, streaming: bool) -> None:
    async with Simulator() as sim, provider(name, sim) as model:
        assert (await ask(model, streaming=streaming)).text == "You said: Tell me a story."


@STREAMING
@EACH
async def test_calls_come_whole(name: str, streaming: bool) -> None:
    calls = (
        ToolCall("call_1", "weather", '{"city":"Åsnes","days":[1,2]}'),
        ToolCall("call_2", "weather", "{}"),
    )
    async with Simulator([AIMessage(calls)]) as sim, provider(name, sim) as plain:
        message = await ask(plain.bind_tools([WEATHER]), streaming=streaming)
    assert message.finish_reason == "tool_calls"
    assert [call.name for call in message.tool_calls] == ["weather", "weather"]
    assert [call.parse() for call in message.tool_calls] == [call.parse() for call in calls]
    assert message.cut_calls == ()


@EACH
async def test_a_tools_result_is_heard(name: str) -> None:
    replies = [CallTool('{"city":"Oslo"}'), CallTool()]
    async with Simulator(replies) as sim, provider(name, sim) as plain:
        model = plain.bind_tools([WEATHER])
        asked = HumanMessage("Weather?")
        answer = await model.generate([asked])
        call = answer.tool_calls[0]
        assert (call.name, call.parse()) == ("weather", {"city": "Oslo"})
        result = ToolMessage("rainy", call.id, name=call.name)
        assert "rainy" in (await model.generate([asked, answer, result])).text


@STREAMING
@EACH
async def test_reasoning_comes_before_the_text(name: str, streaming: bool) -> None:
    reply = AIMessage((ReasoningPart("Hm, well."), TextPart("So it is.")))
    async with Simulator([reply]) as sim, provider(name, sim) as model:
        message = await ask(model, streaming=streaming)
    assert (message.reasoning, message.text) == ("Hm, well.", "So it is.")
    assert isinstance(message.parts[0], ReasoningPart)


@STREAMING
@EACH
async def test_an_answer_that_was_too_long_says_so(name: str, streaming: bool) -> None:
    reply = AIMessage("Once upon", finish_reason="length")
    async with Simulator([reply]) as sim, provider(name, sim) as model:
        message = await ask(model, streaming=streaming)
    assert (message.text, message.finish_reason) == ("Once upon", "length")


@STREAMING
@EACH
async def test_an_error_status_is_told_in_the_providers_form(name: str, streaming: bool) -> None:
    async with Simulator(faults=[Status(429, retry_after=2)]) as sim, provider(name, sim) as model:
        with pytest.raises(RateLimitError) as caught:
            await ask(model, streaming=streaming)
    assert caught.value.retry_after == 2
    assert "the simulator answers with status 429" in caught.value.message


@EACH
async def test_a_failure_in_a_stream_is_told_in_the_providers_form(name: str) -> None:
    fault = InStreamError(WORDS.get(name, "oh"), "too many of them", after=2)
    async with Simulator(faults=[fault]) as sim, provider(name, sim) as model:
        with pytest.raises(ModelError) as caught:
            await ask(model, streaming=True)
    assert caught.value.in_stream
    assert caught.value.code == ("rate_limit" if name in WORDS else "provider_unavailable")
    assert "too many of them" in caught.value.message


@EACH
async def test_a_stream_without_its_end_is_no_answer(name: str) -> None:
    faults: list[Fault] = [EndEarly(3), CutAfter(90)]
    async with Simulator(["One two three."], faults) as sim, provider(name, sim) as model:
        for _ in faults:
            with pytest.raises(IncompleteStreamError):
                await ask(model, streaming=True)
        assert (await ask(model, streaming=True)).text == "One two three."


@EACH
async def test_what_is_no_request_is_refused(name: str) -> None:
    async with Simulator() as sim, provider(name, sim) as model:
        await model.generate("Hi")
        path = sim.requests[0].path.partition("?")[0]
    speaker = next(s for s in SPEAKERS if s.understands("POST", path))
    for body in (b"", b"{", b"[]", b"{}", b'{"model":"m","max_tokens":1,"messages":[]}'):
        with pytest.raises((ValueError, msgspec.MsgspecError)):
            speaker.read(path, body)
    assert not speaker.understands("GET", path)


def test_each_path_has_one_speaker() -> None:
    paths = [
        "/v1/chat/completions",
        "/openai/deployments/d/chat/completions",
        "/v1/responses",
        "/v1/messages",
        "/v1beta/models/m:generateContent",
        "/v1beta/models/m:streamGenerateContent",
        "/api/chat",
        "/v2/chat",
        "/model/eu.m%3A0/converse",
        "/model/m/converse-stream",
    ]
    for path in paths:
        assert sum(speaker.understands("POST", path) for speaker in SPEAKERS) == 1


def test_a_frame_of_the_event_stream_carries_its_checksums() -> None:
    frame = event_stream_frame({":event-type": "e"}, b"{}")
    assert int.from_bytes(frame[:4]) == len(frame)
    assert int.from_bytes(frame[8:12]) == zlib.crc32(frame[:8])
    assert int.from_bytes(frame[-4:]) == zlib.crc32(frame[:-4])
