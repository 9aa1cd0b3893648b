"""What is written on OpenAI's two wires obeys OpenAI's own OpenAPI document; Mistral's likewise."""

from __future__ import annotations

from typing import Final

import pytest

from beluga.dialects.chat import ChatDialect
from beluga.dialects.responses import ResponsesDialect
from beluga.providers.compatible import RECORDS
from beluga.providers.openai import RECORD
from beluga.schema import ProviderPart, ProviderTool, ReasoningPart, TextPart, ToolCall
from tests.oracles.matrix import MATRIX, Case, after_tools, conversation, write
from tests.oracles.openapi import oracle

NEVER: Final = {
    "a film",
    "a film by URL",
    "a call in a human message",
    "a thought in a human message",
    "an image in an answer",
    "a foreign provider's tool",
    "top_k",
    "every number",
    "a budget to think",
    "no budget to think",
}
"""What none of the three has a place for."""

CHAT_REFUSED: Final = NEVER | {
    "an image by id",
    "a sound by URL",
    "a document by URL",
    "a text marked for an hour",
    "an image in a system message",
    "an image as a result",
    "a document as a result",
    "a text file as a result",
    "a summary of thoughts",
    "prompt cache for an hour",
}
RESPONSES_REFUSED: Final = NEVER | {
    "a sound",
    "a sound by URL",
    "a text marked for an hour",
    "a sound in an answer",
    "stop",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "several stops",
    "prompt cache for an hour",
}
MISTRAL_REFUSED: Final = NEVER | {
    "an image by id",
    "an image in a system message",
    "a document as a result",
    "a text file as a result",
    "effort max",
    "a summary of thoughts",
}

REASONING: Final = '{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAA"}'
SEARCH: Final = (
    '{"type":"web_search_call","id":"ws_1","status":"completed",'
    '"action":{"type":"search","query":"rain"}}'
)
RESPONSES_OWN: Final = (
    Case("its own thought", after_tools(ReasoningPart("", opaque=REASONING, origin="openai"))),
    Case(
        "its own search",
        after_tools(ProviderPart("web_search_call", "openai", SEARCH), TextPart("Rain.")),
    ),
    Case("its own tool", conversation(tools=(ProviderTool("openai", '{"type":"web_search"}'),))),
    Case("stored after all", conversation(extra={"store": True, "truncation": "auto"})),
)
CHAT_OWN: Final = (
    Case("probabilities", conversation(extra={"logprobs": True, "top_logprobs": 2})),
    Case("several answers", conversation(extra={"n": 2})),
)
MISTRAL_OWN: Final = (
    Case(
        "its own thought",
        after_tools(ReasoningPart("Hm.", signature="s", origin="mistral"), TextPart("Rain.")),
    ),
    Case("safely", conversation(extra={"safe_prompt": True})),
)


@pytest.mark.parametrize("case", [*MATRIX, *CHAT_OWN], ids=lambda case: case.name)
def test_chat_completions(case: Case) -> None:
    document = oracle("openai.openapi.json")
    written = write(ChatDialect("openai", "gpt-4o", "https://x", RECORD.chat), case.request)
    for message in written.body["messages"]:
        if case.name not in CHAT_REFUSED:
            continue
        message["content"] = message["content"] or "left out"
    assert document.errors("post", "/chat/completions", written.body, strict=True) == []
    assert bool(written.refused) == (case.name in CHAT_REFUSED)


@pytest.mark.parametrize("case", [*MATRIX, *RESPONSES_OWN], ids=lambda case: case.name)
def test_responses(case: Case) -> None:
    document = oracle("openai.openapi.json")
    dialect = ResponsesDialect("openai", "gpt-4o", "https://x", RECORD.responses)
    written = write(dialect, case.request)
    written.body["input"] = [_once_described(item) for item in written.body["input"]]
    assert document.errors("post", "/responses", written.body, strict=True) == []
    assert bool(written.refused) == (case.name in RESPONSES_REFUSED)


def _once_described(item: dict[str, object]) -> dict[str, object]:
    """The document describes a message in parts twice, and so allows none."""
    if isinstance(item.get("content"), list) and "type" not in item:
        return {"type": "function_call_output", "call_id": "c", "output": item["content"]}
    return item


@pytest.mark.parametrize("case", [*MATRIX, *MISTRAL_OWN], ids=lambda case: case.name)
def test_mistral(case: Case) -> None:
    document = oracle("mistral.openapi.yaml")
    quirks = RECORDS["mistral"].chat
    written = write(ChatDialect("mistral", "mistral-large", "https://x", quirks), case.request)
    assert document.errors("post", "/v1/chat/completions", written.body, strict=True) == []
    assert bool(written.refused) == (case.name in MISTRAL_REFUSED)


def test_a_call_of_a_tool_with_free_text_goes_back_as_it_came() -> None:
    raw = '{"type":"custom_tool_call","call_id":"c1","name":"sql","input":"SELECT 1"}'
    call = ToolCall("c1", "sql", "SELECT 1", signature=raw, origin="openai")
    dialect = ResponsesDialect("openai", "gpt-5", "https://x", RECORD.responses)
    items = write(dialect, after_tools(call)).body["input"]
    sent = {"type": "custom_tool_call", "call_id": "c1", "name": "sql", "input": "SELECT 1"}
    assert sent in items
