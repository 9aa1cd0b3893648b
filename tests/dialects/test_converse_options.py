"""How tools and options look on Converse's wire, and what each maker's models take."""

from __future__ import annotations

import json
from typing import Any

import pytest

from beluga.dialects.converse import ConverseDialect
from beluga.errors import InvalidInputError
from beluga.schema import (
    Effort,
    HumanMessage,
    JsonSchema,
    NamedTool,
    ProviderTool,
    ReasoningConfig,
    SystemMessage,
    ToolSpec,
)
from tests.dialects.converse import (
    ASK,
    CALLED,
    CLAUDE,
    CLAUDE_46,
    CLAUDE_48,
    DEEPSEEK,
    GPT,
    LLAMA,
    NOVA,
    NOVA_2,
    PROFILE,
    QWEN,
    RAIN,
    body,
    fields,
    written,
)
from tests.oracles.matrix import (
    WEATHER,
    Omitted,
    after_tools,
    conversation,
    write,
)

ADAPTIVE = {"thinking": {"type": "adaptive"}}


def test_a_tool_is_a_specification() -> None:
    bare = ToolSpec("f", strict=True)
    [tool, other] = body(tools=(WEATHER, bare))["toolConfig"]["tools"]
    assert tool["toolSpec"]["description"] == WEATHER.description
    assert tool["toolSpec"]["inputSchema"] == {"json": WEATHER.parameters}
    assert other == {
        "toolSpec": {
            "name": "f",
            "inputSchema": {
                "json": {"type": "object", "properties": {}, "additionalProperties": False}
            },
            "strict": True,
        }
    }


@pytest.mark.parametrize(
    ("choice", "wire"),
    [
        (None, None),
        ("auto", {"auto": {}}),
        ("required", {"any": {}}),
        (NamedTool("get_weather"), {"tool": {"name": "get_weather"}}),
    ],
)
def test_a_choice_of_tools(choice: Any, wire: object) -> None:
    assert body(tools=(WEATHER,), tool_choice=choice)["toolConfig"].get("toolChoice") == wire


def test_none_leaves_the_tools_out() -> None:
    assert "toolConfig" not in body(tools=(WEATHER,), tool_choice="none")


def test_after_calls_tools_stay_and_claude_is_told_to_call_none() -> None:
    sent = body(ASK, CALLED, RAIN, tools=(WEATHER,), tool_choice="none")
    assert [t["toolSpec"]["name"] for t in sent["toolConfig"]["tools"]] == ["get_weather"]
    assert "toolChoice" not in sent["toolConfig"]
    assert sent["additionalModelRequestFields"] == {"tool_choice": {"type": "none"}}
    other = written(ASK, CALLED, RAIN, model=NOVA, tools=(WEATHER,), tool_choice="none")
    assert [what for what, _ in other.refused] == ["tool_choice 'none'"]


@pytest.mark.parametrize("model", [CLAUDE, NOVA])
def test_tools_that_were_called_are_named_though_none_are_offered(model: str) -> None:
    sent = written(ASK, CALLED, RAIN, model=model)
    [tool] = sent.body["toolConfig"]["tools"]
    assert tool["toolSpec"]["name"] == "get_weather"
    assert not sent.refused


@pytest.mark.parametrize(
    ("choice", "wire"),
    [
        (None, {"type": "auto"}),
        ("required", {"type": "any"}),
        (NamedTool("get_weather"), {"type": "tool", "name": "get_weather"}),
    ],
)
def test_one_call_at_a_time_is_said_in_anthropics_words(choice: Any, wire: dict[str, Any]) -> None:
    sent = body(tools=(WEATHER,), tool_choice=choice, parallel_tool_calls=False)
    expected = {"tool_choice": {**wire, "disable_parallel_tool_use": True}}
    assert sent["additionalModelRequestFields"] == expected
    assert "toolChoice" not in sent["toolConfig"]


def test_a_choice_that_a_model_does_not_take_is_refused() -> None:
    assert written(model=LLAMA, tools=(WEATHER,), tool_choice="required").refused
    assert not written(model=LLAMA, tools=(WEATHER,), tool_choice="auto").refused
    assert written(model=NOVA, tools=(WEATHER,), parallel_tool_calls=False).refused
    assert not written(model=NOVA, tools=(WEATHER,), parallel_tool_calls=True).refused
    budget = ReasoningConfig(budget_tokens=2000)
    assert written(tools=(WEATHER,), tool_choice="required", reasoning=budget).refused


def test_the_providers_own_tools() -> None:
    system = ProviderTool("bedrock", '{"systemTool":{"name":"nova_code_interpreter"}}')
    sent = body(model=NOVA_2, tools=(system,))
    assert sent["toolConfig"]["tools"] == [{"systemTool": {"name": "nova_code_interpreter"}}]
    bash = ProviderTool("bedrock", '{"type":"bash_20250124","name":"bash"}')
    assert fields(CLAUDE, tools=(bash,)) == {"tools": [{"type": "bash_20250124", "name": "bash"}]}
    assert written(tools=(ProviderTool("openai", '{"type":"web_search"}'),)).refused


