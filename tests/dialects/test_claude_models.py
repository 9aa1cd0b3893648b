"""What Claude's generations are asked for, by the names of their models."""

from __future__ import annotations

from typing import Any

import pytest

from beluga.dialects.anthropic import AnthropicDialect
from beluga.dialects.claude_models import generation_of
from beluga.schema import (
    AIMessage,
    HumanMessage,
    ReasoningConfig,
    ReasoningPart,
    ToolCall,
    ToolMessage,
)
from tests.oracles.matrix import WEATHER, Written, after_tools, conversation, write


def written(model: str, **options: Any) -> Written:
    dialect = AnthropicDialect("anthropic", model, "https://example.com/v1/messages")
    return write(dialect, conversation(**options))


def thinking(model: str, effort: Any = None, **options: Any) -> tuple[object, object, object]:
    """What is written of thinking, of effort and of the bound, if nothing is refused."""
    wish = effort if isinstance(effort, ReasoningConfig) else ReasoningConfig(effort)
    made = written(model, reasoning=wish, **options)
    assert not made.refused
    config = made.body.get("output_config", {})
    return made.body.get("thinking"), config.get("effort"), made.body["max_tokens"]


@pytest.mark.parametrize(
    ("models", "most"),
    [
        (("claude-3-opus-20240229", "claude-3-haiku-20240307", "claude-2.1"), 4096),
        (("claude-3-5-sonnet-latest", "claude-3-5-haiku-20241022"), 8192),
        (("claude-opus-4-20250514", "claude-opus-4-1", "claude-4-opus-20250514"), 32_000),
        (("claude-3-7-sonnet-20250219", "claude-sonnet-4-0", "claude-haiku-4-5"), 64_000),
        (("claude-opus-4-6", "anthropic/claude-opus-4.8", "claude-mythos-preview"), 128_000),
        (("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5@20250929"), 64_000),
        (("claude-fable-5-2", "claude-sonnet-7", "claude-opus-latest", "claude-saga-6"), 128_000),
        (("kimi-k2", "glm-4.6"), 8192),
    ],
)
def test_a_name_tells_the_generation(models: tuple[str, ...], most: int) -> None:
    assert {generation_of(model).max_output for model in models} == {most}


def test_the_bound_of_an_answer_is_the_models_own_or_generous() -> None:
    assert written("claude-3-haiku-20240307").body["max_tokens"] == 4096
    assert written("claude-opus-4-6").body["max_tokens"] == 32_000
    assert written("claude-opus-4-6", max_tokens=7).body["max_tokens"] == 7


def test_models_that_count_are_given_a_budget_and_room_for_it() -> None:
    enabled = {"type": "enabled", "budget_tokens": 10_240}
    assert thinking("claude-haiku-4-5", "medium") == (enabled, None, 42_240)
    assert thinking("claude-opus-4-5", "medium") == (enabled, "medium", 42_240)
    assert thinking("claude-opus-4-1", "max")[2] == 32_000


def test_a_budget_leaves_room_for_an_answer() -> None:
    enabled = {"type": "enabled", "budget_tokens": 3072}
    assert thinking("claude-haiku-4-5", "high", max_tokens=4096) == (enabled, None, 4096)


def test_a_budget_is_given_as_it_is() -> None:
    wish = ReasoningConfig(budget_tokens=2000)
    enabled = {"type": "enabled", "budget_tokens": 2000}
    assert thinking("claude-sonnet-4-6", wish) == (enabled, None, 34_000)


@pytest.mark.parametrize("options", [{"max_tokens": 1000}, {"max_tokens": 2000}])
def test_a_budget_that_does_not_fit_is_refused(options: dict[str, Any]) -> None:
    wish = ReasoningConfig(budget_tokens=2000)
    made = written("claude-haiku-4-5", reasoning=wish, **options)
    assert "below max_tokens" in made.refused[0][1]
    assert "thinking" not in made.body


@pytest.mark.parametrize(
    ("model", "asked", "written"),
    [
        ("claude-opus-4-5", "max", "high"),
        ("claude-sonnet-4-6", "minimal", "low"),
        ("claude-sonnet-4-6", "xhigh", "max"),
        ("claude-opus-4-7", "xhigh", "xhigh"),
        ("claude-haiku-5-5", "max", "max"),
    ],
)
def test_an_effort_is_the_nearest_that_the_model_knows(
    model: str, asked: str, written: str
) -> None:
    assert thinking(model, asked)[1] == written


