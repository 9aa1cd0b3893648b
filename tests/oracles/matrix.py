"""Requests of every kind, to check what a dialect writes against its provider's own description.

`MATRIX` says nothing of any provider: a dialect puts each case on its wire, or refuses it with
`UnsupportedError` before anything is sent. A dialect's own test adds what only it can replay.

    for case in MATRIX:
        written = write(dialect, case.request)
        assert not oracle.errors("post", "/v2/chat", written.body, strict=True)
        assert bool(written.refused) == (case.name in REFUSED)
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from beluga.errors import UnsupportedError
from beluga.schema import (
    AIMessage,
    AudioPart,
    Citation,
    FilePart,
    GenerateOptions,
    HumanMessage,
    ImagePart,
    JsonMapping,
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
    Request,
    SystemMessage,
    TextFormat,
    TextPart,
    Timeouts,
    ToolCall,
    ToolMessage,
    ToolSpec,
    VideoPart,
)
from beluga.schema.failure import Failure
from beluga.transport.dialect import Dialect

__all__ = [
    "AUDIO",
    "FORECAST",
    "JPEG",
    "MATRIX",
    "PDF",
    "PNG",
    "WEATHER",
    "Case",
    "Omitted",
    "Written",
    "after_tools",
    "conversation",
    "write",
]

PNG: Final = b"\x89PNG\r\n\x1a\n" + b"\0" * 24
JPEG: Final = b"\xff\xd8\xff\xe0" + b"\0" * 24
AUDIO: Final = b"RIFF\x24\0\0\0WAVEfmt " + b"\0" * 24
VIDEO: Final = b"\0\0\0\x18ftypmp42" + b"\0" * 24
PDF: Final = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"

CITY: Final[JsonMapping] = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "Name of the city"}},
    "required": ["city"],
    "additionalProperties": False,
}
ROUTE: Final[JsonMapping] = {
    "type": "object",
    "properties": {"stops": {"type": "array", "items": {"$ref": "#/$defs/stop"}}},
    "required": ["stops"],
    "additionalProperties": False,
    "$defs": {
        "stop": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city", "days"],
            "additionalProperties": False,
        }
    },
}
WEATHER: Final = ToolSpec("get_weather", "Tell the weather now.", CITY)
FORECAST: Final = ToolSpec("get_forecast", "Tell the weather of the days to come.", ROUTE)
CLOCK: Final = ToolSpec("get_time")
QUESTION: Final = HumanMessage("What is the weather in Oslo?")
CALL: Final = ToolCall("call_1", "get_weather", '{"city":"Oslo"}')


class Case(msgspec.Struct, frozen=True):
    """One request, and a name that tells what is particular about it."""

    name: str
    request: Request


class Omitted(msgspec.Struct):
    """Hold what a dialect has left out, as `unsupported="warn"` would."""

    refused: list[tuple[str, str]] = []
    foreign_parts: list[tuple[str, str]] = []

    def unsupported(self, what: str, why: str) -> None:
        self.refused.append((what, why))

    def foreign(self, what: str, why: str) -> None:
        self.foreign_parts.append((what, why))

    def reworded(self, what: str, places: object) -> None:
        """A schema's words are not what is looked at here."""

    def answers_in(self, codec: str) -> None:
        """Nor is the way back from an answer."""


class Raising(Omitted):
    """Refuse, as a caller who has not asked for a warning wants it."""

    def unsupported(self, what: str, why: str) -> None:
        raise UnsupportedError(Failure("unsupported", f"{what}: {why}", local=True))


class Written(msgspec.Struct):
    """What a dialect made of a request whose omissions it was allowed.

    Attributes:
        url: Where it goes.
        headers: What the dialect itself put there.
        body: The JSON body, decoded.
        refused: What it could not say, and why.
        foreign: What it left to the provider that made it, and why.
    """

    url: str
    headers: Mapping[str, str]
    body: dict[str, Any]
    refused: list[tuple[str, str]]
    foreign: list[tuple[str, str]]


