"""Foreign schemas are obeyed, and hostile ones hurt nobody."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import anyio
import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beluga import InvalidInputError, JsonValue, ToolFailedError, ToolSpec, run_tools
from beluga.tools import SchemaTool, tool_from_schema
from tests.tools.test_run_tools import asking

SEARCH = {
    "type": "object",
    "properties": {
        "query": {"type": "string", "minLength": 2, "pattern": "^[a-z ]+$"},
        "limit": {"type": "integer", "minimum": 1, "maximum": 50},
        "sort": {"enum": ["asc", "desc"]},
        "tags": {"type": "array", "items": {"$ref": "#/$defs/tag"}, "uniqueItems": True},
        "where": {
            "anyOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "properties": {"lat": {"type": "number"}},
                    "required": ["lat"],
                },
            ]
        },
    },
    "patternProperties": {"^x-": {"type": "boolean"}},
    "required": ["query"],
    "additionalProperties": False,
    "$defs": {"tag": {"type": "string", "maxLength": 5}},
}


async def echo(arguments: dict[str, JsonValue]) -> object:
    return arguments


def make(schema: Mapping[str, JsonValue], **settings: Any) -> SchemaTool:
    return tool_from_schema(ToolSpec("search", "Search.", schema), echo, **settings)


async def told(schema: Mapping[str, JsonValue], arguments: Mapping[str, JsonValue]) -> list[str]:
    """Return the lines of what is wrong with *arguments*."""
    try:
        await make(schema).invoke(arguments)
    except ToolFailedError as error:
        return error.message.splitlines()[1:] or [error.message]
    return []


async def test_valid_arguments_reach_the_function() -> None:
    given = {"query": "a b", "limit": 3, "tags": ["a"], "x-y": True, "where": {"lat": 1}}
    made = make(SEARCH, timeout=3)
    assert await made.invoke(given) == given
    assert (made.spec.name, made.timeout, made.unchecked) == ("search", 3, ())
    (answer,) = await run_tools(asking(("search", given)), [made])
    assert not answer.is_error


async def test_each_fault_has_its_pointer_what_was_expected_and_what_came() -> None:
    wrong: dict[str, JsonValue] = {
        "limit": "3",
        "sort": "up",
        "tags": ["a", "toolong", 3, "a"],
        "where": {"lat": "x"},
        "x-y": 1,
        "zz": 1,
    }
    assert set(await told(SEARCH, wrong)) == {
        "- /query: it is required, and missing",
        '- /limit: expected integer; got "3"',
        '- /sort: expected one of "asc", "desc"; got "up"',
        '- /tags/1: it is too long; got "toolong"',
        "- /tags/2: expected string; got 3",
        "- /tags: it has equal items",
        '- /where: expected string; got {"lat":"x"}',
        "- /x-y: expected boolean; got 1",
        "- /zz: there is no such property",
    }
    assert await told(SEARCH, {"query": "A"}) == [
        '- /query: it is too short; got "A"',
        '- /query: it does not match ^[a-z ]+$; got "A"',
    ]


async def test_older_drafts() -> None:
    seven = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "definitions": {"n": {"type": "integer"}},
        "properties": {"pair": {"items": [{"$ref": "#/definitions/n"}, {"type": "string"}]}},
    }
    assert await told(seven, {"pair": [1, "x"]}) == []
    assert await told(seven, {"pair": ["x", "x"]}) == ['- /pair/0: expected integer; got "x"']
    four = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "properties": {"n": {"type": "number", "minimum": 1, "exclusiveMinimum": True}},
    }
    assert await told(four, {"n": 1}) != []
    with pytest.raises(InvalidInputError, match="draft 3"):
        make({"$schema": "http://json-schema.org/draft-03/schema#"})


# What no schema may say.

BOMB: dict[str, JsonValue] = {
    f"a{i}": {"anyOf": [{"$ref": f"#/$defs/a{i + 1}"}] * 2} for i in range(40)
}
BOMB["a40"] = {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ({"$ref": "http://example.org/schema"}, "only references inside it"),
        ({"properties": {"a": {"$ref": "file:///etc/passwd"}}}, "only references inside it"),
        ({"properties": {"a": {"$ref": "other.json#/a"}}}, "only references inside it"),
        ({"properties": {"a": {"$ref": "#/$defs/none"}}}, "not there"),
        ({"properties": {"a": {"$ref": "#none"}}}, "not there"),
        ({"properties": {"a": {"$id": "http://a/b", "type": "string"}}}, "address of its own"),
        ({"$defs": {"a": {"$schema": "http://a/b"}}}, "address of its own"),
        ({"$schema": 3}, "no address"),
        ({"$schema": "http://[a"}, "no address"),
        (
            {"$schema": "http://json-schema.org/draft-04/schema#", "not": {"id": "http://a"}},
            "address of its own",
        ),
        ({"type": "array"}, "arguments are an object"),
        ({"properties": {"a": {"type": "dict"}}}, "not valid at /properties/a/type"),
        ({"required": "a"}, "not valid at /required"),
        ({"properties": {"a": {"pattern": "(?=a)"}}}, "allow_unchecked"),
        ({"properties": {"a": {"pattern": "(a"}}}, "allow_unchecked"),
        ({"properties": {"a": {"pattern": r"\p{L}"}}}, "allow_unchecked"),
        ({"properties": {"a": {"pattern": "(a{100}){20}"}}}, "allow_unchecked"),
        ({"properties": {f"a{i}": {} for i in range(6000)}}, "more than 5,000 parts"),
        ({"description": "x" * 1_000_001}, "too large"),
        ({"x": {"y": {"$ref": "http://a"}}, "$ref": "#/x/y"}, "only references inside it"),
    ],
)
def test_what_is_refused_when_the_tool_is_made(schema: Any, says: str) -> None:
    with pytest.raises(InvalidInputError, match=says):
        make(schema)


def test_deep_schemas_are_refused() -> None:
    deep: dict[str, JsonValue] = {}
    for _ in range(70):
        deep = {"properties": {"a": deep}}
    with pytest.raises(InvalidInputError, match="deep"):
        make(deep)


async def test_property_names_are_no_keywords() -> None:
    named = {"properties": {"$ref": {"type": "string"}, "pattern": {"type": "string"}}}
    assert await told(named, {"$ref": "http://a", "pattern": "(?=a)"}) == []
    assert await told({"enum": [{"$ref": "http://a"}]}, {"$ref": "http://a"}) == []


async def test_what_cannot_be_checked_is_listed_if_that_is_allowed() -> None:
    schema = {
        "properties": {"a": {"type": "string", "pattern": "^(?!b)"}},
        "patternProperties": {"(?<=x)": {"type": "integer"}, "^y": {"type": "integer"}},
        "additionalProperties": False,
    }
    made = make(schema, allow_unchecked=True)
    assert made.spec.parameters == schema  # the model is told all the same
    assert set(made.unchecked) == {
        "/properties/a/pattern",
        "/patternProperties/(?<=x)",
        "/additionalProperties",
    }
    assert await made.invoke({"a": "b", "x": 1}) == {"a": "b", "x": 1}
    with pytest.raises(ToolFailedError, match="/y"):
        await made.invoke({"y": "1"})
    beside = {"patternProperties": {"^x": {}}, "unevaluatedProperties": False}
    assert make(beside, allow_unchecked=True).unchecked == ("/unevaluatedProperties",)


NEVER = 3.0
"""Seconds of processor time; each of these would take from minutes to ages."""


@pytest.mark.real_time
@pytest.mark.parametrize(
    ("schema", "arguments"),
    [
        ({"properties": {"a": {"pattern": "^(a+)+$"}}}, {"a": "a" * 5000 + "!"}),
        ({"properties": {"a": {"pattern": "(a|b|ab)*c"}}}, {"a": "ab" * 20_000}),
        ({"patternProperties": {"^(a+)+$": {"type": "null"}}}, {"a" * 5000: 1}),
        (
            {"patternProperties": {"^(a+)+$": {}}, "additionalProperties": False},
            {"a" * 5000 + "!": 1},
        ),
        ({"properties": {"a": {"$ref": "#/$defs/a0"}}, "$defs": BOMB}, {"a": 1}),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}, {"a": 1}),
        ({"allOf": [{"properties": {"a": {"type": "integer"}}}] * 1000}, {"a": ["x" * 900_000]}),
        ({"allOf": [{"required": ["b"]}] * 1000}, {"a": {str(i): i for i in range(50_000)}}),
    ],
)
async def test_hostile_schemas_and_arguments_are_refused_in_time(
    schema: Mapping[str, JsonValue], arguments: Mapping[str, JsonValue]
) -> None:
    start = time.process_time()
    assert await told(schema, arguments) != []
    assert time.process_time() - start < NEVER


async def test_long_arrays_are_compared_without_comparing_pairs() -> None:
    schema = {"properties": {"a": {"uniqueItems": True}}}
    start = time.process_time()
    assert await told(schema, {"a": [{"i": i} for i in range(5000)]}) == []
    assert await told(schema, {"a": [{"i": i % 4999} for i in range(5000)]}) != []
    assert time.process_time() - start < NEVER


async def test_deep_arguments_are_refused() -> None:
    deep: dict[str, JsonValue] = {}
    for _ in range(900):
        deep = {"a": deep}
    assert await told({"properties": {"a": {"$ref": "#"}}}, deep) != []


@pytest.mark.real_time
async def test_a_long_check_leaves_the_loop_alone() -> None:
    late: list[float] = []

    async def watch() -> None:
        while True:
            before = time.monotonic()
            await anyio.sleep(0.01)
            late.append(time.monotonic() - before)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        await told({"properties": {"a": {"items": {"type": "integer"}}}}, {"a": [1] * 100_000})
        tasks.cancel_scope.cancel()
    assert len(late) > 3  # others had their turn meanwhile


@pytest.mark.parametrize(
    ("items", "unique"),
    [
        ([1, 1.0], False),
        ([1, True], True),
        ([0, False], True),
        ([{"a": 1, "b": 2}, {"b": 2, "a": 1.0}], False),
        ([[1], [True]], True),
        (["1", 1], True),
        ([None, None], False),
    ],
)
async def test_which_items_are_equal(items: JsonValue, unique: bool) -> None:
    # By JSON Schema, https://json-schema.org/draft/2020-12/json-schema-core#section-4.2.2
    assert (await told({"properties": {"a": {"uniqueItems": True}}}, {"a": items}) == []) == unique


KEYWORDS = st.sampled_from(
    [
        "$ref",
        "$dynamicRef",
        "$recursiveRef",
        "$id",
        "$anchor",
        "$dynamicAnchor",
        "$schema",
        "$defs",
        "definitions",
        "properties",
        "patternProperties",
        "additionalProperties",
        "unevaluatedProperties",
        "propertyNames",
        "required",
        "items",
        "prefixItems",
        "additionalItems",
        "contains",
        "minContains",
        "maxContains",
        "uniqueItems",
        "minItems",
        "enum",
        "const",
        "type",
        "pattern",
        "minLength",
        "minimum",
        "multipleOf",
        "format",
        "anyOf",
        "oneOf",
        "allOf",
        "not",
        "if",
        "then",
        "else",
        "dependentRequired",
        "dependentSchemas",
        "dependencies",
        "id",
        "a",
    ]
)
WORDS = st.sampled_from(
    ["", "#", "#/a", "#/$defs/a", "#a", "a", "http://a", "string", "object", "(a+)+$", "(", "%zz"]
)
JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(KEYWORDS | WORDS, inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=100)
@given(
    schema=st.dictionaries(KEYWORDS, JUNK, max_size=5),
    arguments=st.dictionaries(WORDS, JUNK, max_size=3),
    allow=st.booleans(),
)
def test_junk_is_refused_by_its_own_errors(
    schema: dict[str, JsonValue], arguments: dict[str, JsonValue], allow: bool
) -> None:
    try:
        made = make(schema, allow_unchecked=allow)
    except InvalidInputError:
        return
    try:
        anyio.run(made.invoke, arguments)
    except ToolFailedError:
        return


# jsonschema itself is the judge of what is valid.

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([1.0, 0.5, "", "a", "ab", "ba"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "ab", "c"]), inner, max_size=3)
    ),
    max_leaves=6,
)
LEAVES = st.sampled_from(
    [
        True,
        False,
        {},
        {"type": "string"},
        {"type": ["integer", "null"]},
        {"enum": ["a", 1, None]},
        {"const": 1.0},
        {"minimum": 1},
        {"exclusiveMaximum": 2},
        {"multipleOf": 0.5},
        {"minLength": 1, "pattern": "^a"},
        {"pattern": "b$|x"},
        {"uniqueItems": True, "type": "array"},
        {"$ref": "#/$defs/d"},
    ]
)


def _grown(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = st.sampled_from(["a", "b", "ab"])
    return st.one_of(
        st.fixed_dictionaries(
            {},
            optional={
                "properties": st.dictionaries(names, inner, max_size=2),
                "patternProperties": st.dictionaries(
                    st.sampled_from(["^a", "b", "c$"]), inner, max_size=2
                ),
                "additionalProperties": inner,
                "propertyNames": inner,
                "required": st.lists(names, unique=True, max_size=2),
                "items": inner,
                "contains": inner,
                "minItems": st.integers(0, 2),
                "maxProperties": st.integers(0, 3),
            },
        ),
        st.lists(inner, min_size=1, max_size=3).flatmap(
            lambda some: st.sampled_from([{"anyOf": some}, {"oneOf": some}, {"allOf": some}])
        ),
        st.builds(lambda a: {"not": a}, inner),
        st.builds(lambda a, b, c: {"if": a, "then": b, "else": c}, inner, inner, inner),
    )


SCHEMAS = st.builds(
    lambda body, d: {**(body if isinstance(body, dict) else {}), "$defs": {"d": d}},
    _grown(st.recursive(LEAVES, _grown, max_leaves=4)),
    LEAVES.filter(lambda leaf: leaf != {"$ref": "#/$defs/d"}),
)


@settings(max_examples=200)
@given(schema=SCHEMAS, values=st.lists(VALUES, max_size=4))
def test_what_is_valid_is_what_jsonschema_says(
    schema: dict[str, JsonValue], values: list[JsonValue]
) -> None:
    judge = jsonschema.Draft202012Validator(schema)
    made = make(schema)
    for arguments in [{}, *({"a": one, "ab": one} for one in values)]:
        try:
            anyio.run(made.invoke, arguments)
            valid = True
        except ToolFailedError:
            valid = False
        assert valid == judge.is_valid(arguments), arguments
