"""Messages and parts: what a user gives is converted where it enters, or refused with the fix."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from beluga.schema import (
    AIMessage,
    AudioPart,
    Citation,
    FilePart,
    HumanMessage,
    ImagePart,
    Message,
    NamedTool,
    ProviderTool,
    ReasoningPart,
    RefusalPart,
    Request,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
    ToolSpec,
    VideoPart,
)
from beluga.schema.options import GenerateOptions
from beluga.schema.request import messages_of


def test_a_text_is_one_part_and_no_text_is_none() -> None:
    assert HumanMessage("Hi").parts == (TextPart("Hi"),)
    assert HumanMessage("").parts == ()
    assert HumanMessage(()).content == ""


def test_text_joins_text_parts_without_a_separator() -> None:
    message = AIMessage((ReasoningPart("hm"), TextPart("a"), RefusalPart("no"), TextPart("b")))
    assert message.text == "ab"
    assert message.reasoning == "hm"
    assert AIMessage("ab").text == "ab"


def test_tool_calls_are_those_that_are_whole() -> None:
    call, cut = ToolCall("1", "f", "{}"), ToolCall("2", "g", "{")
    message = AIMessage((TextPart("a"), call), cut_calls=(cut,))
    assert message.tool_calls == (call,)


@pytest.mark.parametrize("kind", [SystemMessage, HumanMessage, AIMessage])
def test_a_list_becomes_a_tuple(kind: Any) -> None:
    assert kind([TextPart("a"), TextPart("b")]).content == (TextPart("a"), TextPart("b"))
    assert kind(TextPart("a")).content == (TextPart("a"),)


def test_a_list_of_cut_calls_becomes_a_tuple() -> None:
    calls: Any = [ToolCall("1", "f", "{")]
    assert AIMessage("a", cut_calls=calls).cut_calls == tuple(calls)


@pytest.mark.parametrize("content", [["a"], [7], [{"type": "text", "text": "a"}], 7, None, b"ab"])
def test_what_is_no_content_is_refused(content: Any) -> None:
    with pytest.raises((ValueError, TypeError), match=r"HumanMessage"):
        HumanMessage(content)


@pytest.mark.parametrize("kind", [ImagePart, AudioPart, VideoPart, FilePart])
def test_media_have_exactly_one_source(kind: Any) -> None:
    assert kind(b"x").data == b"x"
    assert kind(url="https://a.example").url == "https://a.example"
    assert kind(id="file-1").id == "file-1"
    with pytest.raises(ValueError, match="exactly one of data, url and id; got none of them"):
        kind()
    with pytest.raises(ValueError, match="got data and url"):
        kind(b"x", "https://a.example")
    with pytest.raises(ValueError, match="got url and id"):
        kind(url="https://a.example", id="file-1")


@pytest.mark.parametrize("kind", [ImagePart, AudioPart, VideoPart, FilePart])
def test_the_data_of_media_are_bytes(kind: Any) -> None:
    with pytest.raises(ValueError, match="address as url"):
        kind("https://example.org/a.png")
    part = kind(bytearray(b"x"))
    assert part == kind(b"x")
    assert hash(part) == hash(kind(b"x"))


@pytest.mark.parametrize("kind", [TextPart, ReasoningPart, RefusalPart])
def test_text_is_text(kind: Any) -> None:
    with pytest.raises(ValueError, match="takes text, not"):
        kind(7)


def test_a_list_of_citations_becomes_a_tuple() -> None:
    cited: Any = [Citation(url="https://a.example")]
    assert TextPart("a", citations=cited).citations == tuple(cited)


def test_the_arguments_of_a_call_are_parsed() -> None:
    assert ToolCall("1", "f", '{"a": [1, null]}').parse() == {"a": [1, None]}
    assert ToolCall("1", "f", "").parse() == {}
    assert ToolCall("1", "f", "  ").parse() == {}
    assert ToolCall("1", "f", "null").parse() == {}


@pytest.mark.parametrize("arguments", ['{"a": ', "[1]", "7", '"a"', '{"a": NaN}', "[" * 100_000])
def test_arguments_that_are_no_object_are_an_error_that_names_the_call(arguments: str) -> None:
    with pytest.raises(ValueError, match="arguments of call 'c1' to 'f'"):
        ToolCall("c1", "f", arguments).parse()


def test_messages_are_hashable_and_equal_by_value() -> None:
    same: Message = HumanMessage("a")
    other: Message = SystemMessage("a")
    assert HumanMessage("a") == same != other
    assert len({HumanMessage("a"), HumanMessage("a"), SystemMessage("a")}) == 2
    assert len({TextPart("a"), TextPart("a"), ToolCall("1", "f", "{}")}) == 2


def test_messages_are_frozen() -> None:
    message: Any = HumanMessage("a")
    with pytest.raises(AttributeError):
        message.content = "b"


def test_every_role_has_its_tag() -> None:
    written = [
        msgspec.to_builtins(m)["role"]
        for m in (SystemMessage("a"), HumanMessage("a"), AIMessage("a"), ToolMessage("a", "1"))
    ]
    assert written == ["system", "human", "ai", "tool"]


def test_a_prompt_is_a_text_a_message_or_a_conversation() -> None:
    hi = HumanMessage("Hi")
    assert messages_of("Hi") == messages_of(hi) == messages_of([hi]) == messages_of((hi,)) == (hi,)


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ([], "at least one message"),
        (7, "got int"),
        (b"Hi", "got bytes"),
        (["Hi"], "got str"),
        ({"role": "user"}, "got dict"),
        ([{"role": "user", "content": "Hi"}], "got dict"),
        (None, "got NoneType"),
    ],
)
def test_what_is_no_prompt_is_refused(prompt: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        messages_of(prompt)


def test_a_request_takes_a_list_of_messages() -> None:
    messages: Any = [HumanMessage("Hi")]
    assert Request(messages).messages == (HumanMessage("Hi"),)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (GenerateOptions(tool_choice="required"), "no tools are given"),
        (GenerateOptions(tool_choice="required", tools=()), "no tools are given"),
        (GenerateOptions(tool_choice=NamedTool("f")), "no tools are given"),
        (GenerateOptions(tool_choice=NamedTool("f"), tools=(ToolSpec("g"),)), "there are g"),
    ],
)
def test_a_choice_among_no_tools_is_a_contradiction(options: GenerateOptions, text: str) -> None:
    assert text in (Request((HumanMessage("Hi"),), options).contradiction() or "")


@pytest.mark.parametrize(
    "options",
    [
        GenerateOptions(tool_choice="auto"),
        GenerateOptions(tool_choice="none"),
        GenerateOptions(tool_choice="required", tools=(ToolSpec("f"),)),
        GenerateOptions(tool_choice="required", tools=(ProviderTool("openai", "{}"),)),
        GenerateOptions(tool_choice=NamedTool("f"), tools=(ToolSpec("f"),)),
    ],
)
def test_other_choices_are_none(options: GenerateOptions) -> None:
    assert Request((HumanMessage("Hi"),), options).contradiction() is None


def test_a_tool_needs_a_name_and_has_an_object_of_parameters() -> None:
    assert ToolSpec("f").parameters == {"type": "object", "properties": {}}
    with pytest.raises(ValueError, match="name"):
        ToolSpec("")


@pytest.mark.parametrize("raw", ["", "[]", "{", "web_search"])
def test_a_providers_tool_is_a_json_object(raw: str) -> None:
    with pytest.raises(ValueError, match="JSON object"):
        ProviderTool("openai", raw)


def test_reprs_are_short() -> None:
    assert repr(HumanMessage("Hi")) == "HumanMessage(content='Hi')"
    assert repr(AIMessage("Hi")) == "AIMessage(content='Hi')"


def test_a_message_of_one_role_is_not_decoded_as_another() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"role":"user","content":"Hi"}', type=Message)


@pytest.mark.parametrize("arguments", [{"a": 1}, None, b"{}"])
def test_the_arguments_of_a_call_are_text(arguments: Any) -> None:
    with pytest.raises(ValueError, match="ToolCall takes arguments as JSON text, not"):
        ToolCall("1", "f", arguments)