def test_newer_models_decide_themselves() -> None:
    assert thinking("claude-opus-5-5", "high") == ({"type": "adaptive"}, "high", 32_000)
    wish = ReasoningConfig("low", summary="auto")
    adaptive = {"type": "adaptive", "display": "summarized"}
    assert thinking("claude-opus-4-7", wish) == (adaptive, "low", 32_000)
    counted = written("claude-opus-4-7", reasoning=ReasoningConfig(budget_tokens=2000))
    assert "give an effort" in counted.refused[0][1]


@pytest.mark.parametrize(
    ("model", "off"),
    [
        ("claude-3-5-haiku-20241022", None),
        ("claude-opus-4-8", None),
        ("claude-opus-5", {"type": "disabled"}),
        ("claude-sonnet-5-5", {"type": "between_tools"}),
    ],
)
def test_thinking_is_switched_off_in_the_models_way(model: str, off: object) -> None:
    assert thinking(model, "none")[:2] == (off, None)
    assert thinking(model, ReasoningConfig(budget_tokens=0))[:2] == (off, None)


def test_a_model_that_always_thinks_cannot_be_kept_from_it() -> None:
    made = written("claude-fable-5-1", reasoning=ReasoningConfig("none"))
    assert made.refused == [("reasoning effort 'none'", "this model always thinks")]


def test_no_sampling_while_it_thinks() -> None:
    sampled: dict[str, Any] = {"temperature": 0.2, "top_k": 4, "top_p": 0.5}
    made = written("claude-sonnet-4-5", reasoning=ReasoningConfig("low"), **sampled)
    assert {what for what, _ in made.refused} == {f"option {name}" for name in sampled}
    kept = written("claude-sonnet-4-5", reasoning=ReasoningConfig("low"), top_p=0.95)
    assert kept.body["top_p"] == 0.95


def test_one_way_to_sample_or_none() -> None:
    both = written("claude-sonnet-4-5", temperature=0.2, top_p=0.5)
    assert [what for what, _ in both.refused] == ["option top_p"]
    assert not written("claude-3-5-haiku-20241022", temperature=0.2, top_p=0.5).refused
    assert not written("claude-opus-5", temperature=1.0).refused


def test_no_tool_is_forced_on_one_who_thinks_to_a_budget() -> None:
    forced: dict[str, Any] = {"tools": (WEATHER,), "tool_choice": "required"}
    made = written("claude-sonnet-4-5", reasoning=ReasoningConfig("low"), **forced)
    assert made.refused[0][0] == "tool_choice 'required'"
    assert "tool_choice" not in made.body
    assert not written("claude-opus-5", reasoning=ReasoningConfig("low"), **forced).refused


@pytest.mark.parametrize(
    ("thought", "refused"),
    [
        (ReasoningPart("hm", signature="s", origin="anthropic"), False),
        (ReasoningPart("", opaque='{"type":"redacted_thinking"}', origin="anthropic"), False),
        (ReasoningPart("hm", signature="s", origin="google"), True),
        (ReasoningPart("hm"), True),
    ],
)
def test_calls_that_were_not_thought_out_here_keep_it_from_thinking(
    thought: ReasoningPart, refused: bool
) -> None:
    dialect = AnthropicDialect("anthropic", "claude-sonnet-4-5", "https://example.com/v1/messages")
    request = after_tools(thought, reasoning=ReasoningConfig("low"))
    made = write(dialect, request)
    assert bool(made.refused) is refused
    assert ("thinking" in made.body) is not refused


def test_only_the_calls_that_wait_matter() -> None:
    dialect = AnthropicDialect("anthropic", "claude-sonnet-4-5", "https://example.com/v1/messages")
    called = AIMessage((ToolCall("a", "f", "{}"),))
    past = (HumanMessage("?"), called, ToolMessage("r", tool_call_id="a"))
    done = conversation(
        *past, AIMessage("Rain."), HumanMessage("And?"), reasoning=ReasoningConfig("low")
    )
    assert not write(dialect, done).refused
    asked = conversation(*past, HumanMessage("Well?"), reasoning=ReasoningConfig("low"))
    assert write(dialect, asked).refused
