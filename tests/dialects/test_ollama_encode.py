"""How messages and options look on Ollama's wire."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from beluga.dialects.calls import synthetic_id
from beluga.dialects.ollama import Loading, OllamaDialect
from beluga.errors import InvalidInputError
from beluga.schema import (
    AIMessage,
    HumanMessage,
    ImagePart,
    JsonMapping,
    JsonObject,
    JsonSchema,
    Message,
    ProviderPart,
    ReasoningConfig,
    ReasoningPart,
    TextPart,
    ToolCall,
    ToolMessage,
)
from tests.oracles.matrix import PNG, WEATHER, Omitted, Written, conversation, write

URL = "http://127.0.0.1:11434/api/chat"


def written(
    *messages: Message, model: str = "qwen3:8b", loading: Loading | None = None, **options: Any
) -> Written:
    dialect = OllamaDialect("ollama", model, URL, loading or Loading())
    return write(dialect, conversation(*messages, **options))


def body(*messages: Message, **options: Any) -> dict[str, Any]:
    return written(*messages, **options).body


@pytest.mark.parametrize("streaming", [True, False])
def test_whether_to_stream_is_always_said(streaming: bool) -> None:
    assert body(streaming=streaming)["stream"] is streaming


def test_options_stand_among_the_servers_own() -> None:
    sent = body(temperature=0.0, max_tokens=5, stop=("a", "b"), top_k=3, seed=0)
    settings = {"temperature": 0.0, "num_predict": 5, "stop": ["a", "b"], "top_k": 3, "seed": 0}
    assert sent["options"] == settings
    assert "options" not in body()


def test_what_is_extra_wins_and_leaves_the_other_options() -> None:
    extra = {"options": {"num_ctx": 9, "mirostat": 2}, "keep_alive": 0, "think": "max"}
    loading = Loading(num_ctx=4096, keep_alive="5m")
    sent = body(loading=loading, temperature=0.5, reasoning=ReasoningConfig("low"), extra=extra)
    assert sent["options"] == {"temperature": 0.5, "num_ctx": 9, "mirostat": 2}
    assert (sent["keep_alive"], sent["think"]) == (0, "max")


def test_images_go_beside_the_text_in_plain_base64() -> None:
    parts = (TextPart("Here "), ImagePart(PNG), TextPart("and "), ImagePart(url=_data_url()))
    (message,) = body(HumanMessage(parts))["messages"]
    encoded = base64.b64encode(PNG).decode()
    assert message == {"role": "user", "content": "Here and ", "images": [encoded, encoded]}


def test_a_data_url_that_holds_nothing_is_an_error() -> None:
    dialect = OllamaDialect("ollama", "m", URL, Loading())
    request = conversation(HumanMessage((ImagePart(url="data:image/png;base64,*"),)))
    with pytest.raises(InvalidInputError):
        dialect.encode(request, Omitted())


def test_a_round_of_calls_goes_back_as_it_came() -> None:
    thought = ReasoningPart("Look.", origin="ollama")
    call = ToolCall("call_9", "get_weather", '{"city": "Oslo", "n": 1.50}')
    answer = AIMessage((thought, TextPart("Wait."), call))
    result = ToolMessage("Rain", tool_call_id="call_9")
    request = conversation(HumanMessage("?"), answer, result)
    raw = OllamaDialect("ollama", "m", URL, Loading()).encode(request, Omitted()).body
    assert b'"arguments":{"city": "Oslo", "n": 1.50}' in raw
    _, said, given = json.loads(raw)["messages"]
    assert (said["role"], said["content"], said["thinking"]) == ("assistant", "Wait.", "Look.")
    assert said["tool_calls"][0]["id"] == "call_9"
    assert given == {
        "role": "tool",
        "content": "Rain",
        "tool_name": "get_weather",
        "tool_call_id": "call_9",
    }


def test_an_id_that_the_server_never_gave_is_not_sent() -> None:
    own = synthetic_id("answer", 0)
    answer = AIMessage((ToolCall(own, "get_weather", ""),))
    said, given = body(answer, ToolMessage("Rain", tool_call_id=own))["messages"]
    assert said["tool_calls"] == [{"function": {"name": "get_weather", "arguments": {}}}]
    assert given == {"role": "tool", "content": "Rain", "tool_name": "get_weather"}


def test_the_name_on_a_result_wins_over_that_of_the_call() -> None:
    answer = AIMessage((ToolCall("c", "get_weather", "{}"),))
    result = ToolMessage("Rain", tool_call_id="c", name="weather")
    assert body(answer, result)["messages"][1]["tool_name"] == "weather"


@pytest.mark.parametrize("arguments", ['{"city":"Os', "[1]", '"x"'])
def test_arguments_that_are_no_object_go_back_in_a_wrapper(arguments: str) -> None:
    (said,) = body(AIMessage((ToolCall("c", "f", arguments),)))["messages"]
    assert said["tool_calls"][0]["function"]["arguments"] == {"INVALID_JSON": arguments}


def test_the_thoughts_of_others_are_left_to_them() -> None:
    foreign = (
        ReasoningPart("Hm.", signature="s", origin="anthropic"),
        ProviderPart("search", "openai", "{}"),
        TextPart("Rain."),
    )
    result = written(AIMessage(foreign))
    assert result.body["messages"] == [{"role": "assistant", "content": "Rain."}]
    assert [what for what, _ in result.foreign] == [
        "ReasoningPart of anthropic",
        "ProviderPart of openai",
    ]


@pytest.mark.parametrize(
    ("effort", "think", "level"),
    [
        ("none", False, None),
        ("minimal", True, "low"),
        ("low", True, "low"),
        ("medium", True, "medium"),
        ("high", True, "high"),
        ("xhigh", True, "high"),
        ("max", True, "high"),
    ],
)
def test_only_gpt_oss_thinks_by_levels(effort: Any, think: bool, level: str | None) -> None:
    asked = ReasoningConfig(effort)
    assert body(reasoning=asked)["think"] is think
    leveled = written(model="gpt-oss:120b-cloud", reasoning=asked)
    assert leveled.body.get("think") == level
    assert bool(leveled.refused) == (level is None)


def test_no_budget_is_no_thought() -> None:
    assert body(reasoning=ReasoningConfig(budget_tokens=0))["think"] is False


def test_formats() -> None:
    schema: JsonMapping = {"properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {}}}
    assert body(response_format=JsonObject())["format"] == "json"
    assert body(response_format=JsonSchema("n", schema))["format"] == schema
    described = body(response_format=JsonSchema("n", schema, description="A."))["format"]
    assert described == {"description": "A.", **schema}


def test_no_choice_leaves_the_tools_out() -> None:
    assert "tools" not in body(tools=(WEATHER,), tool_choice="none")
    (tool,) = body(tools=(WEATHER,), tool_choice="auto")["tools"]
    assert tool["function"]["parameters"] == WEATHER.parameters


def _data_url() -> str:
    return f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
