"""Strict schemas and strict tools, on every wire: what goes out, and what the caller sees."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import msgspec
import pytest

from beluga.dialects.schemas import decoding_calls
from beluga.effects import live
from beluga.errors import ModelError, UnsupportedError
from beluga.events import Attempted, Event, LeftOut, SchemaReworded
from beluga.registry import new
from beluga.schema import (
    AIMessage,
    Emission,
    Finish,
    GenerateOptions,
    HumanMessage,
    JsonSchema,
    PartDone,
    Request,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolMessage,
    ToolSpec,
    Usage,
    fold,
)
from beluga.schemas import codec_for
from beluga.transport.dialect import Ending
from tests.providers.stored import StoredHttp

PARAMETERS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "minLength": 1},
        "days": {"type": "integer"},
        "tags": {"type": "object", "additionalProperties": {"type": "integer"}},
    },
    "required": ["city"],
}
WEATHER = ToolSpec("weather", "Tell it.", PARAMETERS, strict=True)
SEEN = {"city": "Oslo", "tags": {"a": 1}}
ON_THE_WIRE = '{"city":"Oslo","days":null,"tags":[{"key":"a","value":1}]}'
CHAT = """{"model": "m", "choices": [{"finish_reason": "tool_calls", "message": {"tool_calls": [
{"id": "c1", "type": "function", "function": {"name": "weather", "arguments": %s}}]}}]}"""
ANSWER = CHAT % json.dumps(ON_THE_WIRE)
TEXT = '{"model": "m", "choices": [{"message": {"content": "{}"}, "finish_reason": "stop"}]}'


async def test_a_strict_tool_has_the_providers_shape_on_the_wire_and_the_users_elsewhere() -> None:
    http = StoredHttp(ANSWER)
    model = new("groq:m", api_key="k", http=http)
    before = AIMessage((ToolCall("c0", "weather", '{"city": "Rome", "tags": {}}'),))
    turns = (HumanMessage("Hi"), before, ToolMessage("Sunny.", "c0"), HumanMessage("And Oslo?"))
    message = await model.generate(turns, tools=[WEATHER])
    sent = http.sent["tools"][0]["function"]
    assert sent["strict"] is True
    assert sent["parameters"] == codec_for(PARAMETERS, "openai").schema
    replayed = http.sent["messages"][1]["tool_calls"][0]["function"]["arguments"]
    assert msgspec.json.decode(replayed) == {"city": "Rome", "days": None, "tags": []}
    (call,) = message.tool_calls
    assert call.parse() == SEEN


async def test_a_tool_that_is_not_strict_goes_out_as_it_is() -> None:
    http = StoredHttp(ANSWER)
    model = new("groq:m", api_key="k", http=http)
    tool = msgspec.structs.replace(WEATHER, strict=None)
    message = await model.generate("Hi", tools=[tool])
    assert http.sent["tools"][0]["function"]["parameters"] == PARAMETERS
    assert message.tool_calls[0].arguments == ON_THE_WIRE


async def test_the_codec_of_an_answer_is_told_before_it_comes_and_with_it() -> None:
    events: list[Event] = []
    model = new("groq:m", api_key="k", http=StoredHttp(TEXT))
    wanted = JsonSchema("weather", PARAMETERS)
    fx = live().notifying(events.append)
    message = await model.generate("Hi", response_format=wanted, fx=fx)
    (attempt,) = [event for event in events if isinstance(event, Attempted)]
    assert attempt.schema_codec == "openai"
    assert message.metadata["schema_codec"] == "openai"
    (reworded,) = [event for event in events if isinstance(event, SchemaReworded)]
    assert reworded.places == (("minLength", "/properties/city"),)
    plain = await model.generate("Hi", response_format=JsonSchema("w", PARAMETERS, strict=False))
    assert plain.metadata["schema_codec"] == "plain"
    assert "schema_codec" not in (await model.generate("Hi")).metadata


def _deep(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
    return schema


@pytest.mark.parametrize("of_tool", [False, True])
async def test_what_cannot_be_enforced_is_refused_or_left_out_with_a_warning(of_tool: bool) -> None:
    deep = _deep(12)
    options: dict[str, Any] = {"response_format": JsonSchema("deep", deep)}
    if of_tool:
        options = {"tools": [ToolSpec("deep", "", deep, strict=True)]}
    http = StoredHttp(TEXT)
    model = new("groq:m", api_key="k", http=http)
    with pytest.raises(UnsupportedError, match=r"deep.*12 objects within each other"):
        await model.generate("Hi", **options)
    events: list[Event] = []
    fx = live().notifying(events.append)
    message = await model.generate("Hi", **options, unsupported="warn", fx=fx)
    assert [event for event in events if isinstance(event, LeftOut)]
    if of_tool:
        sent = http.sent["tools"][0]["function"]
        assert (sent["parameters"], sent["strict"]) == (deep, False)
    else:
        sent = http.sent["response_format"]["json_schema"]
        assert (sent["schema"], sent["strict"]) == (deep, False)
        assert message.metadata["schema_codec"] == "plain"


class Told:
    """A decoder that gives out what it is told, a chunk each time it is fed."""

    def __init__(self, *chunks: Emission, last: tuple[Emission, ...] = ()) -> None:
        self._chunks, self._last = iter(chunks), last
        self.usage, self.done = Usage(), False

    def feed(self, data: bytes, /) -> list[Emission]:
        return [next(self._chunks)]

    def close(self) -> Ending:
        return Ending(self._last, Finish("tool_calls"))


def shown(*chunks: Emission, last: tuple[Emission, ...] = ()) -> list[Emission]:
    request = Request((HumanMessage("Hi"),), GenerateOptions(tools=(WEATHER,)))
    decoder = decoding_calls(Told(*chunks, last=last), request, "openai")
    found = [one for _ in chunks for one in decoder.feed(b"")]
    return [*found, *decoder.close().chunks]


def test_fragments_of_a_strict_call_are_held_back_until_they_can_be_decoded() -> None:
    half = len(ON_THE_WIRE) // 2
    done = PartDone(0, ToolCall("c", "weather", ON_THE_WIRE))
    chunks = shown(
        TextDelta("Let me see."),
        ToolCallDelta(0, "c", "weather", ON_THE_WIRE[:half]),
        ToolCallDelta(1, "d", "other", '{"x": 1}'),
        ToolCallDelta(0, arguments=ON_THE_WIRE[half:]),
        last=(done, PartDone(1, ToolCall("d", "other", '{"x": 1}'))),
    )
    fragments = [c for c in chunks if isinstance(c, ToolCallDelta) and c.index == 0]
    assert fragments[0] == ToolCallDelta(0, "c", "weather")
    assert msgspec.json.decode("".join(c.arguments for c in fragments)) == SEEN
    call, other = fold([*chunks, Finish("tool_calls")]).tool_calls
    assert call.parse() == SEEN
    assert other.arguments == '{"x": 1}'


def test_what_was_cut_of_a_strict_call_is_still_seen() -> None:
    chunks = shown(ToolCallDelta(0, "c", "weather", '{"city": "Os'))
    (cut,) = fold([*chunks, Finish("length")]).cut_calls
    assert (cut.name, cut.arguments) == ("weather", '{"city": "Os')


def test_a_strict_call_that_is_no_json_stays_as_it_is() -> None:
    done = PartDone(0, ToolCall("c", "weather", "{nonsense"))
    assert shown(last=(done,)) == [done]


@pytest.mark.parametrize(
    ("provider", "settings", "codec", "place"),
    [
        ("openai:gpt-5-mini", {}, "openai", ("text", "format", "schema")),
        (
            "anthropic:claude-sonnet-4-5",
            {},
            "anthropic",
            ("output_config", "format", "schema"),
        ),
        ("google:gemini-3-flash", {}, "gemini", ("generationConfig", "responseJsonSchema")),
        ("ollama:llama3.2", {}, "plain", ("format",)),
        ("mistral:m", {}, "plain", ("response_format", "json_schema", "schema")),
        ("cohere:command-a", {}, "plain", ("response_format", "json_schema")),
        (
            "bedrock:anthropic.claude-sonnet-4-5-20250929-v1:0",
            {"region": "us-east-1"},
            "anthropic",
            ("outputConfig", "textFormat", "structure", "jsonSchema", "schema"),
        ),
    ],
)
async def test_each_wire_has_its_codec(
    provider: str, settings: dict[str, str], codec: Any, place: tuple[str, ...]
) -> None:
    http = StoredHttp("{}")
    key = {} if provider.startswith("ollama") else {"api_key": "k"}
    model = new(provider, http=http, settings=settings, **key)  # type: ignore[arg-type]  # a key or none
    events: list[Event] = []
    fx = live().notifying(events.append)
    with contextlib.suppress(ModelError):  # an empty answer is none; the request is looked at
        await model.generate("Hi", response_format=JsonSchema("weather", PARAMETERS), fx=fx)
    sent: Any = http.sent
    for step in place:
        sent = sent[step]
    if isinstance(sent, str):
        sent = msgspec.json.decode(sent)
    assert sent == codec_for(PARAMETERS, codec).schema
    (attempt,) = [event for event in events if isinstance(event, Attempted)]
    assert attempt.schema_codec == codec
