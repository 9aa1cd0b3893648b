"""What each provider is sent in the place of a schema, and what is refused."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import jsonschema
import pytest

from beluga.errors import InvalidInputError, UnsupportedError
from beluga.schemas import codec_for, schema_of
from tests.schemas import kinds

PERSON: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "description": "In full."},
        "age": {"type": "integer", "exclusiveMinimum": 0},
        "nick": {"type": ["string", "null"], "default": None},
        "tags": {"type": "object", "additionalProperties": {"type": "integer"}},
        "extra": {},
    },
    "required": ["name"],
}


def test_openai_takes_objects_with_every_property_required() -> None:
    codec = codec_for(PERSON, "openai")
    properties: Any = codec.schema["properties"]
    assert codec.schema["required"] == list(PERSON["properties"])
    assert codec.schema["additionalProperties"] is False
    assert properties["name"] == {"type": "string", "description": "In full. (minLength: 1)"}
    assert properties["age"] == {
        "anyOf": [{"type": "integer", "exclusiveMinimum": 0}, {"type": "null"}]
    }
    assert properties["nick"]["anyOf"] == [{"type": "string"}, {"type": "null"}]
    assert codec.moved[0] == ("minLength", "/properties/name")
    sent = {
        "name": "a",
        "age": None,
        "nick": None,
        "tags": [{"key": "x", "value": 1}],
        "extra": '{"a":[1]}',
    }
    decoded = {"name": "a", "nick": None, "tags": {"x": 1}, "extra": {"a": [1]}}
    assert codec.decode(sent) == decoded
    assert codec.encode(decoded) == sent


def test_anthropic_keeps_optional_properties() -> None:
    codec = codec_for(PERSON, "anthropic")
    assert codec.schema["required"] == ["name"]
    properties: Any = codec.schema["properties"]
    assert properties["age"] == {"type": "integer", "description": "(exclusiveMinimum: 0)"}
    assert codec.decode({"name": "a", "tags": []}) == {"name": "a", "tags": {}}


def test_gemini_keeps_what_it_knows() -> None:
    codec = codec_for(PERSON, "gemini")
    properties: Any = codec.schema["properties"]
    assert properties["age"] == {"type": "integer", "minimum": 1}
    assert properties["tags"] == {"type": "object", "additionalProperties": {"type": "integer"}}
    assert properties["extra"] == {}
    assert codec.transparent


def test_plain_is_what_was_given() -> None:
    codec = codec_for(PERSON, "plain")
    assert codec.schema == PERSON
    assert codec.reversible
    assert codec_for(PERSON, "openai", strict=False) is codec
    assert codec_for(dict(PERSON), "plain") is codec


@pytest.mark.parametrize("dialect", ["openai", "anthropic", "gemini", "plain"])
def test_a_root_that_is_no_object_is_wrapped(dialect: Any) -> None:
    schema = schema_of(list[kinds.Tree]).schema
    codec = codec_for(schema, dialect)
    assert codec.wrapped
    leaf: dict[str, Any] = {"label": "b", "children": [], "parent": None}
    value = [{"label": "a", "children": [leaf], "parent": leaf}]
    sent = codec.encode(value)
    jsonschema.validate(sent, codec.schema)
    assert set(sent) == {"value"}  # type: ignore[arg-type]  # an object
    assert codec.decode(sent) == value
    assert codec.decode(value) == value


def test_a_value_that_may_hold_the_same_key_is_told_from_its_wrapper() -> None:
    codec = codec_for(
        {
            "anyOf": [
                {
                    "type": "object",
                    "properties": {"value": {"type": "integer"}},
                    "required": ["value"],
                },
                {"type": "null"},
            ]
        },
        "openai",
    )
    assert codec.wrapped
    assert codec.decode({"value": {"value": 3}}) == {"value": 3}
    assert codec.decode({"value": 3}) == {"value": 3}
    assert codec.decode({"value": None}) is None


def test_references_to_any_place_survive_the_wrapping() -> None:
    schema: dict[str, Any] = {
        "type": "array",
        "items": {"anyOf": [{"type": "integer"}, {"$ref": "#"}, {"$ref": "#/$defs/word"}]},
        "$defs": {"word": {"type": "string"}},
    }
    for dialect in ("plain", "openai"):
        codec = codec_for(schema, dialect)  # type: ignore[arg-type]  # mypy widens the tuple
        sent = codec.encode([1, [2, ["a"]]])
        jsonschema.validate(sent, codec.schema)
        assert codec.decode(sent) == [1, [2, ["a"]]]
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"value": [None]}, codec.schema)


def test_recursion_goes_out_as_each_provider_takes_it() -> None:
    schema = schema_of(kinds.Tree).schema
    assert codec_for(schema, "openai").reversible
    text: Any = codec_for(schema, "anthropic").schema["$defs"]
    assert text["Tree"]["properties"]["children"]["items"]["type"] == "string"
    required = {
        "type": "object",
        "properties": {"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}},
        "required": ["next"],
    }
    gemini: Any = codec_for(required, "gemini")
    assert gemini.schema["$defs"]["root"].get("required", []) == []
    assert gemini.moved == (("required", "/properties/next"),)


def test_members_of_a_union_that_look_alike_are_told_apart() -> None:
    schema = schema_of(dict[str, int] | list[int] | str).schema  # type: ignore[arg-type]  # a union
    codec = codec_for(schema, "openai")
    for value in ({}, [], {"a": 1}, [1], "[]"):
        sent = codec.encode(value)
        jsonschema.validate(sent, codec.schema)
        assert codec.decode(sent) == value


def test_a_tuple_has_the_names_of_its_positions() -> None:
    codec = codec_for(schema_of(kinds.Point).schema, "openai")
    assert codec.decode({"x": 1.5, "y": None}) == [1.5]
    assert codec.encode([1.5]) == {"x": 1.5, "y": None}


def test_what_does_not_fit_stays_for_validation_to_judge() -> None:
    codec = codec_for(PERSON, "openai")
    wrong = {"name": 3, "age": None, "tags": [{"key": "x", "value": "no"}], "new": 1}
    assert codec.decode(wrong) == {"name": 3, "tags": {"x": "no"}, "new": 1}
    assert codec.decode("no object") == "no object"
    assert codec.encode("no object") == "no object"


def test_older_drafts_are_read() -> None:
    schema: dict[str, Any] = {
        "definitions": {"Word": {"type": "string"}},
        "type": "object",
        "properties": {
            "word": {"allOf": [{"$ref": "#/definitions/Word"}], "description": "One."},
            "pair": {"type": "array", "items": [{"type": "string"}, {"type": "integer"}]},
            "low": {"type": "number", "minimum": 0, "exclusiveMinimum": True},
            "all": {
                "allOf": [
                    {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
                    {"properties": {"b": {"type": "string"}}},
                ]
            },
        },
        "required": ["word", "pair", "low", "all"],
    }
    codec = codec_for(schema, "openai")
    properties: Any = codec.schema["properties"]
    assert properties["low"] == {"type": "number", "exclusiveMinimum": 0}
    assert list(properties["all"]["properties"]) == ["a", "b"]
    sent = codec.encode({"word": "a", "pair": ["a", 1], "low": 1, "all": {"a": 1}})
    jsonschema.validate(sent, codec.schema)
    definition = properties["word"]["$ref"].removeprefix("#/$defs/")
    assert codec.schema["$defs"][definition] == {"type": "string", "description": "One."}  # type: ignore[index, call-overload]  # an object


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "dict"}, "type 'dict'"),
        ({"$ref": "#/$defs/No"}, "#/\\$defs/No"),
        ({"$ref": "https://example.com/schema"}, "not in it"),
        ({"type": "object", "properties": 3}, "not valid at #/properties"),
        ({"type": "object", "properties": {"a": {1}}}, "no schema"),
        ({"$ref": "#"}, "JSON Schema"),
    ],
)
def test_what_is_no_schema_is_refused(schema: Any, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        codec_for(schema, "openai")


def _nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
    return schema


LONG = [f"{number:03}{'x' * 57}" for number in range(255)]


def _optional(count: int) -> dict[str, Any]:
    names = {f"p{number}": {"type": "string"} for number in range(count)}
    return {"type": "object", "properties": names}


@pytest.mark.parametrize(
    ("schema", "dialect", "message"),
    [
        (_nested(11), "openai", "11 objects within each other"),
        (_optional(5001), "openai", "5001 properties"),
        ({"type": "object", "properties": {"a": {"enum": list(range(1001))}}}, "openai", "1001"),
        ({"type": "object", "properties": {"a": {"enum": LONG}}}, "openai", "15300 characters"),
        (_optional(25), "anthropic", "25 optional"),
    ],
)
def test_what_is_more_than_a_provider_takes_is_unsupported(
    schema: Any, dialect: Any, message: str
) -> None:
    with pytest.raises(UnsupportedError, match=message):
        codec_for(schema, dialect)


def _chain(links: int, width: int) -> dict[str, Any]:
    """Every definition refers to the next one several times: written out it would never end."""
    definitions: dict[str, Any] = {f"d{links}": {"type": "string"}}
    for number in range(links):
        reference = {"$ref": f"#/$defs/d{number + 1}", "description": f"of {number}"}
        properties = {f"p{i}": reference for i in range(width)}
        definitions[f"d{number}"] = {"type": "object", "properties": properties}
    return {"$ref": "#/$defs/d0", "$defs": definitions}


def _merged_chain(links: int) -> dict[str, Any]:
    schema = _chain(links, 1)
    for number in range(links):
        target = {"$ref": f"#/$defs/d{number + 1}"}
        both = {"allOf": [target, {**target, "minProperties": 1}]}
        schema["$defs"][f"d{number}"]["properties"] = {"a": both, "b": both}
    return schema


def _deep(keyword: str, levels: int) -> dict[str, Any]:
    schema: Any = {"type": "string"}
    for _ in range(levels):
        schema = (
            {keyword: [schema]} if keyword.endswith("Of") else {"type": "array", keyword: schema}
        )
    return {"type": "object", "properties": {"a": schema}}


_RECORDS = [{"type": "object", "properties": {f"p{n}": {}}} for n in range(100_000)]
_MAPS = [{"type": "object", "additionalProperties": {"const": n}} for n in range(3_000)]
_SELF: dict[str, Any] = {"$ref": "#/$defs/a"}
_IN_ITSELF = {"type": "object", "properties": {"b": {**_SELF, "minProperties": 1}}}

HOSTILE: dict[str, dict[str, Any]] = {
    "a chain of references": _chain(25, 4),
    "a long chain": _chain(3000, 1),
    "a merged chain": _merged_chain(30),
    "deep items": _deep("items", 900),
    "deep allOf": _deep("allOf", 400),
    "deep anyOf": _deep("anyOf", 400),
    "100,000 properties": _optional(100_000),
    "100,000 members": {"anyOf": _RECORDS},
    "members that look alike": {"anyOf": _MAPS},
    "recursion through siblings": {**_SELF, "$defs": {"a": _IN_ITSELF}},
    "a circle": {**_SELF, "$defs": {"a": {"$ref": "#/$defs/b"}, "b": _SELF}},
    "a circle of allOf": {**_SELF, "$defs": {"a": {"allOf": [_SELF]}}},
}


@pytest.mark.parametrize("dialect", ["openai", "anthropic", "gemini"])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_schema_takes_no_time(name: str, dialect: Any) -> None:
    start = time.thread_time()
    with contextlib.suppress(InvalidInputError, UnsupportedError):
        codec_for(HOSTILE[name], dialect)
    assert time.thread_time() - start < 3


def test_a_hostile_value_takes_no_time() -> None:
    """Every level of the union fails late; tried anew at each level it would take 2^40 steps."""
    node: dict[str, Any] = {"type": "object", "additionalProperties": False}
    one = {**node, "properties": {"n": {"$ref": "#/$defs/u"}, "t": {"const": "one"}}}
    two = {**node, "properties": {"n": {"$ref": "#/$defs/u"}, "t": {"const": "two"}}}
    union = {"anyOf": [one, two, {"type": "object", "additionalProperties": {}}]}
    codec = codec_for({"$ref": "#/$defs/u", "$defs": {"u": union}}, "openai")
    value: Any = {"n": None, "t": "two"}
    for _ in range(60):
        value = {"n": value, "t": "two"}
    start = time.thread_time()
    codec.decode(value)
    codec.decode(codec.encode(value))
    assert time.thread_time() - start < 3


def test_a_value_too_deep_to_look_at_stays_as_it_is() -> None:
    codec = codec_for(schema_of(kinds.Tree).schema, "openai")
    value: Any = {"label": "a", "children": []}
    for _ in range(5000):
        value = {"label": "a", "children": [value]}
    assert codec.decode(value) is value
