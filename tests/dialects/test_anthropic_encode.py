"""How requests are written for Anthropic."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
import pytest

from beluga.dialects.anthropic import AnthropicDialect
from beluga.errors import InvalidInputError
from beluga.schema import (
    AIMessage,
    Citation,
    FilePart,
    HumanMessage,
    ImagePart,
    JsonSchema,
    Message,
    Part,
    PromptCache,
    ProviderPart,
    ProviderTool,
    ReasoningPart,
    RefusalPart,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
    ToolSpec,
)
from tests.oracles.matrix import PDF, PNG, WEATHER, Written, conversation, write

OLDER = "claude-sonnet-4-5"
NEWER = "claude-opus-4-8"


def written(*messages: Message, model: str = OLDER, **options: Any) -> Written:
    dialect = AnthropicDialect("anthropic", model, "https://example.com/v1/messages")
    return write(dialect, conversation(*messages, **options))


def body(*messages: Message, model: str = OLDER, **options: Any) -> dict[str, Any]:
    made = written(*messages, model=model, **options)
    assert not made.refused
    return made.body


def blocks(part: Part) -> list[dict[str, Any]]:
    content = body(HumanMessage((part, TextPart("?"))))["messages"][0]["content"]
    assert isinstance(content, list)
    return content[:-1]


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **more}


ASK = HumanMessage("?")
CALLS = AIMessage((ToolCall("a", "f", "{}"), ToolCall("b", "f", "{}")))
RAIN = ToolMessage("rain", tool_call_id="a")
SUN = ToolMessage("sun", tool_call_id="b", is_error=True)


def test_a_plain_question() -> None:
    made = written(ASK)
    assert made.url == "https://example.com/v1/messages"
    assert made.headers["anthropic-version"] == "2023-06-01"
    assert "anthropic-beta" not in made.headers
    assert made.body == {
        "model": OLDER,
        "max_tokens": 32_000,
        "messages": [{"role": "user", "content": [text("?")]}],
    }
    assert body(ASK, streaming=True)["stream"] is True


def test_leading_system_messages_are_the_system_prompt() -> None:
    made = body(SystemMessage("A"), SystemMessage("B"), ASK)
    assert made["system"] == [text("A"), text("B")]
    assert [turn["role"] for turn in made["messages"]] == ["user"]


@pytest.mark.parametrize("before", [(), (HumanMessage("Now:"),)])
def test_a_late_system_message_follows_the_turn_it_stands_in(before: tuple[Message, ...]) -> None:
    late = (ASK, AIMessage("!"), *before, SystemMessage("Rhyme."), HumanMessage("Go."))
    turns = body(*late, model=NEWER)["messages"]
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user", "system"]
    assert turns[-1]["content"] == [text("Rhyme.")]


@pytest.mark.parametrize("model", [OLDER, NEWER])
def test_a_system_message_without_a_place_is_the_users_and_marked(model: str) -> None:
    turns = body(ASK, AIMessage("!"), SystemMessage("Rhyme."), model=model)["messages"]
    assert turns[-1] == {"role": "user", "content": [text("<system>Rhyme.</system>")]}


def test_an_older_model_reads_a_late_system_message_in_its_place() -> None:
    late = body(ASK, SystemMessage("Rhyme."), HumanMessage("Go."))["messages"]
    tagged = [text("?"), text("<system>Rhyme.</system>"), text("Go.")]
    assert late == [{"role": "user", "content": tagged}]


def test_results_come_first_in_one_turn() -> None:
    turns = body(ASK, CALLS, HumanMessage("Well?"), SUN, RAIN, tools=(WEATHER,))["messages"]
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]
    assert turns[-1]["content"] == [
        {"type": "tool_result", "tool_use_id": "b", "content": [text("sun")], "is_error": True},
        {"type": "tool_result", "tool_use_id": "a", "content": [text("rain")]},
        text("Well?"),
    ]


def test_what_says_nothing_is_not_sent() -> None:
    blank = (HumanMessage("?"), AIMessage(" \n"), HumanMessage(""), HumanMessage("Go."))
    assert body(*blank)["messages"] == [{"role": "user", "content": [text("?"), text("Go.")]}]


@pytest.mark.parametrize("messages", [(SystemMessage("A"),), (HumanMessage(" "),)])
def test_a_conversation_without_a_word_is_refused(messages: tuple[Message, ...]) -> None:
    with pytest.raises(InvalidInputError, match="Messages API wants"):
        written(*messages)


@pytest.mark.parametrize("part", [TextPart("\ud83d"), ProviderPart("x", "anthropic", '"\ud83d"')])
def test_half_a_character_is_refused(part: Part) -> None:
    with pytest.raises(InvalidInputError, match="half a character"):
        written(HumanMessage((part,)))


def test_images() -> None:
    data = base64.b64encode(PNG).decode()
    encoded = {"type": "base64", "media_type": "image/png", "data": data}
    assert blocks(ImagePart(PNG)) == [{"type": "image", "source": encoded}]
    assert blocks(ImagePart(url=f"data:image/png;base64,{data}"))[0]["source"] == encoded
    link = {"type": "url", "url": "https://example.com/a"}
    assert blocks(ImagePart(url="https://example.com/a")) == [{"type": "image", "source": link}]
    bitmap = written(HumanMessage((ImagePart(b"BM", media_type="image/bmp"),)), ASK)
    assert "PNG, JPEG, GIF or WebP" in bitmap.refused[0][1]


def test_documents() -> None:
    (block,) = blocks(FilePart(PDF, name="plan.pdf"))
    source = {"media_type": "application/pdf", "data": base64.b64encode(PDF).decode()}
    source["type"] = "base64"
    assert block == {"type": "document", "source": source, "title": "plan.pdf"}
    (block,) = blocks(FilePart(b"a,b", media_type="text/csv; charset=utf-8"))
    assert block["source"] == {"type": "text", "media_type": "text/plain", "data": "a,b"}
    (block,) = blocks(FilePart(url="https://example.com/a.pdf"))
    assert block["source"] == {"type": "url", "url": "https://example.com/a.pdf"}
    (block,) = blocks(FilePart(PNG))
    assert block["type"] == "image"


@pytest.mark.parametrize(
    "part",
    [
        FilePart(b"PK", media_type="application/zip"),
        FilePart(b"\xff", media_type="text/plain"),
        FilePart(url="https://example.com/a.txt", media_type="text/plain"),
    ],
)
def test_documents_that_it_cannot_read_are_refused(part: FilePart) -> None:
    assert written(HumanMessage((part,)), ASK).refused


def test_files_that_it_holds_need_a_beta() -> None:
    made = written(HumanMessage((ImagePart(id="file_1"), FilePart(id="file_2"), TextPart("?"))))
    assert made.headers["anthropic-beta"] == "files-api-2025-04-14"
    sources = [block.get("source") for block in made.body["messages"][0]["content"]]
    assert sources[0] == {"type": "file", "file_id": "file_1"}
    assert sources[1] == {"type": "file", "file_id": "file_2"}


@pytest.mark.parametrize(
    ("options", "betas"),
    [
        ({"extra": {"mcp_servers": []}}, "mcp-client-2025-11-20"),
        ({"extra": {"speed": "fast"}}, "fast-mode-2026-02-01"),
        ({"extra": {"output_config": {"task_budget": {}}}}, "task-budgets-2026-03-13"),
        (
            {"extra": {"context_management": {"edits": [{"type": "compact_20260112"}]}}},
            "context-management-2025-06-27,compact-2026-01-12",
        ),
        (
            {"tools": (ProviderTool("anthropic", '{"type":"computer_20250124","name":"c"}'),)},
            "computer-use-2025-01-24",
        ),
    ],
)
def test_what_is_in_beta_says_so(options: dict[str, Any], betas: str) -> None:
    assert written(ASK, **options).headers["anthropic-beta"] == betas


def test_calls_go_back_as_the_model_wrote_them() -> None:
    spaced = '{ "city" : "Oslo" , "n" : 1.0e2 }'
    dialect = AnthropicDialect("anthropic", OLDER, "https://example.com/v1/messages")
    said = AIMessage((ToolCall("a", "f", spaced),))
    sent = dialect.encode(conversation(ASK, said, RAIN), _Nobody()).body
    assert b'"input":' + spaced.encode() in sent


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        ("", {}),
        ("null", {}),
        ('{"x":', {"INVALID_JSON": '{"x":'}),
        ("[1]", {"INVALID_JSON": "[1]"}),
    ],
)
def test_arguments_are_an_object_always(arguments: str, sent: object) -> None:
    said = AIMessage((ToolCall("a", "f", arguments),))
    turns = body(ASK, said, RAIN)["messages"]
    assert turns[1]["content"] == [{"type": "tool_use", "id": "a", "name": "f", "input": sent}]


def test_ids_are_written_in_letters_that_it_takes() -> None:
    said = AIMessage((ToolCall("call|1", "f", "{}"), ToolCall("call.1", "f", "{}")))
    first = ToolMessage("1", tool_call_id="call|1")
    second = ToolMessage("2", tool_call_id="call.1")
    turns = body(ASK, said, first, second)["messages"]
    ids = [block["id"] for block in turns[1]["content"]]
    assert ids == [block["tool_use_id"] for block in turns[2]["content"]]
    assert len(set(ids)) == 2
    assert all(set(identity) <= {*"abcdefghijklmnopqrstuvwxyz0123456789_-"} for identity in ids)


def test_who_made_a_call_goes_back_with_it() -> None:
    caller = '{"caller":{"type":"code_execution_20250825","tool_id":"s"}}'
    call = ToolCall("a", "f", "{}", signature=caller, origin="anthropic")
    (block,) = body(ASK, AIMessage((call,)), RAIN)["messages"][1]["content"]
    assert block["caller"] == {"type": "code_execution_20250825", "tool_id": "s"}
    with pytest.raises(InvalidInputError, match="not as it was"):
        written(AIMessage((msgspec.structs.replace(call, signature="?"),)), RAIN)


def test_thoughts_go_back_to_their_maker_alone() -> None:
    hidden = '{"type":"redacted_thinking","data":"eA=="}'
    said = AIMessage(
        (
            ReasoningPart("hm", signature="c2ln", origin="anthropic"),
            ReasoningPart("", opaque=hidden, origin="anthropic"),
            ReasoningPart("unsigned", origin="anthropic"),
            ReasoningPart("foreign", signature="x", origin="google"),
            ReasoningPart("mine"),
            RefusalPart("No."),
        )
    )
    made = written(ASK, said, ASK)
    assert made.body["messages"][1]["content"] == [
        {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "eA=="},
        text("No."),
    ]
    assert len(made.foreign) == 3


def test_what_its_tools_did_goes_back_as_it_came() -> None:
    raw = '{"type":"web_search_tool_result", "tool_use_id":"s","content":[1.50]}'
    said = AIMessage((ProviderPart("web_search_tool_result", "anthropic", raw), TextPart("Rain.")))
    dialect = AnthropicDialect("anthropic", OLDER, "https://example.com/v1/messages")
    assert raw.encode() in dialect.encode(conversation(ASK, said, ASK), _Nobody()).body


def test_sources_go_back_to_their_maker_alone() -> None:
    cited = TextPart("Rain.", citations=(Citation(url="u", raw='{"type":"char_location"}'),))
    own = body(ASK, AIMessage((cited,), provider="anthropic"), ASK)["messages"][1]["content"]
    assert own == [text("Rain.", citations=[{"type": "char_location"}])]
    others = body(ASK, AIMessage((cited,), provider="openai"), ASK)["messages"][1]["content"]
    assert others == [text("Rain.")]


def test_tools() -> None:
    bare = ToolSpec("now")
    word = {"type": "string", "minLength": 1}
    given = {"type": "object", "properties": {"x": word}, "required": ["x"]}
    strict = ToolSpec("f", "Does it.", given, True)
    search = ProviderTool("anthropic", '{"type":"web_search_20250305", "name":"web_search"}')
    assert body(ASK, tools=(bare, strict, search))["tools"] == [
        {"name": "now", "input_schema": {"type": "object", "properties": {}}},
        {
            "name": "f",
            "description": "Does it.",
            "input_schema": {
                "type": "object",
                "properties": {"x": {"type": "string", "description": "(minLength: 1)"}},
                "required": ["x"],
                "additionalProperties": False,
            },
            "strict": True,
        },
        {"type": "web_search_20250305", "name": "web_search"},
    ]


@pytest.mark.parametrize(
    ("options", "choice"),
    [
        ({}, None),
        ({"tool_choice": "auto"}, {"type": "auto"}),
        ({"tool_choice": "none"}, {"type": "none"}),
        ({"tool_choice": "none", "parallel_tool_calls": False}, {"type": "none"}),
        ({"tool_choice": "required"}, {"type": "any"}),
        (
            {"parallel_tool_calls": False},
            {"type": "auto", "disable_parallel_tool_use": True},
        ),
        (
            {"tool_choice": "required", "parallel_tool_calls": True},
            {"type": "any", "disable_parallel_tool_use": False},
        ),
    ],
)
def test_tool_choices(options: dict[str, Any], choice: object) -> None:
    assert body(ASK, tools=(WEATHER,), **options).get("tool_choice") == choice


def test_options() -> None:
    schema = JsonSchema("s", {"type": "object", "properties": {}}, description="A thing.")
    made = body(
        ASK,
        temperature=0.5,
        max_tokens=100,
        stop=("END",),
        response_format=schema,
        metadata={"user_id": "u", "team": "t"},
        extra={"service_tier": "auto", "max_tokens": 200},
    )
    assert made["temperature"] == 0.5
    assert made["stop_sequences"] == ["END"]
    assert made["metadata"] == {"user_id": "u"}
    assert made["service_tier"] == "auto"
    assert made["max_tokens"] == 200
    closed = {"type": "object", "properties": {}, "additionalProperties": False}
    described = {**closed, "description": "A thing."}
    assert made["output_config"] == {"format": {"type": "json_schema", "schema": described}}


def test_a_begun_answer_ends_in_no_space() -> None:
    turns = body(ASK, AIMessage("It is "))["messages"]
    assert turns[-1] == {"role": "assistant", "content": [text("It is")]}


def test_a_paused_answer_goes_back_to_be_continued() -> None:
    work = ProviderPart("server_tool_use", "anthropic", '{"type":"server_tool_use"}')
    for last in (AIMessage((work,)), AIMessage("Wait.", finish_reason="pause")):
        assert body(ASK, last, model=NEWER)["messages"][-1]["role"] == "assistant"


class _Nobody:
    def unsupported(self, what: str, why: str, /) -> None:
        raise AssertionError((what, why))

    def foreign(self, what: str, why: str, /) -> None:
        raise AssertionError((what, why))

    def reworded(self, what: str, places: object, /) -> None:
        """A schema's words are not what is looked at here."""

    def answers_in(self, codec: str, /) -> None:
        """Nor is the way back from an answer."""


def test_marks_of_the_caller() -> None:
    marked = HumanMessage((TextPart("A", prompt_cache=PromptCache("1h")), TextPart("B")))
    (turn,) = body(marked)["messages"]
    assert turn["content"] == [
        text("A", cache_control={"type": "ephemeral", "ttl": "1h"}),
        text("B"),
    ]