def write(dialect: Dialect, request: Request) -> Written:
    """Encode *request* twice, with refusals and with warnings, and check that the two agree."""
    told = Omitted()
    sent = dialect.encode(request, told)
    try:
        strictly = dialect.encode(request, Raising())
    except UnsupportedError:
        assert told.refused, "it was refused without a warning where warnings were asked for"
    else:
        assert not told.refused, f"it was sent although {told.refused} had to be left out"
        assert strictly.body == sent.body
    body = json.loads(sent.body)
    return Written(sent.url, sent.headers, body, told.refused, told.foreign_parts)


def conversation(*messages: Message, streaming: bool = False, **options: Any) -> Request:
    """Return a request with these messages, or with a question if there are none."""
    return Request(messages or (QUESTION,), GenerateOptions(**options), streaming)


def after_tools(*parts: Part, result: ToolMessage | None = None, **options: Any) -> Request:
    """Return a request in which the model has said *parts* and then called a tool."""
    answer = AIMessage((*parts, CALL), finish_reason="tool_calls")
    given = result or ToolMessage("Rain, 9 degrees", tool_call_id="call_1", name="get_weather")
    return conversation(QUESTION, answer, given, **{"tools": (WEATHER,), **options})


def _prompts() -> Iterator[tuple[str, Request]]:
    said = AIMessage("It rains.", finish_reason="stop")
    yield "a text", conversation()
    yield "a text, streamed", conversation(streaming=True)
    yield "every plane of unicode", conversation(HumanMessage('naïve 東京 🐋 \u2028 \x00 "\\ end'))
    yield "several texts", conversation(HumanMessage((TextPart("Hear "), TextPart("this."))))
    yield "two human messages", conversation(HumanMessage("Hear."), HumanMessage("Answer."))
    yield "a system message", conversation(SystemMessage("Be brief."), QUESTION)
    yield "two system messages", conversation(SystemMessage("A."), SystemMessage("B."), QUESTION)
    parts = SystemMessage((TextPart("Be brief. "), TextPart("Be kind.")))
    yield "a system message in parts", conversation(parts, QUESTION)
    yield "a late system message", conversation(QUESTION, said, SystemMessage("Rhyme."), QUESTION)
    yield "an answer and a question", conversation(QUESTION, said, HumanMessage("And tomorrow?"))
    yield "two answers", conversation(QUESTION, said, AIMessage("Still."), QUESTION)
    yield "an empty answer", conversation(QUESTION, AIMessage(""), HumanMessage("Well?"))
    yield "the beginning of an answer", conversation(QUESTION, AIMessage("It is"))


def _media() -> Iterator[tuple[str, Part]]:
    web = "https://example.com/file"
    yield "an image", ImagePart(PNG, media_type="image/png")
    yield "an image without its type", ImagePart(JPEG)
    yield "an image by URL", ImagePart(url=f"{web}.png")
    yield "an image by data URL", ImagePart(url="data:image/png;base64,iVBORw0KGgo=")
    yield "an image by id", ImagePart(id="file-1")
    yield "an image in detail", ImagePart(PNG, detail="high")
    yield "a sound", AudioPart(AUDIO, media_type="audio/wav")
    yield "a sound by URL", AudioPart(url=f"{web}.wav")
    yield "a film", VideoPart(VIDEO, media_type="video/mp4")
    yield "a film by URL", VideoPart(url=f"{web}.mp4")
    yield "a document", FilePart(PDF, media_type="application/pdf", name="plan.pdf")
    yield "a document without a name", FilePart(PDF)
    yield "a document by URL", FilePart(url=f"{web}.pdf")
    yield "a document by id", FilePart(id="file-2")
    yield "a text file", FilePart(b"Rain ahead.", media_type="text/plain", name="plan.txt")


def _human_parts() -> Iterator[tuple[str, Request]]:
    ask = TextPart("What is this?")
    for name, part in _media():
        yield name, conversation(HumanMessage((part, ask)))
    yield "an image alone", conversation(HumanMessage((ImagePart(PNG),)))
    mixed = (TextPart("Here "), ImagePart(PNG), TextPart(" and here "), ImagePart(JPEG))
    yield "texts between images", conversation(HumanMessage(mixed))
    marked = TextPart("A long text.", prompt_cache=PromptCache())
    yield "a text marked for the cache", conversation(HumanMessage((marked, ask)))
    kept = TextPart("A long text.", prompt_cache=PromptCache("1h"))
    yield "a text marked for an hour", conversation(HumanMessage((kept, ask)))
    rules = SystemMessage((TextPart("Long rules.", prompt_cache=PromptCache()),))
    yield "a system message marked for the cache", conversation(rules, QUESTION)
    yield "an image in a system message", conversation(SystemMessage((ImagePart(PNG),)), QUESTION)
    yield "a call in a human message", conversation(HumanMessage((ask, CALL)))
    yield "a thought in a human message", conversation(HumanMessage((ReasoningPart("Hm."), ask)))


