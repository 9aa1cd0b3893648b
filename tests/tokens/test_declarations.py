from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beluga.schema import ToolSpec
from beluga.tokens.declarations import as_json, as_typescript

# The example of OpenAI's guide to its "harmony" format, with the comments where it has them.
WEATHER: dict[str, Any] = {
    "type": "object",
    "properties": {
        "location": {"type": "string", "description": "The city and state, e.g. San Francisco, CA"},
        "format": {"type": "string", "enum": ["celsius", "fahrenheit"], "default": "celsius"},
    },
    "required": ["location"],
}


def test_tools_read_as_typescript() -> None:
    tools = [
        ToolSpec("get_location", "Gets the location of the user."),
        ToolSpec("get_current_weather", "Gets the current weather.", WEATHER),
    ]
    assert as_typescript(tools) == (
        "# Tools\n\n## functions\n\nnamespace functions {\n\n"
        "// Gets the location of the user.\n"
        "type get_location = () => any;\n\n"
        "// Gets the current weather.\n"
        "type get_current_weather = (_: {\n"
        "// The city and state, e.g. San Francisco, CA\n"
        "location: string,\n"
        'format?: "celsius" | "fahrenheit", // default: "celsius"\n'
        "}) => any;\n\n"
        "} // namespace functions"
    )


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "integer"}, "number"),
        ({"type": ["string", "null"]}, "string | null"),
        ({"const": 3}, "3"),
        ({"anyOf": [{"type": "boolean"}, {"type": "null"}]}, "boolean | null"),
        ({"oneOf": [{"$ref": "#/$defs/Whale"}, {}]}, "Whale | any"),
        ({"type": "array", "items": {"type": "number"}}, "number[]"),
        ({"type": "array"}, "any[]"),
        ({"type": "object"}, "object"),
        (
            {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
            "{\na: string,\n}",
        ),
        ({"type": "nonsense"}, "any"),
        ({"properties": 3}, "any"),
        ({}, "any"),
    ],
)
def test_types(schema: dict[str, Any], kind: str) -> None:
    tool = ToolSpec("f", "", {"type": "object", "properties": {"x": schema}, "required": ["x"]})
    assert f"type f = (_: {{\nx: {kind},\n}}) => any;" in as_typescript([tool])


def test_a_schemas_own_description_stands_before_it() -> None:
    described = {"description": "What to load.", "properties": {"x": {"type": "string"}}}
    shown = as_typescript([ToolSpec("load", "", described)])
    assert "type load = (_: // What to load.\n{\nx?: string,\n}) => any;" in shown


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "properties", "required", "items", "anyOf", "enum", "$ref", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["type", "properties", "required"]), JSON, min_size=1))
def test_no_schema_is_a_crash(schema: dict[str, Any]) -> None:
    tool = ToolSpec("f", "", {"type": "object", **schema})
    assert "type f = (" in as_typescript([tool])


def test_a_schema_without_end_comes_to_one() -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(200):
        schema = {"type": "array", "items": schema}
    tool = ToolSpec("f", "", {"type": "object", "properties": {"x": schema}})
    assert "any[]" in as_typescript([tool])


def test_tools_read_as_json() -> None:
    assert as_json(ToolSpec("f", "F.", {"type": "object"})) == (
        '{"name":"f","description":"F.","parameters":{"type":"object"}}'
    )


def test_a_type_named_again_and_again_is_shown_once() -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(30):
        schema = {"type": ["object", "object", 3], "properties": {"x": schema}}
    assert len(as_typescript([ToolSpec("f", "", {**schema, "type": "object"})])) < 1000
