"""What a request becomes on Gemini's wire."""

from __future__ import annotations

import json
from typing import Any

import pytest

from beluga.dialects.calls import synthetic_id
from beluga.dialects.gemini import GeminiDialect
from beluga.errors import InvalidInputError, UnsupportedError
from beluga.schema import (
    AIMessage,
    AudioPart,
    FilePart,
    HumanMessage,
    ImagePart,
    JsonObject,
    JsonSchema,
    Message,
    NamedTool,
    Part,
    PromptCache,
    ProviderPart,
    ProviderTool,
    ReasoningConfig,
    ReasoningPart,
    RefusalPart,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
    ToolSpec,
    VideoPart,
)
from tests.oracles.matrix import PDF, PNG, WEATHER, Raising, Written, conversation, write

NEW, OLD, OLDER = "gemini-3-flash-preview", "gemini-2.5-flash", "gemini-2.0-flash"
HI = HumanMessage("Hi.")
SEARCH = ProviderTool("google", '{"googleSearch": {}}')
SENTINEL = "skip_thought_signature_validator"


def dialect(model: str = NEW, *, vertex: bool = False) -> GeminiDialect:
    return GeminiDialect(model, f"https://host/v1beta/models/{model}", vertex=vertex)


def written(
    *messages: Message,
    model: str = NEW,
    vertex: bool = False,
    streaming: bool = False,
    **options: Any,
) -> Written:
    request = conversation(*(messages or (HI,)), streaming=streaming, **options)
    return write(dialect(model, vertex=vertex), request)


def contents(*messages: Message, model: str = NEW) -> Any:
    return written(*messages, model=model).body["contents"]


def config(model: str = NEW, **options: Any) -> Any:
    return written(model=model, **options).body.get("generationConfig")


def answer(*parts: Part, model: str = NEW) -> Any:
    return contents(HI, AIMessage(parts), HI, model=model)[1]["parts"]


def model_says(*parts: object) -> dict[str, object]:
    return {"role": "model", "parts": list(parts)}


def user_says(*parts: object) -> dict[str, object]:
    return {"role": "user", "parts": list(parts)}


def test_one_question() -> None:
    whole = written(HI)
    assert whole.url == "https://host/v1beta/models/gemini-3-flash-preview:generateContent"
    assert whole.body == {"contents": [user_says({"text": "Hi."})]}
    watched = written(HI, streaming=True)
    assert watched.url.endswith(":streamGenerateContent?alt=sse")
    assert watched.body == whole.body


def test_system_messages_are_instructions_wherever_they_stand() -> None:
    body = written(SystemMessage("A."), HI, SystemMessage("B.")).body
    assert body["systemInstruction"] == {"parts": [{"text": "A."}, {"text": "B."}]}
    assert body["contents"] == [user_says({"text": "Hi."})]


def test_instructions_alone_are_followed_by_nothing_said() -> None:
    assert contents(SystemMessage("Tell a joke.")) == [user_says({"text": ""})]


def test_answers_that_are_empty_are_passed_over() -> None:
    assert contents(HI, AIMessage(""), HI) == [user_says({"text": "Hi."})] * 2


def test_refusals_go_back_as_what_was_said() -> None:
    assert answer(RefusalPart("No.")) == [{"text": "No."}]


def test_media_go_inline_or_by_their_address() -> None:
    parts = (
        ImagePart(PNG),
        ImagePart(url="https://example.com/a.JPG?x=1"),
        VideoPart(url="https://youtu.be/abc"),
        VideoPart(url="gs://bucket/film.mp4"),
        AudioPart(url="https://example.com/a", media_type="audio/ogg"),
        FilePart(id="files/abc", media_type="application/pdf"),
        FilePart(id="abc"),
        FilePart(id="https://generativelanguage.googleapis.com/v1beta/files/abc"),
        FilePart(url="data:text/plain,a%20b"),
        ImagePart(url="data:image/png;base64,iVBORw0KGgo="),
    )
    file = "https://generativelanguage.googleapis.com/v1beta/files/abc"
    [said] = contents(HumanMessage(parts))
    assert said["parts"][0]["inlineData"]["mimeType"] == "image/png"
    assert said["parts"][1:] == [
        {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://example.com/a.JPG?x=1"}},
        {"fileData": {"fileUri": "https://youtu.be/abc"}},
        {"fileData": {"mimeType": "video/mp4", "fileUri": "gs://bucket/film.mp4"}},
        {"fileData": {"mimeType": "audio/ogg", "fileUri": "https://example.com/a"}},
        {"fileData": {"mimeType": "application/pdf", "fileUri": file}},
        {"fileData": {"fileUri": file}},
        {"fileData": {"fileUri": file}},
        {"inlineData": {"mimeType": "text/plain", "data": "YSBi"}},
        {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}},
    ]


