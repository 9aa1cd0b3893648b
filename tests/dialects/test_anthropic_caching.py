"""Where marks for the prompt cache stand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from beluga.dialects.anthropic import AnthropicDialect
from beluga.schema import (
    AIMessage,
    HumanMessage,
    Message,
    PromptCache,
    ReasoningPart,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
    ToolSpec,
)
from tests.oracles.matrix import Written, conversation, write

TOOLS = (ToolSpec("f"), ToolSpec("g"))
TALK = (SystemMessage("S"), HumanMessage("1"), AIMessage("2"), HumanMessage("3"))
PLAIN = {"type": "ephemeral"}
HOUR = {"type": "ephemeral", "ttl": "1h"}


def written(*messages: Message, **options: Any) -> Written:
    dialect = AnthropicDialect("anthropic", "claude-sonnet-4-5", "https://example.com/v1/messages")
    return write(dialect, conversation(*messages, **options))


def marks(body: dict[str, Any]) -> Iterator[tuple[str, object]]:
    """The marked blocks, by what they hold, in the order in which the server reads them."""
    for tool in body.get("tools", ()):
        yield tool["name"], tool.get("cache_control")
    for block in body.get("system", ()):
        yield block["text"], block.get("cache_control")
    for turn in body["messages"]:
        for block in turn["content"]:
            yield block.get("text") or block["type"], block.get("cache_control")


def marked(*messages: Message, **options: Any) -> dict[str, object]:
    body = written(*messages, **options).body
    return {name: mark for name, mark in marks(body) if mark is not None}


def test_nothing_is_marked_unasked() -> None:
    assert marked(*TALK, tools=TOOLS) == {}


def test_tools_system_and_the_last_two_turns_of_the_caller_are_marked() -> None:
    found = marked(*TALK, tools=TOOLS, prompt_cache="auto")
    assert found == dict.fromkeys(("g", "S", "1", "3"), PLAIN)


def test_they_live_as_long_as_is_asked() -> None:
    found = marked(*TALK, tools=TOOLS, prompt_cache=PromptCache("1h"))
    assert found == dict.fromkeys(("g", "S", "1", "3"), HOUR)


def test_results_and_calls_carry_marks_and_thoughts_do_not() -> None:
    thought = ReasoningPart("hm", signature="s", origin="anthropic")
    called = AIMessage((thought, ToolCall("a", "f", "{}")))
    result = ToolMessage("r", tool_call_id="a")
    found = marked(HumanMessage("1"), called, result, tools=TOOLS, prompt_cache="auto")
    assert found == dict.fromkeys(("g", "1", "tool_result"), PLAIN)
    paused = AIMessage((TextPart("2"), thought), finish_reason="pause")
    assert marked(HumanMessage("1"), paused, prompt_cache="auto") == {"2": PLAIN}


def test_the_callers_own_marks_come_first_and_leave_room_or_none() -> None:
    parts = [TextPart(str(n), prompt_cache=PromptCache()) for n in range(3)]
    found = marked(SystemMessage("S"), HumanMessage((*parts, TextPart("9"))), prompt_cache="auto")
    assert found == dict.fromkeys(("0", "1", "2", "9"), PLAIN)
    parts.append(TextPart("3", prompt_cache=PromptCache()))
    found = marked(SystemMessage("S"), HumanMessage(tuple(parts)), prompt_cache="auto")
    assert found == dict.fromkeys("0123", PLAIN)


def test_off_takes_them_off() -> None:
    kept = TextPart("1", prompt_cache=PromptCache())
    assert marked(HumanMessage((kept,)), prompt_cache="off") == {}


def test_a_fifth_mark_is_refused() -> None:
    parts = [TextPart(str(n), prompt_cache=PromptCache()) for n in range(6)]
    made = written(HumanMessage(tuple(parts)))
    assert len(made.refused) == 2
    assert [name for name, mark in marks(made.body) if mark] == ["2", "3", "4", "5"]


def test_no_mark_outlives_one_before_it() -> None:
    late = HumanMessage((TextPart("3", prompt_cache=PromptCache("1h")), TextPart("4")))
    found = marked(SystemMessage("S"), HumanMessage("1"), AIMessage("2"), late, prompt_cache="auto")
    assert found == {"S": HOUR, "1": HOUR, "3": HOUR, "4": PLAIN}


@pytest.mark.parametrize("wish", [PromptCache("24h"), None])
def test_a_life_that_it_does_not_know_is_refused(wish: PromptCache | None) -> None:
    part = TextPart("1", prompt_cache=None if wish else PromptCache("24h"))
    made = written(HumanMessage((part,)), prompt_cache=wish)
    assert made.refused
    assert json.dumps(made.body).count("cache_control") == 1
    assert "24h" not in json.dumps(made.body)
