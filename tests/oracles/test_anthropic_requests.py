"""What is written for Anthropic is what its official SDK and its published document allow.

The SDK is no dependency of this project: where it is not installed, its part is skipped.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final, Protocol

import pytest

from beluga.dialects.anthropic import AnthropicDialect
from beluga.schema import (
    AIMessage,
    HumanMessage,
    ImagePart,
    PromptCache,
    ProviderPart,
    ProviderTool,
    ReasoningConfig,
    ReasoningPart,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
)
from tests.oracles.matrix import MATRIX, PDF, PNG, WEATHER, Case, after_tools, conversation, write
from tests.oracles.openapi import oracle

MODELS: Final = (
    "claude-3-5-sonnet-20241022",
    "claude-sonnet-4-5-20250929",
    "claude-opus-4-5",
    "claude-sonnet-4-6",
    "claude-opus-4-7",
    "claude-haiku-5-5",
    "claude-sonnet-5-5",
    "claude-opus-5-5",
    "claude-fable-5",
    "someone-elses-model",
)

SAMPLING: Final = frozenset({"temperature", "top_p", "top_k"})
"""Still taken for models that know them; the SDK has given up their names."""

NEVER: Final = {
    "a sound",
    "a sound by URL",
    "a film",
    "a film by URL",
    "an image in detail",
    "an image in a system message",
    "a call in a human message",
    "a thought in a human message",
    "an image in an answer",
    "a foreign provider's tool",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "every number",
    "several stops",
    "a JSON object",
}
"""Cases that no model of Anthropic's can be asked for."""

NO_SCHEMA: Final = {
    "a strict tool",
    "a strict and a loose tool",
    "tools and a schema",
    "a schema",
    "a loose schema",
    "a described schema",
}
NO_SAMPLING: Final = {"temperature", "temperature 0", "top_p", "top_k"}
NO_FORCE: Final = {"tool choice required", "a named tool"}
NO_THOUGHT: Final = {
    "a budget to think",
    "a summary of thoughts",
    *(f"effort {e}" for e in ("minimal", "low", "medium", "high", "xhigh", "max")),
}
NO_BEGINNING: Final = {"the beginning of an answer"}
NO_BUDGET: Final = {"a budget to think"}
NO_REST: Final = {"effort none", "no budget to think"}

REFUSED: Final[Mapping[str, set[str]]] = {
    "claude-3-5-sonnet-20241022": NEVER | NO_SCHEMA | NO_THOUGHT,
    "claude-sonnet-4-5-20250929": NEVER,
    "claude-opus-4-5": NEVER,
    "claude-sonnet-4-6": NEVER | NO_BEGINNING,
    "claude-opus-4-7": NEVER | NO_BEGINNING | NO_SAMPLING | NO_BUDGET,
    "claude-haiku-5-5": NEVER | NO_BEGINNING | NO_SAMPLING | NO_BUDGET,
    "claude-sonnet-5-5": NEVER | NO_BEGINNING | NO_SAMPLING | NO_BUDGET | NO_FORCE,
    "claude-opus-5-5": NEVER | NO_BEGINNING | NO_SAMPLING | NO_BUDGET | NO_FORCE | NO_REST,
    "claude-fable-5": NEVER | NO_BEGINNING | NO_SAMPLING | NO_BUDGET | NO_FORCE | NO_REST,
    "someone-elses-model": NEVER,
}


def _own() -> Iterator[Case]:
    """What only Anthropic's models say, or only they are asked."""
    signed = ReasoningPart("I must look.", signature="c2ln", origin="anthropic")
    hidden = ReasoningPart(
        "", opaque='{"type":"redacted_thinking","data":"ZGF0YQ=="}', origin="anthropic"
    )
    think = ReasoningConfig("high")
    yield Case("a signed thought before a call", after_tools(signed, reasoning=think))
    yield Case("a hidden thought before a call", after_tools(hidden, reasoning=think))
    searched = (
        ProviderPart(
            "server_tool_use",
            "anthropic",
            '{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{"query":"Oslo"}}',
        ),
        ProviderPart(
            "web_search_tool_result",
            "anthropic",
            '{"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":'
            '[{"type":"web_search_result","url":"https://example.com","title":"Rain",'
            '"encrypted_content":"ZQ==","page_age":null}]}',
        ),
    )
    again = AIMessage((*searched, TextPart("It rains.")), provider="anthropic")
    yield Case("a search of its own", conversation(HumanMessage("?"), again, HumanMessage("And?")))
    paused = AIMessage(searched[:1], finish_reason="pause", provider="anthropic")
    yield Case("a pause", conversation(HumanMessage("?"), paused))
    tool = ProviderTool("anthropic", '{"type":"web_search_20250305","name":"web_search"}')
    yield Case("a tool of its own", conversation(tools=(WEATHER, tool)))
    for wish in ("auto", PromptCache("1h"), PromptCache("5m")):
        turns = (SystemMessage("Rules."), HumanMessage("A"), AIMessage("B"), HumanMessage("C"))
        yield Case(f"cached: {wish}", conversation(*turns, tools=(WEATHER,), prompt_cache=wish))
    yield Case("a user's id", conversation(metadata={"user_id": "u-1", "team": "weather"}))
    crowd = [TextPart(f"Part {n}.", prompt_cache=PromptCache()) for n in range(4)]
    yield Case("four marks", conversation(HumanMessage(tuple(crowd)), prompt_cache="auto"))
    odd = AIMessage((ToolCall("call|1.2", "get_weather", "{}"),))
    result = ToolMessage((ImagePart(PNG),), tool_call_id="call|1.2", is_error=True)
    yield Case("an id in letters of others", conversation(HumanMessage("?"), odd, result))