def test_bytes_of_an_unknown_kind_need_their_type() -> None:
    with pytest.raises(InvalidInputError, match="media_type"):
        contents(HumanMessage((FilePart(b"?"),)))


def test_a_detail_is_a_resolution_from_the_third_generation_on() -> None:
    def look(detail: str, model: str = NEW) -> Written:
        return written(HumanMessage((ImagePart(PNG, detail=detail),)), model=model)

    [said] = look("high").body["contents"]
    assert said["parts"][0]["mediaResolution"] == {"level": "MEDIA_RESOLUTION_HIGH"}
    assert look("auto").refused == []
    assert look("closely").refused
    assert look("high", OLD).refused


CALLED = AIMessage(
    (
        ToolCall("a1", "get_weather", '{"city": "Oslo"}', signature="c2ln", origin="google"),
        ToolCall(synthetic_id("r1", 1), "get_time", ""),
    )
)
RAIN = ToolMessage("Rain.", tool_call_id="a1")
NINE = ToolMessage("9", tool_call_id=synthetic_id("r1", 1))


def test_results_of_one_answer_are_one_content_in_the_order_of_the_calls() -> None:
    assert contents(HI, CALLED, NINE, RAIN, HI)[1:] == [
        model_says(
            {
                "functionCall": {"name": "get_weather", "args": {"city": "Oslo"}, "id": "a1"},
                "thoughtSignature": "c2ln",
            },
            {"functionCall": {"name": "get_time", "args": {}}},
        ),
        user_says(
            {
                "functionResponse": {
                    "name": "get_weather",
                    "id": "a1",
                    "response": {"output": "Rain."},
                }
            },
            {"functionResponse": {"name": "get_time", "response": {"output": "9"}}},
        ),
        user_says({"text": "Hi."}),
    ]


@pytest.mark.parametrize(
    ("content", "is_error", "response"),
    [
        ("Rain.", False, {"output": "Rain."}),
        ("", False, {"output": ""}),
        ("null", False, {"output": "null"}),
        ("[1]", False, {"output": "[1]"}),
        ("{}", False, {}),
        ('{"sky": "grey"}', False, {"sky": "grey"}),
        ("Down.", True, {"error": "Down."}),
        ('{"sky": "gone"}', True, {"error": {"sky": "gone"}}),
    ],
)
def test_a_result_is_an_object(content: str, is_error: bool, response: object) -> None:
    result = ToolMessage(content, tool_call_id="a1", is_error=is_error)
    assert contents(HI, CALLED, result)[2]["parts"][0]["functionResponse"]["response"] == response


def test_the_name_of_a_result_is_that_of_its_call() -> None:
    stray = ToolMessage("9", tool_call_id="elsewhere", name="get_time")
    [_, said] = contents(HI, stray)
    assert said["parts"][0]["functionResponse"]["name"] == "get_time"
    misnamed = ToolMessage("Rain.", tool_call_id="a1", name="another")
    assert (
        contents(HI, CALLED, misnamed)[2]["parts"][0]["functionResponse"]["name"] == "get_weather"
    )
    with pytest.raises(InvalidInputError, match="name"):
        contents(HI, ToolMessage("9", tool_call_id="elsewhere"))


