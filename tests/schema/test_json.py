"""All data survives JSON, and pickling, exactly."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beluga.events import (
    Attempted,
    AttemptEnded,
    Event,
    LeftOut,
    RateLimits,
    RateWindow,
    SchemaReworded,
)
from beluga.schema import (
    AIMessage,
    Emission,
    Failure,
    FilePart,
    Finish,
    GenerateOptions,
    HumanMessage,
    ImagePart,
    Message,
    ModelInfo,
    Part,
    Prices,
    Request,
    Spent,
    StreamChunk,
    TextPart,
    Timeouts,
    Usage,
)
from beluga.testing import strategies
from beluga.testing.faults import Fault

T = TypeVar("T")


def through_json(value: T, kind: Any) -> T:
    decoded: T = msgspec.json.decode(msgspec.json.encode(value), type=kind)
    return decoded


def assert_survives(value: object, kind: Any) -> None:
    assert through_json(value, kind) == value
    assert pickle.loads(pickle.dumps(value)) == value
    assert copy.deepcopy(value) == value


@given(strategies.answer_parts())
def test_parts(part: Part) -> None:
    assert_survives(part, Part)


@given(strategies.messages())
def test_messages(message: Message) -> None:
    assert_survives(message, Message)


@given(strategies.chunk_streams(restarts=True))
def test_streams(chunks: list[StreamChunk]) -> None:
    assert_survives(chunks, list[StreamChunk])


@given(strategies.emissions())
def test_emissions(chunk: Emission) -> None:
    assert_survives(chunk, Emission)


@given(strategies.failures())
def test_failures(failure: Failure) -> None:
    assert_survives(failure, Failure)


@given(strategies.options())
def test_options(options: GenerateOptions) -> None:
    assert_survives(options, GenerateOptions)


@given(strategies.requests())
def test_requests(request: Request) -> None:
    assert_survives(request, Request)


@given(st.lists(strategies.faults()))
def test_faults(faults: list[Fault]) -> None:
    assert_survives(faults, list[Fault])


@given(strategies.usages(), strategies.failures(), st.floats(0, 1e6))
def test_events(usage: Usage, failure: Failure, seconds: float) -> None:
    events: list[Event] = [
        Attempted("p", "m"),
        AttemptEnded("p", None, usage, seconds, None, failure, cost=seconds),
        LeftOut("p", "m", "option top_k", "no place"),
        SchemaReworded("p", "m", "the schema 'a'", (("minLength", "/properties/b"),)),
        RateLimits("p", "m", (RateWindow("requests", 10, 9, seconds),)),
    ]
    assert_survives(events, list[Event])


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (Timeouts(), Timeouts),
        (Timeouts(math.inf, math.inf, math.inf, math.inf), Timeouts),
        (GenerateOptions(tools=()), GenerateOptions),
        (Finish("stop"), StreamChunk),
        (Spent(), Spent),
        (ModelInfo(model="m", prices=Prices(input=1.5)), ModelInfo),
        (ImagePart(b"\x00\xff"), Part),
        (FilePart(url="https://a.example/b.pdf", name="b.pdf"), Part),
    ],
)
def test_corners(value: object, kind: Any) -> None:
    assert_survives(value, kind)


def test_an_empty_tuple_of_tools_is_set() -> None:
    assert through_json(GenerateOptions(tools=()), GenerateOptions).tools == ()


def test_a_reader_of_an_older_version_ignores_what_it_does_not_know() -> None:
    written = b'{"role":"human","content":[{"type":"text","text":"Hi","new":1}],"newer":{}}'
    assert msgspec.json.decode(written, type=Message) == HumanMessage((TextPart("Hi"),))


def test_the_wire_form_of_a_message_is_what_the_contract_says() -> None:
    assert msgspec.json.encode(HumanMessage("Hi")) == b'{"role":"human","content":"Hi"}'
    parts = msgspec.json.encode(AIMessage((TextPart("Hi"),)))
    assert parts.startswith(b'{"role":"ai","content":[{"type":"text","text":"Hi"')
