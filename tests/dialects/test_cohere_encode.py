"""How messages and options look on Cohere's wire."""

from __future__ import annotations

from typing import Any

import pytest

from beluga.dialects.cohere import CohereDialect
from beluga.schema import (
    AIMessage,
    FilePart,
    HumanMessage,
    ImagePart,
    JsonMapping,
    JsonObject,
    JsonSchema,
    Message,
    NamedTool,
    ProviderPart,
    ReasoningConfig,
    ReasoningPart,
    RefusalPart,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
    ToolSpec,
)
from tests.oracles.matrix import FORECAST, PNG, WEATHER, Written, conversation, write

DIALECT = CohereDialect("cohere", "command-a-03-2025", "https://api.cohere.com/v2/chat")
CALL = ToolCall("get_weather_k2", "get_weather", '{"city": "Oslo"}')
PLAN = ReasoningPart("Look it up.", opaque='{"tool_plan":"Look it up."}', origin="cohere")


def written(*messages: Message, **options: Any) -> Written:
    return write(DIALECT, conversation(*messages, **options))


def body(*messages: Message, **options: Any) -> dict[str, Any]:
    return written(*messages, **options).body


def answer(*parts: Any) -> dict[str, Any]:
    (message,) = body(AIMessage(parts))["messages"]
    assert message.pop("role") == "assistant"
    assert isinstance(message, dict)
    return message


@pytest.mark.parametrize("streaming", [True, False])
def test_streams_are_asked_for(streaming: bool) -> None:
    assert body(streaming=streaming)["stream"] is streaming


def test_options_have_coheres_names() -> None:
    sent = body(top_p=0.9, top_k=40, stop=("END",), max_tokens=5, temperature=0.0, seed=0)
    assert (sent["p"], sent["k"], sent["stop_sequences"]) == (0.9, 40, ["END"])
    assert (sent["max_tokens"], sent["temperature"], sent["seed"]) == (5, 0.0, 0)


def test_what_is_extra_wins() -> None:
    documents = ["Rain.", {"id": "d", "data": {"text": "Sun."}}]
    sent = body(temperature=0.1, extra={"documents": documents, "temperature": 0.2})
    assert (sent["documents"], sent["temperature"]) == (documents, 0.2)


def test_one_text_is_a_string_and_more_are_blocks() -> None:
    system = SystemMessage((TextPart("A."), TextPart("B.")))
    first, second, third = body(system, HumanMessage("Hi"), HumanMessage((TextPart(""),)))[
        "messages"
    ]
    blocks = [{"type": "text", "text": "A."}, {"type": "text", "text": "B."}]
    assert first == {"role": "system", "content": blocks}
    assert second == {"role": "user", "content": "Hi"}
    assert third == {"role": "user", "content": ""}


def test_images_go_as_urls() -> None:
    parts = (ImagePart(PNG, detail="low"), ImagePart(url="https://example.com/a.png"))
    ((mine, theirs),) = [m["content"] for m in body(HumanMessage(parts))["messages"]]
    assert mine["image_url"]["url"].startswith("data:image/png;base64,iVBOR")
    assert mine["image_url"]["detail"] == "low"
    assert theirs == {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}


def test_a_plan_goes_back_beside_the_calls() -> None:
    function = {"name": "get_weather", "arguments": '{"city": "Oslo"}'}
    assert answer(PLAN, CALL) == {
        "tool_plan": "Look it up.",
        "tool_calls": [{"id": "get_weather_k2", "type": "function", "function": function}],
    }


def test_a_thought_goes_back_where_it_stood() -> None:
    said = answer(ReasoningPart("Oslo is wet.", origin="cohere"), TextPart("Rain."), CALL)
    thinking = {"type": "thinking", "thinking": "Oslo is wet."}
    assert said["content"] == [thinking, {"type": "text", "text": "Rain."}]
    assert len(said["tool_calls"]) == 1
    assert "tool_plan" not in said