def test_media_of_a_result_are_in_it_where_the_model_takes_them() -> None:
    sound = AudioPart(b"ID3", media_type="audio/mpeg")
    result = ToolMessage((TextPart("Map:"), ImagePart(PNG), sound), tool_call_id="a1")
    found = contents(HI, CALLED, result, NINE)
    first = found[2]["parts"][0]["functionResponse"]
    assert first["response"] == {"output": "Map:"}
    assert [part["inlineData"]["mimeType"] for part in first["parts"]] == ["image/png"]
    assert len(found[2]["parts"]) == 2
    assert [part["inlineData"]["mimeType"] for part in found[3]["parts"]] == ["audio/mpeg"]


def test_media_of_a_result_follow_it_where_the_model_takes_none() -> None:
    result = ToolMessage((FilePart(PDF),), tool_call_id="a1")
    found = contents(HI, CALLED, result, model=OLD)
    assert "parts" not in found[2]["parts"][0]["functionResponse"]
    assert found[3] == user_says(
        {"inlineData": {"mimeType": "application/pdf", "data": "JVBERi0xLjcKJeLjz9MK"}}
    )


@pytest.mark.parametrize(
    ("arguments", "args"),
    [
        ("", {}),
        ("null", {}),
        ("{}", {}),
        ('{"n": 1.0}', {"n": 1.0}),
        ('{"city": "Os', {"INVALID_JSON": '{"city": "Os'}),
        ("[1]", {"INVALID_JSON": "[1]"}),
    ],
)
def test_arguments_are_an_object(arguments: str, args: object) -> None:
    [part] = answer(ToolCall("a1", "f", arguments), model=OLD)
    assert part["functionCall"]["args"] == args


def test_signatures_go_back_on_the_parts_they_came_with() -> None:
    opaque = '{"text": "", "thoughtSignature": "b3Bh_-+/"}'
    raw = '{"executableCode": {"code": "1"}, "thoughtSignature": "cmF3"}'
    said = answer(
        ReasoningPart("Hm.", signature="dGg=", origin="google"),
        ReasoningPart("Well.", origin="google"),
        TextPart("a"),
        TextPart("b"),
        ReasoningPart("", signature="c2ln", origin="google"),
        ImagePart(PNG),
        ReasoningPart("", signature="aW1n", origin="google"),
        ProviderPart("executableCode", "google", raw),
        ReasoningPart("", signature="b3Bh_-+/", opaque=opaque, origin="google"),
    )
    assert said[4].pop("inlineData")["mimeType"] == "image/png"
    assert said == [
        {"text": "Hm.", "thought": True, "thoughtSignature": "dGg="},
        {"text": "Well.", "thought": True},
        {"text": "a"},
        {"text": "b", "thoughtSignature": "c2ln"},
        {"thoughtSignature": "aW1n"},
        json.loads(raw),
        json.loads(opaque),
    ]


def test_a_signature_whose_part_is_gone_is_on_an_empty_text() -> None:
    lost = ReasoningPart("", signature="c2ln", origin="google")
    assert answer(lost) == [{"text": "", "thoughtSignature": "c2ln"}]
    twice = [{"text": "a", "thoughtSignature": "c2ln"}, {"text": "", "thoughtSignature": "c2ln"}]
    assert answer(TextPart("a"), lost, lost) == twice


def test_what_others_made_is_left_out_and_told() -> None:
    parts = (
        ReasoningPart("Hm."),
        ReasoningPart("", signature="s", origin="anthropic"),
        ProviderPart("web_search", "openai", "{}"),
        ToolCall("a1", "f", "{}", signature="s", origin="elsewhere"),
    )
    said = written(HI, AIMessage(parts), ToolMessage("1", tool_call_id="a1"), model=OLD)
    assert said.body["contents"][1]["parts"] == [
        {"functionCall": {"name": "f", "args": {}, "id": "a1"}}
    ]
    assert len(said.foreign) == 4