def test_common_options() -> None:
    sent = body(model=NOVA, temperature=0.0, top_p=0.5, max_tokens=9, stop=("a", "b"))
    assert sent["inferenceConfig"] == {
        "temperature": 0.0,
        "topP": 0.5,
        "maxTokens": 9,
        "stopSequences": ["a", "b"],
    }
    assert "inferenceConfig" not in body()


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (CLAUDE, {"top_k": 3}),
        (NOVA, {"inferenceConfig": {"topK": 3}}),
        ("cohere.command-r-v1:0", {"k": 3}),
    ],
)
def test_top_k_goes_where_its_model_has_it(model: str, expected: object) -> None:
    assert fields(model, top_k=3) == expected


def test_a_schema_is_a_text() -> None:
    schema = {"type": "object", "properties": {}, "additionalProperties": False}
    wanted = JsonSchema("route", schema, description="A route.")
    assert body(response_format=wanted)["outputConfig"] == {
        "textFormat": {
            "type": "json_schema",
            "structure": {
                "jsonSchema": {
                    "name": "route",
                    "schema": json.dumps(schema, separators=(",", ":")),
                    "description": "A route.",
                }
            },
        }
    }


@pytest.mark.parametrize(
    ("model", "effort", "expected"),
    [
        (CLAUDE_46, "high", {**ADAPTIVE, "output_config": {"effort": "high"}}),
        (CLAUDE_48, "xhigh", {**ADAPTIVE, "output_config": {"effort": "xhigh"}}),
        (CLAUDE, "none", None),
        (NOVA_2, "max", {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}}),
        (NOVA_2, "none", {"reasoningConfig": {"type": "disabled"}}),
        (NOVA, "none", None),
        (GPT, "minimal", {"reasoning_effort": "low"}),
        (GPT, "medium", {"reasoning_effort": "medium"}),
        (QWEN, "medium", {"reasoning_config": "high"}),
        (DEEPSEEK, "high", {"reasoning_effort": "high"}),
        (DEEPSEEK, "none", None),
    ],
)
def test_how_a_model_is_told_to_think(model: str, effort: Effort, expected: object) -> None:
    assert fields(model, reasoning=ReasoningConfig(effort)) == expected


def test_a_budget_is_anthropics() -> None:
    thinking = {"type": "enabled", "budget_tokens": 2048}
    assert fields(CLAUDE, reasoning=ReasoningConfig(budget_tokens=2048)) == {"thinking": thinking}


@pytest.mark.parametrize(
    ("model", "options"),
    [
        (GPT, {"reasoning": ReasoningConfig("none")}),
        (NOVA, {"reasoning": ReasoningConfig("low")}),
        (NOVA_2, {"reasoning": ReasoningConfig(budget_tokens=5)}),
        (NOVA_2, {"reasoning": ReasoningConfig("high"), "max_tokens": 9}),
        (LLAMA, {"top_k": 3}),
        (CLAUDE, {"seed": 1}),
        (CLAUDE_48, {"temperature": 0.5}),
        (PROFILE, {"reasoning": ReasoningConfig("low")}),
        (QWEN, {"reasoning": ReasoningConfig("low", summary="auto")}),
    ],
)
def test_an_option_that_a_model_does_not_take_is_refused(model: str, options: Any) -> None:
    assert written(model=model, **options).refused


def test_thinking_to_a_budget_wants_the_thoughts_of_the_last_calls() -> None:
    request = after_tools(reasoning=ReasoningConfig(budget_tokens=2048))
    sent = write(ConverseDialect("bedrock", CLAUDE, "https://host"), request)
    assert [what for what, _ in sent.refused] == ["option reasoning"]
    assert "additionalModelRequestFields" not in sent.body


def test_an_arn_may_be_named_by_the_model_it_stands_for() -> None:
    dialect = ConverseDialect("bedrock", PROFILE, "https://host", base_model=NOVA)
    sent = write(dialect, conversation(top_k=3))
    assert sent.body["additionalModelRequestFields"] == {"inferenceConfig": {"topK": 3}}


def test_what_is_extra_wins_and_leaves_the_rest() -> None:
    extra = {
        "additionalModelRequestFields": {"anthropic_beta": ["a"]},
        "guardrailConfig": {"guardrailIdentifier": "x", "guardrailVersion": "1"},
        "inferenceConfig": {"temperature": 1.0},
        "system": [{"text": "Mine."}],
    }
    sent = body(SystemMessage("A"), ASK, extra=extra, top_k=3, temperature=0.5, max_tokens=9)
    assert sent["additionalModelRequestFields"] == {"top_k": 3, "anthropic_beta": ["a"]}
    assert sent["inferenceConfig"] == {"temperature": 1.0, "maxTokens": 9}
    assert sent["guardrailConfig"] == extra["guardrailConfig"]
    assert sent["system"] == [{"text": "Mine."}]


def test_tags_go_where_logs_are_filtered_if_they_fit() -> None:
    tags = {"team": "weather", "odd": "ü", "long": "x" * 257, **{f"t{n}": "" for n in range(20)}}
    sent = body(metadata=tags)["requestMetadata"]
    assert sent["team"] == "weather"
    assert "odd" not in sent
    assert "long" not in sent
    assert len(sent) == 16


def test_half_a_character_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="half a character"):
        ConverseDialect("bedrock", CLAUDE, "https://host").encode(
            conversation(HumanMessage("\ud83d")), Omitted()
        )