def test_an_item_of_coheres_goes_back_as_it_is() -> None:
    item = ReasoningPart("?", opaque='{"type":"thinking","thinking":"Hm."}', origin="cohere")
    assert answer(item)["content"] == [{"type": "thinking", "thinking": "Hm."}]


def test_the_thoughts_of_others_are_left_to_them() -> None:
    foreign = (
        ReasoningPart("Hm.", opaque='{"tool_plan":"x"}', origin="elsewhere"),
        ProviderPart("search", "openai", "{}"),
    )
    result = written(AIMessage((*foreign, RefusalPart("No."))))
    assert result.body["messages"] == [{"role": "assistant", "content": "No."}]
    assert len(result.foreign) == 2


def test_an_answer_that_said_nothing_is_empty() -> None:
    assert answer() == {"content": ""}


def test_a_result_is_text_or_documents() -> None:
    plain = ToolMessage("Rain", tool_call_id="c")
    file = FilePart(b"Rain.", media_type="text/plain", name="oslo.txt")
    filed = ToolMessage((TextPart("See:"), file), tool_call_id="c")
    first, second = body(plain, filed)["messages"]
    assert first == {"role": "tool", "tool_call_id": "c", "content": "Rain"}
    assert second["content"] == [
        {"type": "text", "text": "See:"},
        {"type": "document", "document": {"data": {"text": "Rain."}, "id": "oslo.txt"}},
    ]


def test_a_text_file_that_holds_no_text_is_refused() -> None:
    file = FilePart(b"\xff\xfe", media_type="text/plain")
    assert written(ToolMessage((file,), tool_call_id="c")).refused


@pytest.mark.parametrize(
    ("choice", "word"), [(None, None), ("auto", None), ("none", "NONE"), ("required", "REQUIRED")]
)
def test_tool_choice(choice: Any, word: str | None) -> None:
    sent = body(tools=(WEATHER, FORECAST), tool_choice=choice)
    assert sent.get("tool_choice") == word
    assert len(sent["tools"]) == 2
    assert "tool_choice" not in body(tool_choice="none")


def test_a_named_tool_is_the_only_one_to_choose() -> None:
    sent = body(tools=(WEATHER, FORECAST), tool_choice=NamedTool("get_forecast"))
    assert [tool["function"]["name"] for tool in sent["tools"]] == ["get_forecast"]
    assert sent["tool_choice"] == "REQUIRED"


@pytest.mark.parametrize(
    ("wishes", "sent"),
    [((None, None), None), ((True, None), True), ((True, True), True), ((False, None), None)],
)
def test_strictness_is_of_all_tools(wishes: tuple[bool | None, ...], sent: bool | None) -> None:
    tools = tuple([ToolSpec(f"f{n}", strict=wish) for n, wish in enumerate(wishes)])
    assert body(tools=tools).get("strict_tools") is sent


def test_a_schema_goes_out_as_given() -> None:
    schema: JsonMapping = {"type": "object", "properties": {"a": {"minLength": 1}}}
    assert body(response_format=JsonObject())["response_format"] == {"type": "json_object"}
    sent = body(response_format=JsonSchema("n", schema))["response_format"]
    assert sent == {"type": "json_object", "json_schema": schema}


def test_json_beside_documents_is_refused() -> None:
    assert written(response_format=JsonObject(), extra={"documents": ["Rain."]}).refused


@pytest.mark.parametrize(
    ("wanted", "sent"),
    [
        (ReasoningConfig("none"), {"type": "disabled"}),
        (ReasoningConfig(budget_tokens=0), {"type": "disabled"}),
        (ReasoningConfig("low"), {"type": "enabled", "token_budget": 2048}),
        (ReasoningConfig("low", budget_tokens=99), {"type": "enabled", "token_budget": 99}),
        (ReasoningConfig("max"), {"type": "enabled"}),
        (ReasoningConfig(), None),
    ],
)
def test_thinking(wanted: ReasoningConfig, sent: object) -> None:
    assert body(reasoning=wanted).get("thinking") == sent