def _answers() -> Iterator[tuple[str, Request]]:
    text = TextPart("It rains.")
    search = ProviderPart("web_search", "elsewhere", '{"type":"web_search","query":"Oslo"}', "Oslo")
    citation = Citation(url="https://example.com", title="Rain", text="rains", start=3, end=8)
    answers: dict[str, tuple[Part, ...]] = {
        "an answer in parts": (TextPart("It "), TextPart("rains.")),
        "a refusal": (RefusalPart("That I will not say."),),
        "a plain thought": (ReasoningPart("Oslo is wet."), text),
        "a foreign thought": (ReasoningPart("Wet.", signature="c2ln", origin="elsewhere"), text),
        "a foreign item": (ReasoningPart("Wet.", opaque='{"a":1}', origin="elsewhere"), text),
        "a foreign thought alone": (ReasoningPart("Wet.", signature="s", origin="elsewhere"),),
        "a foreign search": (search, text),
        "an answer with sources": (TextPart("It rains.", citations=(citation,)),),
        "an image in an answer": (text, ImagePart(PNG)),
        "a sound in an answer": (text, AudioPart(AUDIO, transcript="It rains.")),
    }
    for name, parts in answers.items():
        yield name, conversation(QUESTION, AIMessage(parts), HumanMessage("And tomorrow?"))


def _tools() -> Iterator[tuple[str, Request]]:
    strict = msgspec.structs.replace(WEATHER, strict=True)
    loose = msgspec.structs.replace(FORECAST, strict=False)
    yield "a tool", conversation(tools=(WEATHER,))
    yield "several tools", conversation(tools=(WEATHER, FORECAST, CLOCK))
    yield "no tools", conversation(tools=())
    yield "a strict tool", conversation(tools=(strict,))
    yield "a strict and a loose tool", conversation(tools=(strict, loose))
    search = ProviderTool("elsewhere", '{"type":"web_search"}')
    yield "a foreign provider's tool", conversation(tools=(WEATHER, search))
    for choice in ("auto", "none", "required"):
        yield f"tool choice {choice}", conversation(tools=(WEATHER, CLOCK), tool_choice=choice)
    named = NamedTool("get_weather")
    yield "a named tool", conversation(tools=(WEATHER, CLOCK), tool_choice=named)
    yield "tool choice auto without tools", conversation(tool_choice="auto")
    yield "tool choice none without tools", conversation(tool_choice="none")
    yield "parallel calls", conversation(tools=(WEATHER,), parallel_tool_calls=True)
    yield "one call at a time", conversation(tools=(WEATHER,), parallel_tool_calls=False)
    yield "tools and a schema", conversation(tools=(WEATHER,), response_format=_schema())


def _results() -> Iterator[tuple[str, Request]]:
    def result(content: Any, **more: Any) -> Request:
        return after_tools(result=ToolMessage(content, tool_call_id="call_1", **more))

    yield "a result", after_tools()
    yield "a result, tools no longer offered", after_tools(tools=None)
    yield "a result, no more calls", after_tools(tool_choice="none")
    yield "a result after text", after_tools(TextPart("Let me see."))
    yield "a result after a plain thought", after_tools(ReasoningPart("I must look."))
    proof = ReasoningPart("I must look.", signature="c2ln", origin="elsewhere")
    yield "a result after a foreign thought", after_tools(proof)
    yield "a result without a name", result("Rain")
    yield "a result in parts", result((TextPart("Rain, "), TextPart("9 degrees")))
    yield "a result in JSON", result('{"sky":"rain","degrees":9}')
    yield "an empty result", result("")
    yield "an error", result("The service is down.", is_error=True)
    yield "an image as a result", result((TextPart("Map:"), ImagePart(PNG)))
    yield "a document as a result", result((FilePart(PDF, name="plan.pdf"),))
    rain = FilePart(b"Rain ahead.", media_type="text/plain", name="plan.txt")
    yield "a text file as a result", result((rain,))