OWN: Final = tuple(_own())


def dialect(model: str) -> AnthropicDialect:
    return AnthropicDialect("anthropic", model, "https://example.com/v1/messages")


@pytest.mark.parametrize("model", MODELS)
def test_what_a_model_cannot_do_is_refused_and_nothing_else(model: str) -> None:
    refused = {case.name for case in MATRIX if write(dialect(model), case.request).refused}
    assert refused == REFUSED[model]


def test_nothing_of_its_own_is_refused() -> None:
    for case in OWN:
        written = write(dialect("claude-sonnet-4-5"), case.request)
        assert not written.refused, case.name
        assert not written.foreign, case.name


@pytest.mark.parametrize("model", MODELS)
def test_the_sdk_takes_what_is_written(model: str) -> None:
    sdk = official_sdk()
    for case in (*MATRIX, *OWN):
        body = write(dialect(model), case.request).body
        known = {key: value for key, value in body.items() if key not in SAMPLING}
        assert sdk.read(known) == known, case.name


def test_the_sdk_notices_what_is_wrong() -> None:
    sdk = official_sdk()
    body = write(dialect("claude-sonnet-4-5"), after_tools()).body
    wrong: dict[str, object] = {
        "an unknown key": {**body, "max_completion_tokens": 4},
        "an unknown block": {**body, "messages": [{"role": "user", "content": [{"type": "no"}]}]},
        "an unknown role": {**body, "messages": [{"role": "tool", "content": "x"}]},
        "an unknown choice": {**body, "tool_choice": {"type": "required"}},
    }
    for name, request in wrong.items():
        assert not sdk.takes(request), name


def test_the_published_document_takes_what_is_written() -> None:
    """The document is of November 2024, and so is the model."""
    judge = oracle("anthropic-2024-11.openapi.json")
    told = [case for case in (*MATRIX, *OWN) if case.name not in REFUSED[MODELS[0]]]
    for case in told:
        body = older(write(dialect(MODELS[0]), case.request).body)
        assert judge.errors("post", "/v1/messages?beta=true", body) == [], case.name


def test_the_published_document_notices_what_is_wrong() -> None:
    judge = oracle("anthropic-2024-11.openapi.json")
    body = older(write(dialect(MODELS[0]), after_tools()).body)
    assert judge.errors("post", "/v1/messages?beta=true", {**body, "seed": 7})
    assert judge.errors("post", "/v1/messages?beta=true", {**body, "max_tokens": None})


class Sdk(Protocol):
    """Anthropic's own types."""

    def read(self, body: object) -> object:
        """Return what the SDK's type makes of *body*; what it does not know is left out."""

    def takes(self, body: object) -> bool:
        """Whether the SDK's type takes all of *body*."""


@cache
def official_sdk() -> Sdk:
    why = "the official SDK is not installed; it is only needed for this check"
    types = pytest.importorskip("anthropic.types", reason=why)
    pydantic = pytest.importorskip("pydantic", reason=why)
    whole = pydantic.TypeAdapter(types.message_create_params.MessageCreateParams)
    # Of the SDK's union for content the half that is meant for requests, which knows all its keys.
    block = pydantic.TypeAdapter(types.ContentBlockParam)

    class Reader:
        def read(self, body: Any) -> object:
            read = plain(whole.validate_python(body))
            for turn in read["messages"]:
                if not isinstance(turn["content"], str):
                    turn["content"] = [plain(block.validate_python(b)) for b in turn["content"]]
            return read

        def takes(self, body: Any) -> bool:
            try:
                return bool(self.read(body) == body)
            except pydantic.ValidationError:
                return False

    return Reader()


def plain(value: Any) -> Any:
    """Read out what pydantic validates only when it is looked at."""
    if isinstance(value, str | bytes | int | float | None):
        return value
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if hasattr(value, "to_dict"):
        return plain(value.to_dict())
    assert isinstance(value, Iterable)
    return [plain(item) for item in value]


def older(body: dict[str, Any]) -> dict[str, Any]:
    """Say in the words of November 2024 what has got others, or more, since."""
    told: dict[str, Any] = json.loads(json.dumps(body), object_hook=_older)
    if told.get("tool_choice") == {"type": "none"}:
        del told["tool_choice"]
    return told


_SINCE: Final = {"title", "ttl", "citations"}
_BYTES: Final = {"image": (PNG, "image/png"), "document": (PDF, "application/pdf")}
_NEWER: Final = frozenset({"thinking", "redacted_thinking", "server_tool_use"})


def _older(value: dict[str, Any]) -> dict[str, Any]:
    kind = value.get("type")
    if kind in _BYTES and "source" in value:
        data, media_type = _BYTES[kind]
        source = {"type": "base64", "media_type": media_type}
        value["source"] = {**source, "data": base64.b64encode(data).decode()}
    if kind in _NEWER or str(kind).endswith("_tool_result"):
        return {"type": "text", "text": str(kind)}
    if kind == "tool_result":
        known = [b for b in value.get("content", ()) if b["type"] in {"text", "image"}]
        return {**value, "content": known}
    if str(kind).startswith("web_search_"):
        return {"name": "web_search", "input_schema": {"type": "object"}}
    return {key: item for key, item in value.items() if key not in _SINCE or kind == "object"}
