"""How messages look on Converse's wire."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from beluga.dialects.converse import ConverseDialect
from beluga.errors import InvalidInputError
from beluga.schema import (
    AIMessage,
    AudioPart,
    Citation,
    FilePart,
    HumanMessage,
    ImagePart,
    Message,
    ProviderPart,
    ReasoningPart,
    RefusalPart,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
    VideoPart,
)
from tests.dialects.converse import (
    ASK,
    CALLED,
    CLAUDE,
    CLAUDE_46,
    CLAUDE_48,
    NOVA,
    PROFILE,
    RAIN,
    body,
    content,
    written,
)
from tests.oracles.matrix import (
    PDF,
    PNG,
    WEATHER,
    Omitted,
    conversation,
)


@pytest.mark.parametrize(("streaming", "path"), [(False, "converse"), (True, "converse-stream")])
def test_a_name_is_one_step_of_the_path(streaming: bool, path: str) -> None:
    sent = written(model=PROFILE, streaming=streaming)
    name = "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fabc"
    assert sent.url == f"https://host/model/{name}/{path}"
    assert "stream" not in sent.body


def test_turns_take_turns() -> None:
    sent = body(ASK, HumanMessage("Now?"), AIMessage("A"), AIMessage("B"), HumanMessage("C"))
    assert [turn["role"] for turn in sent["messages"]] == ["user", "assistant", "user"]
    assert sent["messages"][0]["content"] == [{"text": "Which?"}, {"text": "Now?"}]
    assert sent["messages"][1]["content"] == [{"text": "A"}, {"text": "B"}]


def test_what_says_nothing_is_left_out_and_its_neighbours_are_joined() -> None:
    blank = (HumanMessage(" \n"), AIMessage(""), AIMessage((TextPart("\n"),)))
    sent = body(
        ASK, *blank, HumanMessage("C"), AIMessage("D"), HumanMessage(""), AIMessage("E"), ASK
    )
    assert [turn["content"] for turn in sent["messages"]] == [
        [{"text": "Which?"}, {"text": "C"}],
        [{"text": "D"}, {"text": "E"}],
        [{"text": "Which?"}],
    ]


@pytest.mark.parametrize("messages", [(HumanMessage(""),), (SystemMessage("Be brief."),)])
def test_a_conversation_without_a_word_is_refused(messages: tuple[Message, ...]) -> None:
    with pytest.raises(InvalidInputError, match="empty"):
        body(*messages)


def test_the_system_prompt_stands_apart_and_a_late_one_keeps_its_place() -> None:
    sent = body(SystemMessage("A"), SystemMessage("B"), ASK, SystemMessage("C"), HumanMessage("D"))
    assert sent["system"] == [{"text": "A"}, {"text": "B"}]
    assert sent["messages"][0]["content"][1:] == [{"text": "<system>C</system>"}, {"text": "D"}]


def test_results_come_first_in_one_turn() -> None:
    both = AIMessage((ToolCall("a", "f", "{}"), ToolCall("b", "g", "")))
    first, second = ToolMessage("1", tool_call_id="a"), ToolMessage("2", tool_call_id="b")
    sent = body(ASK, both, HumanMessage("Well?"), second, first)
    assert [list(block) for block in sent["messages"][2]["content"]] == [
        ["toolResult"],
        ["toolResult"],
        ["text"],
    ]


def test_a_beginning_is_continued_only_by_models_that_do() -> None:
    begun = (ASK, AIMessage("It is "))
    assert body(*begun)["messages"][-1]["content"] == [{"text": "It is"}]
    sent = written(*begun, model=CLAUDE_48)
    assert [what for what, _ in sent.refused] == ["an answer as the last message"]
    assert len(sent.body["messages"]) == 1


def test_media_are_bytes_in_base64() -> None:
    parts = (
        ImagePart(PNG),
        ImagePart(url="data:image/webp;base64,AAAA"),
        AudioPart(b"x", media_type="audio/mpeg"),
        VideoPart(b"x", media_type="video/3gpp"),
        FilePart(PNG, media_type="image/png"),
    )
    assert content(HumanMessage(parts)) == [
        {"image": {"format": "png", "source": {"bytes": base64.b64encode(PNG).decode()}}},
        {"image": {"format": "webp", "source": {"bytes": "AAAA"}}},
        {"audio": {"format": "mp3", "source": {"bytes": "eA=="}}},
        {"video": {"format": "three_gp", "source": {"bytes": "eA=="}}},
        {"image": {"format": "png", "source": {"bytes": base64.b64encode(PNG).decode()}}},
    ]


def test_objects_in_s3_go_by_their_address() -> None:
    parts = (
        TextPart("See."),
        VideoPart(url="s3://films/a.mov"),
        ImagePart(id="s3://b/c?bucketOwner=123456789012", media_type="image/gif"),
        FilePart(url="s3://b/report.docx"),
    )
    assert content(HumanMessage(parts))[1:] == [
        {"video": {"format": "mov", "source": {"s3Location": {"uri": "s3://films/a.mov"}}}},
        {
            "image": {
                "format": "gif",
                "source": {"s3Location": {"uri": "s3://b/c", "bucketOwner": "123456789012"}},
            }
        },
        {
            "document": {
                "format": "docx",
                "source": {"s3Location": {"uri": "s3://b/report.docx"}},
                "name": "document",
            }
        },
    ]


@pytest.mark.parametrize(
    "part",
    [
        ImagePart(url="https://example.com/a.png"),
        FilePart(id="file-1"),
        ImagePart(b"x", media_type="image/tiff"),
        AudioPart(b"x", media_type="audio/amr"),
        FilePart(b"x", media_type="application/zip"),
        ReasoningPart("Hm."),
        RefusalPart("No."),
        ToolCall("a", "f", "{}"),
    ],
)
def test_what_has_no_place_is_refused(part: Any) -> None:
    assert written(HumanMessage((TextPart("?"), part))).refused


@pytest.mark.parametrize(
    ("name", "media_type", "form"),
    [
        ("a.md", None, "md"),
        ("a.CSV", None, "csv"),
        ("a.htm", None, "html"),
        ("a", "text/x-python; charset=utf-8", "txt"),
        ("a.json", "application/json", "txt"),
        ("a", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
        (None, "text/html", "html"),
    ],
)
def test_a_documents_format(name: str | None, media_type: str | None, form: str) -> None:
    part = FilePart(b"x", name=name, media_type=media_type)
    assert content(HumanMessage((TextPart("?"), part)))[1]["document"]["format"] == form


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("Q1_report.v2.pdf", "Q1-report-v2"),
        ("plan (final) [2].pdf", "plan (final) [2]"),
        ("  two\t \n spaces.pdf", "two spaces"),
        ("季報.pdf", "document"),
        (None, "document"),
        ("x" * 300, "x" * 200),
        ("v1.2", "v1-2"),
        ("../../etc/passwd", "passwd"),
    ],
)
def test_a_documents_name_has_the_letters_that_are_allowed(given: str | None, name: str) -> None:
    part = FilePart(PDF, name=given)
    assert content(HumanMessage((TextPart("?"), part)))[1]["document"]["name"] == name


def test_no_two_documents_have_one_name() -> None:
    pdf, word = FilePart(PDF, name="a.pdf"), FilePart(b"x", name="A.docx")
    tool = ToolMessage((FilePart(PDF, name="a (2).pdf"), pdf), tool_call_id="tooluse_1")
    sent = body(HumanMessage((TextPart("?"), pdf, word)), CALLED, tool, tools=(WEATHER,))
    first = [block["document"]["name"] for block in sent["messages"][0]["content"][1:]]
    blocks = sent["messages"][2]["content"][0]["toolResult"]["content"]
    assert first == ["a", "A (2)"]
    assert [block["document"]["name"] for block in blocks] == ["a (2) (2)", "a (3)"]


def test_a_document_alone_gets_a_text_beside_it() -> None:
    assert list(content(HumanMessage((FilePart(PDF),)))[0]) == ["text"]
    assert len(content(HumanMessage((FilePart(PDF), TextPart("?"))))) == 2
    assert len(content(HumanMessage((ImagePart(PNG),)))) == 1


def test_a_providers_own_block_goes_back_as_it_came() -> None:
    raw = '{"guardContent": {"text":{"text":"Is it safe?"}}}'
    sent = ConverseDialect("bedrock", CLAUDE, "https://host").encode(
        conversation(HumanMessage((ProviderPart("guardContent", "bedrock", raw),))), Omitted()
    )
    assert raw.encode() in sent.body


def test_arguments_go_back_as_the_model_wrote_them() -> None:
    call = ToolCall("a", "f", ' { "x" : 1.0e2 } ')
    done = ToolMessage("", tool_call_id="a")
    sent = ConverseDialect("bedrock", CLAUDE, "https://host").encode(
        conversation(ASK, AIMessage((call,)), done), Omitted()
    )
    assert b' { "x" : 1.0e2 } ' in sent.body
    result = json.loads(sent.body)["messages"][2]["content"][0]["toolResult"]
    assert result == {"toolUseId": "a", "content": []}


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        ("", {}),
        ("null", {}),
        ("{}", {}),
        ('{"a', {"INVALID_JSON": '{"a'}),
        ("[1]", {"INVALID_JSON": "[1]"}),
    ],
)
def test_arguments_are_an_object_whatever_they_were(arguments: str, given: object) -> None:
    call = AIMessage((ToolCall("a", "f", arguments),))
    sent = body(ASK, call, ToolMessage("x", tool_call_id="a"))
    assert sent["messages"][1]["content"][0]["toolUse"]["input"] == given


@pytest.mark.parametrize(
    ("model", "given", "kept"),
    [
        (CLAUDE, "tooluse_a-1", True),
        (CLAUDE, "functions.f:0", False),
        (NOVA, "functions.f:0", True),
        (NOVA, "call|1", False),
        (NOVA, "x" * 65, False),
    ],
)
def test_ids_of_calls_have_the_letters_that_are_allowed(model: str, given: str, kept: bool) -> None:
    call = AIMessage((ToolCall(given, "f", "{}"),))
    sent = body(ASK, call, ToolMessage("x", tool_call_id=given), model=model)
    used = sent["messages"][1]["content"][0]["toolUse"]["toolUseId"]
    assert sent["messages"][2]["content"][0]["toolResult"]["toolUseId"] == used
    assert (used == given) is kept
    assert len(used) <= 64


def test_a_result_holds_parts_and_says_if_it_is_an_error() -> None:
    parts = (TextPart("Map:"), ImagePart(PNG), VideoPart(b"x", media_type="video/mp4"))
    failed = ToolMessage(parts, tool_call_id="tooluse_1", is_error=True)
    result = body(ASK, CALLED, failed)["messages"][2]["content"][0]["toolResult"]
    assert result["status"] == "error"
    assert [list(block) for block in result["content"]] == [["text"], ["image"], ["video"]]
    assert "status" not in body(ASK, CALLED, RAIN)["messages"][2]["content"][0]["toolResult"]


def test_reasoning_goes_back_byte_for_byte() -> None:
    opaque = '{"reasoningContent" :{"redactedContent":"RXRr+/=="}}'
    said = AIMessage(
        (
            ReasoningPart("Hm.", signature="EqoB+/==", origin="bedrock"),
            ReasoningPart("", opaque=opaque, origin="bedrock"),
            TextPart("Yes."),
        ),
        provider="bedrock",
        model=CLAUDE,
    )
    sent = ConverseDialect("bedrock", CLAUDE_46, "https://host").encode(
        conversation(ASK, said, ASK), Omitted()
    )
    assert opaque.encode() in sent.body
    assert json.loads(sent.body)["messages"][1]["content"][0] == {
        "reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "EqoB+/=="}}
    }


@pytest.mark.parametrize(
    ("part", "model"),
    [
        (ReasoningPart("Hm.", signature="s", origin="anthropic"), CLAUDE),
        (ReasoningPart("Hm.", signature="s", origin="bedrock"), NOVA),
        (ReasoningPart("Hm.", origin="bedrock"), CLAUDE),
        (ReasoningPart("Hm."), CLAUDE),
        (ProviderPart("web_search", "openai", "{}"), CLAUDE),
    ],
)
def test_what_another_has_made_is_left_out_and_told(part: Any, model: str) -> None:
    sent = written(ASK, AIMessage((part, TextPart("Yes.")), model=model), ASK)
    assert sent.foreign
    assert not sent.refused
    assert sent.body["messages"][1]["content"] == [{"text": "Yes."}]


def test_sources_go_back_to_the_provider_that_named_them() -> None:
    cited = TextPart("It rains.", citations=(Citation(title="A", raw='{"title":"A"}'),))
    block = {
        "citationsContent": {"content": [{"text": "It rains."}], "citations": [{"title": "A"}]}
    }
    for provider, expected in (("bedrock", block), ("openai", {"text": "It rains."})):
        sent = body(ASK, AIMessage((cited,), provider=provider), ASK)
        assert sent["messages"][1]["content"] == [expected]


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        (FilePart(PNG, name="a.png"), "image"),
        (FilePart(url="s3://b/a.jpg"), "image"),
        (FilePart(b"x", media_type="video/mp4"), "video"),
        (FilePart(b"x", media_type="audio/flac"), "audio"),
        (FilePart(url="s3://b/a.pdf"), "document"),
    ],
)
def test_a_file_is_what_it_turns_out_to_be(part: FilePart, kind: str) -> None:
    assert list(content(HumanMessage((TextPart("?"), part)))[1]) == [kind]