@pytest.mark.parametrize("model", [NEW, "gemini-3.1-pro-preview", "gemini-flash-latest"])
def test_the_first_call_of_a_step_is_signed_for_new_models(model: str) -> None:
    calls = (ToolCall("a1", "f", "{}"), ToolCall("a2", "g", "{}"))
    first, second = answer(*calls, model=model)
    assert first["thoughtSignature"] == SENTINEL
    assert "thoughtSignature" not in second
    for old in (OLD, OLDER, "gemma-3-27b-it"):
        assert "thoughtSignature" not in answer(*calls, model=old)[0]


def test_tools_are_declared_together_and_googles_own_stand_beside_them() -> None:
    clock = ToolSpec("get_time")
    body = written(tools=(WEATHER, SEARCH, clock)).body
    assert body["tools"] == [
        {"googleSearch": {}},
        {
            "functionDeclarations": [
                {
                    "name": "get_weather",
                    "description": WEATHER.description,
                    "parametersJsonSchema": WEATHER.parameters,
                },
                {
                    "name": "get_time",
                    "description": "",
                    "parametersJsonSchema": {"type": "object", "properties": {}},
                },
            ]
        },
    ]
    assert body["toolConfig"] == {"includeServerSideToolInvocations": True}
    assert "toolConfig" not in written(tools=(WEATHER, SEARCH), vertex=True).body
    assert "toolConfig" not in written(tools=(SEARCH,)).body


@pytest.mark.parametrize(
    ("choice", "strict", "calling"),
    [
        (None, None, None),
        (None, True, {"mode": "VALIDATED"}),
        ("auto", None, {"mode": "AUTO"}),
        ("auto", True, {"mode": "VALIDATED"}),
        ("none", True, {"mode": "NONE"}),
        ("required", None, {"mode": "ANY"}),
        (NamedTool("f"), None, {"mode": "ANY", "allowedFunctionNames": ["f"]}),
    ],
)
def test_a_choice_is_a_mode(choice: Any, strict: bool | None, calling: Any) -> None:
    body = written(tools=(ToolSpec("f", strict=strict),), tool_choice=choice).body
    assert body.get("toolConfig") == (calling and {"functionCallingConfig": calling})


def test_a_choice_without_functions() -> None:
    assert set(written(tool_choice="auto").body) == {"contents"}
    assert written(tools=(SEARCH,), tool_choice="required").refused


def test_options_are_the_generation_config() -> None:
    assert config(
        temperature=0.0,
        top_p=0.5,
        top_k=3,
        max_tokens=9,
        stop=("a", "b"),
        seed=1,
        presence_penalty=0.1,
        frequency_penalty=0.2,
    ) == {
        "temperature": 0.0,
        "topP": 0.5,
        "topK": 3,
        "maxOutputTokens": 9,
        "stopSequences": ["a", "b"],
        "seed": 1,
        "presencePenalty": 0.1,
        "frequencyPenalty": 0.2,
    }
    assert config(stop=()) is None


def test_formats() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    json_only = {"responseMimeType": "application/json"}
    assert config(response_format=JsonObject()) == json_only
    wanted = JsonSchema("a", schema)
    assert config(response_format=wanted) == {**json_only, "responseJsonSchema": schema}
    described = JsonSchema("a", schema, description="An A.")
    assert config(response_format=described)["responseJsonSchema"]["description"] == "An A."


@pytest.mark.parametrize("tool", [WEATHER, SEARCH])
def test_a_format_and_tools_are_for_new_models(tool: Any) -> None:
    assert written(tools=(tool,), response_format=JsonObject()).refused == []
    refused = written(model=OLD, tools=(tool,), response_format=JsonObject())
    assert [what for what, _ in refused.refused] == ["option response_format"]
    assert "generationConfig" not in refused.body


THOUGHTS = {"includeThoughts": True}


