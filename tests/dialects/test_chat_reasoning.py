"""Reasoning on the chat-completions wire goes back under the key it came as, or observers hear."""

from __future__ import annotations

import msgspec
import pytest

from beluga.dialects.chat import ChatDialect, Quirks
from beluga.effects import live
from beluga.events import Event, LeftOut
from beluga.registry import new
from beluga.schema import AIMessage, HumanMessage, ReasoningPart, Request, TextPart, fold
from beluga.transport.http import ResponseHead
from tests.providers.stored import StoredHttp

COMPATIBLE = ["openai-compatible", "litellm", "bifrost"]
KEYS = ["reasoning", "reasoning_content"]
ANSWER = '{"choices":[{"message":{"content":"Hi.","%s":"Hm."},"finish_reason":"stop"}]}'
STREAM = (
    'data: {"choices":[{"delta":{"%s":"H"}}]}\n\n'
    'data: {"choices":[{"delta":{"%s":"m."}}]}\n\n'
    'data: {"choices":[{"delta":{"content":"Hi."},"finish_reason":"stop"}]}\n\n'
    "data: [DONE]\n\n"
)
LAST = HumanMessage("And?")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("provider", COMPATIBLE)
async def test_reasoning_goes_back_under_the_key_it_came_as(provider: str, key: str) -> None:
    http = StoredHttp(ANSWER % key)
    model = new(provider, model="m", base_url="http://localhost/v1", api_key="k", http=http)
    answer = await model.generate("Hi")
    thought = ReasoningPart("Hm.", origin=provider, key=key)
    assert answer.content == (thought, TextPart("Hi."))
    stored = msgspec.json.decode(msgspec.json.encode(answer), type=AIMessage)
    await model.generate([HumanMessage("Hi"), stored, LAST])
    assert http.sent["messages"][1] == {"role": "assistant", "content": "Hi.", key: "Hm."}


@pytest.mark.parametrize("key", KEYS)
def test_a_streams_reasoning_keeps_its_key(key: str) -> None:
    dialect = ChatDialect("p", "m", "http://localhost", Quirks())
    decoder = dialect.decoder(Request((LAST,), streaming=True), ResponseHead(200))
    chunks = [*decoder.feed(STREAM.replace("%s", key).encode()), *decoder.close().chunks]
    assert fold(chunks).content == (ReasoningPart("Hm.", origin="p", key=key), TextPart("Hi."))


async def test_reasoning_of_ones_own_has_the_key_that_most_know() -> None:
    http = StoredHttp(ANSWER % "reasoning")
    model = new("openai-compatible:m", base_url="http://localhost/v1", http=http)
    said = AIMessage((ReasoningPart("Hm.", origin="openai-compatible"), TextPart("Hi.")))
    await model.generate([HumanMessage("Hi"), said, LAST])
    assert http.sent["messages"][1]["reasoning_content"] == "Hm."


async def test_a_server_with_one_key_gets_it_whatever_the_reasoning_came_as() -> None:
    http = StoredHttp(ANSWER % "reasoning")
    model = new("deepseek:m", api_key="k", http=http)
    said = AIMessage((ReasoningPart("Hm.", origin="deepseek", key="reasoning"), TextPart("Hi.")))
    await model.generate([HumanMessage("Hi"), said, LAST])
    assert http.sent["messages"][1]["reasoning_content"] == "Hm."
    assert "reasoning" not in http.sent["messages"][1]


@pytest.mark.parametrize(
    ("provider", "origin", "why"),
    [
        ("llama", "llama", "it takes none back"),
        ("llama", "deepseek", "another made it"),
        ("openai-compatible", "deepseek", "another made it"),
    ],
)
async def test_observers_hear_of_reasoning_that_does_not_go_back(
    provider: str, origin: str, why: str
) -> None:
    events: list[Event] = []
    http = StoredHttp(ANSWER % "reasoning")
    model = new(provider, model="m", base_url="http://localhost/v1", api_key="k", http=http)
    said = AIMessage((ReasoningPart("Hm.", origin=origin), TextPart("Hi.")))
    fx = live().notifying(events.append)
    await model.generate([HumanMessage("Hi"), said, LAST], fx=fx)
    assert http.sent["messages"][1] == {"role": "assistant", "content": "Hi."}
    told = [event for event in events if isinstance(event, LeftOut)]
    assert [(event.provider, event.why) for event in told] == [(provider, why)]
    assert origin in told[0].what