def _calls() -> Iterator[tuple[str, Request]]:
    done = ToolMessage("Done.", tool_call_id="call_1")
    for name, arguments in {
        "no arguments": "",
        "null arguments": "null",
        "spaced arguments": ' { "city" : "Oslo" , "n" : 1.0e2 } ',
        "cut arguments": '{"city":"Os',
        "arguments that are a list": "[1]",
    }.items():
        call = AIMessage((ToolCall("call_1", "get_weather", arguments),))
        yield f"a call with {name}", conversation(QUESTION, call, done, tools=(WEATHER,))
    signed = ToolCall("call_1", "get_time", "{}", signature="c2ln", origin="elsewhere")
    yield "a call with a foreign proof", conversation(QUESTION, AIMessage((signed,)), done)
    both = AIMessage((CALL, ToolCall("call_2", "get_weather", '{"city":"Bergen"}')))
    rain = ToolMessage("Rain", tool_call_id="call_1")
    sun = ToolMessage("Sun", tool_call_id="call_2")
    yield "two calls", conversation(QUESTION, both, rain, sun, tools=(WEATHER,))
    yield "two calls, answered backwards", conversation(QUESTION, both, sun, rain, tools=(WEATHER,))
    later = AIMessage((ToolCall("call_3", "get_time", "{}"),))
    nine = ToolMessage("9", tool_call_id="call_3")
    ended = (AIMessage("Rain at nine."), HumanMessage("Thanks."))
    rounds = conversation(QUESTION, both, rain, sun, later, nine, *ended, tools=(WEATHER, CLOCK))
    yield "two rounds of calls", rounds
    again = HumanMessage("In Fahrenheit.")
    asked = conversation(QUESTION, AIMessage((CALL,)), rain, again, tools=(WEATHER,))
    yield "a result and a question", asked


def _schema(**more: Any) -> JsonSchema:
    return JsonSchema("route", ROUTE, **more)


def _options() -> Iterator[tuple[str, dict[str, Any]]]:
    numbers: dict[str, Any] = {
        "temperature": 0.7,
        "top_p": 0.9,
        "top_k": 40,
        "max_tokens": 4096,
        "stop": ("END",),
        "seed": 7,
        "presence_penalty": 0.5,
        "frequency_penalty": 0.25,
    }
    for name, value in numbers.items():
        yield name, {name: value}
    yield "temperature 0", {"temperature": 0.0}
    yield "several stops", {"stop": ("END", "\n\n", "###")}
    yield "every number", numbers
    yield "plain text", {"response_format": TextFormat()}
    yield "a JSON object", {"response_format": JsonObject()}
    yield "a schema", {"response_format": _schema()}
    yield "a loose schema", {"response_format": _schema(strict=False)}
    yield "a described schema", {"response_format": _schema(description="A route.")}
    for effort in ("none", "minimal", "low", "medium", "high", "xhigh", "max"):
        yield f"effort {effort}", {"reasoning": ReasoningConfig(effort), "max_tokens": 64_000}
    yield "a budget to think", {"reasoning": ReasoningConfig(budget_tokens=4096)}
    yield "no budget to think", {"reasoning": ReasoningConfig(budget_tokens=0)}
    yield "a summary of thoughts", {"reasoning": ReasoningConfig("high", summary="auto")}
    yield "prompt cache auto", {"prompt_cache": "auto"}
    yield "prompt cache off", {"prompt_cache": "off"}
    yield "prompt cache for an hour", {"prompt_cache": PromptCache("1h")}
    yield "metadata", {"metadata": {"team": "weather"}}
    yield "extra headers", {"extra_headers": {"x-trace": "1"}}
    yield "options of this library", {"cache": "skip", "timeout": Timeouts(), "unsupported": "warn"}


def _matrix() -> Iterator[tuple[str, Request]]:
    yield from _prompts()
    yield from _human_parts()
    yield from _answers()
    yield from _tools()
    yield from _results()
    yield from _calls()
    for name, options in _options():
        yield name, conversation(**options)


MATRIX: Final = tuple([Case(name, request) for name, request in _matrix()])