@pytest.mark.parametrize(
    ("model", "wanted", "thinking"),
    [
        (NEW, ReasoningConfig("minimal"), {"thinkingLevel": "MINIMAL", **THOUGHTS}),
        (NEW, ReasoningConfig("high"), {"thinkingLevel": "HIGH", **THOUGHTS}),
        (NEW, ReasoningConfig("xhigh"), {"thinkingLevel": "XHIGH", **THOUGHTS}),
        (NEW, ReasoningConfig("max"), {"thinkingLevel": "HIGH", **THOUGHTS}),
        (NEW, ReasoningConfig(budget_tokens=99), {"thinkingBudget": 99, **THOUGHTS}),
        (NEW, ReasoningConfig(summary="auto"), THOUGHTS),
        (
            NEW,
            ReasoningConfig("low", summary="none"),
            {"thinkingLevel": "LOW", "includeThoughts": False},
        ),
        ("gemini-flash-latest", ReasoningConfig("low"), {"thinkingLevel": "LOW", **THOUGHTS}),
        ("gemini-flash-latest", ReasoningConfig("none"), {"thinkingBudget": 0}),
        (OLD, ReasoningConfig("none"), {"thinkingBudget": 0}),
        (OLD, ReasoningConfig(budget_tokens=0), {"thinkingBudget": 0}),
        (OLD, ReasoningConfig("low"), {"thinkingBudget": 1024, **THOUGHTS}),
        (OLD, ReasoningConfig("max"), {"thinkingBudget": 24576, **THOUGHTS}),
        (OLD, ReasoningConfig("low", 5000), {"thinkingBudget": 5000, **THOUGHTS}),
        ("gemini-2.5-pro", ReasoningConfig("max"), {"thinkingBudget": 32768, **THOUGHTS}),
        (OLDER, ReasoningConfig("none"), None),
    ],
)
def test_thinking_by_generation(model: str, wanted: ReasoningConfig, thinking: Any) -> None:
    found = config(model, reasoning=wanted)
    assert (found or {}).get("thinkingConfig") == thinking


@pytest.mark.parametrize(
    ("model", "wanted", "left"),
    [
        (NEW, ReasoningConfig("none"), None),
        ("gemini-2.5-pro", ReasoningConfig("none"), None),
        (OLDER, ReasoningConfig("low"), None),
        (NEW, ReasoningConfig("low", 500), {"thinkingLevel": "LOW", **THOUGHTS}),
        (NEW, ReasoningConfig("low", summary="detailed"), {"thinkingLevel": "LOW", **THOUGHTS}),
    ],
)
def test_thinking_that_a_model_does_not_know(
    model: str, wanted: ReasoningConfig, left: Any
) -> None:
    found = written(model=model, reasoning=wanted)
    assert found.refused
    assert found.body.get("generationConfig", {}).get("thinkingConfig") == left


def test_what_has_no_place_is_refused() -> None:
    assert written(tools=(WEATHER,), parallel_tool_calls=False).refused
    assert written(tools=(WEATHER,), parallel_tool_calls=True).refused == []
    assert written(prompt_cache="off").refused
    assert written(prompt_cache=PromptCache("1h")).refused
    assert written(prompt_cache="auto").refused == []
    assert written(prompt_cache=PromptCache()).refused == []
    assert written(tools=(ProviderTool("openai", "{}"),)).refused
    with pytest.raises(UnsupportedError):
        dialect().encode(conversation(HumanMessage((ReasoningPart("Hm."),))), Raising())


def test_metadata_are_labels_on_vertex_alone() -> None:
    assert written(metadata={"team": "a"}, vertex=True).body["labels"] == {"team": "a"}
    assert "labels" not in written(metadata={"team": "a"}).body


def test_extra_is_laid_over_the_body_object_by_object() -> None:
    safety = [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]
    body = written(
        temperature=0.5,
        tools=(WEATHER,),
        tool_choice="required",
        extra={
            "safetySettings": safety,
            "generationConfig": {"candidateCount": 2, "temperature": 0.7},
            "toolConfig": {"functionCallingConfig": {"streamFunctionCallArguments": True}},
            "cachedContent": "cachedContents/1",
        },
    ).body
    assert body["safetySettings"] == safety
    assert body["cachedContent"] == "cachedContents/1"
    assert body["generationConfig"] == {"temperature": 0.7, "candidateCount": 2}
    calling = {"mode": "ANY", "streamFunctionCallArguments": True}
    assert body["toolConfig"] == {"functionCallingConfig": calling}
