"""Where marks for the prompt cache stand on Converse's wire."""

from __future__ import annotations

import json
from typing import Any

import pytest

from beluga.schema import (
    AIMessage,
    FilePart,
    HumanMessage,
    PromptCache,
    SystemMessage,
    TextPart,
    ToolMessage,
)
from tests.dialects.converse import (
    ASK,
    CALLED,
    LLAMA,
    NOVA,
    PROFILE,
    body,
    content,
    written,
)
from tests.oracles.matrix import (
    PDF,
    WEATHER,
)

POINT = {"cachePoint": {"type": "default"}}
HOUR = {"cachePoint": {"type": "default", "ttl": "1h"}}


def test_a_mark_follows_its_part() -> None:
    marked = TextPart("Long.", prompt_cache=PromptCache())
    kept = SystemMessage((TextPart("Rules.", prompt_cache=PromptCache("1h")),))
    sent = body(kept, HumanMessage((marked, TextPart("?"))))
    assert sent["system"] == [{"text": "Rules."}, HOUR]
    assert sent["messages"][0]["content"] == [{"text": "Long."}, POINT, {"text": "?"}]


def test_a_mark_does_not_follow_a_document_at_once() -> None:
    part = FilePart(PDF, prompt_cache=PromptCache())
    blocks = content(HumanMessage((part, TextPart("?"))))
    assert [next(iter(block)) for block in blocks] == ["document", "text", "cachePoint", "text"]


def test_a_blank_text_that_carries_a_mark_stays() -> None:
    blank = TextPart("\n", prompt_cache=PromptCache())
    assert content(HumanMessage((TextPart("A"), blank)))[1:] == [{"text": "\n"}, POINT]


def test_a_result_may_be_marked() -> None:
    part = TextPart("Rain", prompt_cache=PromptCache())
    blocks = body(ASK, CALLED, ToolMessage((part,), tool_call_id="tooluse_1"))["messages"][2]
    assert [list(block) for block in blocks["content"]] == [["toolResult"], ["cachePoint"]]


TALK = (SystemMessage("Rules."), ASK, AIMessage("A"), HumanMessage("B"), AIMessage("C"), ASK)


@pytest.mark.parametrize(("wish", "point"), [("auto", POINT), (PromptCache("1h"), HOUR)])
def test_chosen_marks_stand_at_the_ends(wish: Any, point: dict[str, Any]) -> None:
    sent = body(*TALK, tools=(WEATHER,), prompt_cache=wish)
    assert sent["toolConfig"]["tools"][-1] == point
    assert sent["system"][-1] == point
    marked = [turn["content"][-1] == point for turn in sent["messages"]]
    assert marked == [False, False, True, False, True]


def test_nova_caches_no_tools() -> None:
    sent = body(*TALK, model=NOVA, tools=(WEATHER,), prompt_cache="auto")
    assert POINT not in sent["toolConfig"]["tools"]
    assert sent["system"][-1] == POINT


@pytest.mark.parametrize("model", [LLAMA, PROFILE, "anthropic.claude-3-haiku-20240307-v1:0"])
def test_auto_marks_nothing_for_a_model_that_may_not_cache(model: str) -> None:
    assert "cachePoint" not in json.dumps(body(*TALK, model=model, prompt_cache="auto"))


def test_off_takes_every_mark_out() -> None:
    marked = HumanMessage((TextPart("Long.", prompt_cache=PromptCache()),))
    assert "cachePoint" not in json.dumps(body(marked, prompt_cache="off"))


def test_a_model_without_a_cache_gets_no_marks_and_observers_are_told() -> None:
    marked = HumanMessage((TextPart("Long.", prompt_cache=PromptCache()),))
    sent = written(marked, model=LLAMA)
    assert "cachePoint" not in json.dumps(sent.body)
    assert sent.foreign


def test_four_marks_are_the_most_and_the_callers_come_first() -> None:
    parts = tuple([TextPart(f"{n}", prompt_cache=PromptCache()) for n in range(5)])
    sent = written(HumanMessage(parts), prompt_cache="auto")
    assert sent.refused
    blocks = sent.body["messages"][0]["content"]
    assert [block.get("text", "|") for block in blocks] == ["0", *"1|2|3|4|"]


def test_no_mark_outlives_one_before_it() -> None:
    late = HumanMessage((TextPart("Long.", prompt_cache=PromptCache("1h")),))
    early = SystemMessage((TextPart("Rules.", prompt_cache=PromptCache()),))
    assert body(early, late)["system"][-1] == HOUR
    assert written(HumanMessage((TextPart("x", prompt_cache=PromptCache("2d")),))).refused
