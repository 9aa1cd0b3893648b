"""Random functions: what is valid reaches them as it was meant, and what is not never does."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import anyio
import jsonschema
import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from beluga import JsonValue, ToolFailedError, tool


class Point(msgspec.Struct):
    x: int
    y: float = 0.0


@dataclass
class Range:
    low: int
    high: int | None = None


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


INTS = st.integers(-(2**53), 2**53)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)

KINDS: dict[str, tuple[st.SearchStrategy[Any], JsonValue]] = {
    # the annotation: its values, and JSON that is none of them
    "int": (INTS, "x"),
    "bool": (st.booleans(), 1),
    "float": (FLOATS, "x"),
    "str": (TEXTS, 1),
    "list[int]": (st.lists(INTS, max_size=3), ["x"]),
    "dict[str, bool]": (st.dictionaries(TEXTS, st.booleans(), max_size=3), {"a": 1}),
    "Literal['a', 'b', 3]": (st.sampled_from(["a", "b", 3]), "c"),
    "int | None": (st.none() | INTS, "x"),
    "Point": (st.builds(Point, INTS, FLOATS), {"x": "x"}),
    "Range": (st.builds(Range, INTS, st.none() | INTS), {"low": None}),
    "list[Point | None]": (st.lists(st.none() | st.builds(Point, INTS), max_size=3), [1]),
    "Colour": (st.sampled_from(Colour), "green"),
    "datetime.date": (st.dates(), "tomorrow"),
    "uuid.UUID": (st.uuids(), "1"),
    "tuple[int, str]": (st.tuples(INTS, TEXTS), [1]),
    "bytes": (st.binary(max_size=5), "é"),
}
SCOPE = {
    "Literal": Literal,
    "Point": Point,
    "Range": Range,
    "Colour": Colour,
    "datetime": dt,
    "uuid": uuid,
}
NOTHING: Any = object()


class Drawn(msgspec.Struct):
    """A parameter, how it is declared, and what a model gives for it, if anything."""

    name: str
    kind: str
    where: Literal["position", "either", "name"]
    default: Any
    value: Any


@st.composite
def parameters(draw: st.DrawFn) -> list[Drawn]:
    names = draw(
        st.lists(
            st.sampled_from(["a", "b", "cls", "self", "id", "type", "name", "x1", "items", "é"]),
            unique=True,
            max_size=5,
        )
    )
    places = sorted(draw(st.lists(st.integers(0, 2), min_size=len(names), max_size=len(names))))
    found: list[Drawn] = []
    optional = False
    for name, place in zip(names, places, strict=True):
        kind = draw(st.sampled_from(sorted(KINDS)))
        values = KINDS[kind][0]
        has_default = draw(st.booleans()) or (optional and place < 2)
        optional = optional or has_default
        default = draw(values) if has_default else NOTHING
        value = draw(values) if not has_default or draw(st.booleans()) else NOTHING
        where: Any = ["position", "either", "name"][place]
        found.append(Drawn(name, kind, where, default, value))
    return found


def function_of(drawn: list[Drawn], seen: list[dict[str, object]]) -> Callable[..., object]:
    """Write the function as source text, and compile it."""
    defaults = {f"default_{i}": one.default for i, one in enumerate(drawn)}
    pieces: list[str] = []
    for i, one in enumerate(drawn):
        before = drawn[i - 1].where if i else "position"
        if i and before == "position" and one.where != "position":
            pieces.append("/")
        if (one.where == "name" and before != "name") or (i == 0 and one.where == "name"):
            pieces.append("*")
        given = "" if one.default is NOTHING else f" = default_{i}"
        pieces.append(f"{one.name}: {one.kind}{given}")
    if drawn and drawn[-1].where == "position":
        pieces.append("/")
    body = ", ".join(f"{one.name!r}: {one.name}" for one in drawn)
    source = f"async def made({', '.join(pieces)}):\n    seen.append({{{body}}})\n"
    scope: dict[str, Any] = {**SCOPE, **defaults, "seen": seen}
    exec(source, scope)
    made: Callable[..., object] = scope["made"]
    return made


def as_json(drawn: list[Drawn]) -> dict[str, JsonValue]:
    given = {one.name: one.value for one in drawn if one.value is not NOTHING}
    decoded: dict[str, JsonValue] = msgspec.json.decode(msgspec.json.encode(given))
    return decoded


@settings(max_examples=60)
@given(drawn=parameters())
def test_what_is_valid_arrives(drawn: list[Drawn]) -> None:
    seen: list[dict[str, object]] = []
    made = tool(function_of(drawn, seen))
    arguments = as_json(drawn)
    anyio.run(made.invoke, arguments)
    expected = {o.name: o.default if o.value is NOTHING else o.value for o in drawn}
    assert seen == [expected]
    assert [type(value) for value in seen[0].values()] == [type(v) for v in expected.values()]


@settings(max_examples=60)
@given(drawn=parameters())
def test_what_is_valid_obeys_the_schema(drawn: list[Drawn]) -> None:
    made = tool(function_of(drawn, []))
    schema = dict(made.spec.parameters)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(as_json(drawn))
    required = [one.name for one in drawn if one.default is NOTHING]
    assert schema["required"] == required


@settings(max_examples=60)
@given(drawn=parameters(), data=st.data())
def test_what_is_invalid_is_named_and_never_arrives(
    drawn: list[Drawn], data: st.DataObject
) -> None:
    seen: list[dict[str, object]] = []
    made = tool(function_of(drawn, seen))
    arguments = as_json(drawn)
    required = [one.name for one in drawn if one.default is NOTHING]
    fault = data.draw(st.sampled_from(["wrong", "missing", "unknown"]))
    if fault == "unknown":
        name = "nobody"
        arguments[name] = 1
    elif fault == "missing":
        assume(required)
        name = data.draw(st.sampled_from(required))
        del arguments[name]
    else:
        assume(drawn)
        one = data.draw(st.sampled_from(drawn))
        name = one.name
        arguments[name] = KINDS[one.kind][1]
    with pytest.raises(ToolFailedError) as caught:
        anyio.run(made.invoke, arguments)
    assert f"- /{name}" in caught.value.message
    assert seen == []


@settings(max_examples=60)
@given(
    drawn=parameters(),
    junk=st.recursive(
        st.none() | st.booleans() | st.integers() | FLOATS | TEXTS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=8,
    ),
)
def test_whatever_arrives_was_of_its_type(drawn: list[Drawn], junk: JsonValue) -> None:
    seen: list[dict[str, object]] = []
    made = tool(function_of(drawn, seen))
    arguments = dict.fromkeys([one.name for one in drawn], junk)
    schema = dict(made.spec.parameters)
    try:
        anyio.run(made.invoke, arguments)
    except ToolFailedError:
        assert seen == []
    else:
        assert len(seen) == 1
        jsonschema.Draft202012Validator(schema).validate(arguments)
