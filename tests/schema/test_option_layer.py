"""Options in layers: the later one wins, what is cleared is cleared, and nothing is mutated."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from beluga.schema import (
    UNSET,
    GenerateOptions,
    HumanMessage,
    JsonSchema,
    NamedTool,
    OptionLayer,
    ProviderTool,
    ReasoningConfig,
    Request,
    TextFormat,
    Timeouts,
    ToolSpec,
)
from beluga.testing import strategies

NAMES = GenerateOptions.__struct_fields__
MAPPINGS = {"metadata", "extra", "extra_headers"}


def layers() -> SearchStrategy[OptionLayer]:
    return st.builds(OptionLayer, strategies.options(), st.frozensets(st.sampled_from(NAMES)))


def values(options: GenerateOptions) -> dict[str, object]:
    return {name: getattr(options, name) for name in NAMES}


def layer(**options: Any) -> OptionLayer:
    written: Any = options
    return OptionLayer.of(written)


@given(layers(), layers(), layers())
def test_laying_over_is_associative(a: OptionLayer, b: OptionLayer, c: OptionLayer) -> None:
    assert a.under(b).under(c) == a.under(b.under(c))


@given(layers())
def test_an_empty_layer_changes_nothing(a: OptionLayer) -> None:
    assert a.under(OptionLayer()) == a
    assert OptionLayer().under(a) == a


@given(layers(), layers())
def test_the_later_wins_and_the_cleared_is_cleared(a: OptionLayer, b: OptionLayer) -> None:
    merged = a.under(b)
    for name in NAMES:
        mine, its = getattr(a.options, name), getattr(b.options, name)
        kept = None if name in b.cleared else mine
        result = getattr(merged.options, name)
        if its is None:
            assert result == kept
        elif name in MAPPINGS and kept is not None:
            assert result == {**kept, **its}
        else:
            assert result == its


@given(layers(), layers())
def test_nothing_is_mutated(a: OptionLayer, b: OptionLayer) -> None:
    before = msgspec.json.encode([a.options, b.options]), a.cleared, b.cleared
    a.under(b)
    assert (msgspec.json.encode([a.options, b.options]), a.cleared, b.cleared) == before


@given(layers(), layers())
def test_to_apply_a_layer_twice_is_to_apply_it_once(a: OptionLayer, b: OptionLayer) -> None:
    """Defaults are laid under a request at the edge, and again where it passes their model."""
    merged = a.under(b)
    request = Request((HumanMessage("Hi"),), merged.options, cleared=merged.cleared)
    assert request.over(a) == request


@given(strategies.options())
def test_what_is_written_at_a_call_is_what_travels(options: GenerateOptions) -> None:
    given = {name: value for name, value in values(options).items() if value is not None}
    assert layer(**given) == OptionLayer(options)


def test_mappings_merge_by_key_unless_cleared_between() -> None:
    first, second = layer(metadata={"a": "1", "b": "1"}), layer(metadata={"b": "2"})
    assert first.under(second).options.metadata == {"a": "1", "b": "2"}
    cleared = layer(metadata=UNSET)
    for merged in (
        first.under(cleared).under(second),
        first.under(cleared.under(second)),
    ):
        assert merged.options.metadata == {"b": "2"}


def test_wide_forms_become_narrow_ones() -> None:
    options = layer(
        stop="END",
        timeout=5,
        reasoning="low",
        temperature=1,
        tools=[ToolSpec("f"), ProviderTool("openai", '{"type":"web_search"}')],
        tool_choice=NamedTool("f"),
        response_format=JsonSchema("n", {"type": "object"}),
    ).options
    assert options.stop == ("END",)
    assert options.timeout == Timeouts(total=5)
    assert options.reasoning == ReasoningConfig("low")
    assert options.temperature == 1.0
    assert options.tools is not None
    assert [type(tool) for tool in options.tools] == [ToolSpec, ProviderTool]
    assert options.tool_choice == NamedTool("f")
    assert layer(stop=["a", "b"]).options.stop == ("a", "b")
    assert layer(timeout=Timeouts(connect=1)).options.timeout == Timeouts(connect=1)
    assert layer(reasoning=ReasoningConfig(budget_tokens=9)).options.reasoning is not None
    assert layer(response_format=TextFormat()).options.response_format == TextFormat()


def test_a_tool_is_taken_by_its_spec() -> None:
    class Weather:
        spec = ToolSpec("weather")

        async def invoke(self, arguments: object, /) -> object:
            return None

    assert layer(tools=[Weather()]).options.tools == (ToolSpec("weather"),)


def test_no_tools_are_a_value_and_none_is_not() -> None:
    offered = layer(tools=[ToolSpec("f")])
    assert offered.under(layer(tools=())).options.tools == ()
    assert offered.under(layer(tools=None)).options.tools == (ToolSpec("f"),)
    assert offered.under(layer(tools=UNSET)).options.tools is None


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"temprature": 1}, "unknown option 'temprature'"),
        ({"temperature": "hot"}, "temperature"),
        ({"temperature": -1}, "temperature must be at least 0"),
        ({"temperature": float("nan")}, "temperature"),
        ({"temperature": True}, "temperature"),
        ({"top_p": 1.5}, "top_p must be from 0 to 1"),
        ({"max_tokens": 0}, "max_tokens must be at least 1"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"presence_penalty": float("inf")}, "presence_penalty must be finite"),
        ({"stop": 7}, "stop"),
        ({"tools": "f"}, "tools takes a sequence"),
        ({"tools": [len]}, "is no tool"),
        ({"tools": [ToolSpec("f"), ToolSpec("f")]}, "two tools are named 'f'"),
        ({"tool_choice": "maybe"}, "tool_choice"),
        ({"timeout": 0}, "total must be"),
        ({"timeout": float("nan")}, "total must be"),
        ({"timeout": True}, "timeout"),
        ({"reasoning": "extreme"}, "reasoning"),
        ({"reasoning": {"effort": "extreme"}}, "reasoning"),
        ({"metadata": {"a": 1}}, "metadata"),
        ({"extra_headers": {"a": 1}}, "extra_headers"),
        ({"cache": "never"}, "cache"),
        ({"unsupported": "ignore"}, "unsupported"),
        ({"response_format": "json"}, "response_format"),
        ({"prompt_cache": "on"}, "prompt_cache"),
    ],
)
def test_what_is_wrong_is_named(wrong: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        layer(**wrong)


@pytest.mark.parametrize(
    "wide", [{"stop": "END"}, {"tools": []}, {"timeout": 5}, {"reasoning": "high"}, {"top_p": "1"}]
)
def test_what_travels_is_narrow(wide: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wide))):
        GenerateOptions(**wide)


def test_a_copy_of_unset_is_unset() -> None:
    assert copy.deepcopy(UNSET) is UNSET
    assert pickle.loads(pickle.dumps(UNSET)) is UNSET


@pytest.mark.parametrize(
    "header", [{"x": "a\r\nb: c"}, {"x": "caf\u00e9"}, {"x y": "z"}, {"": "z"}]
)
def test_a_header_that_cannot_be_sent_is_refused_by_name(header: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="header"):
        OptionLayer.of({"extra_headers": header})


@pytest.mark.parametrize("value", [object(), {1j}, {"a": [object()]}])
def test_extra_takes_what_json_can_say(value: Any) -> None:
    options: Any = {"extra": {"a": value}}
    with pytest.raises(ValueError, match="extra takes what JSON can say"):
        OptionLayer.of(options)


@pytest.mark.parametrize(
    ("value", "where"),
    [
        (math.nan, r"extra\['a'\] is nan"),
        ({"b": [0.5, math.inf]}, r"extra\['a'\]\['b'\]\[1\] is inf"),
        ((1, {"c": -math.inf}), r"extra\['a'\]\[1\]\['c'\] is -inf"),
    ],
)
def test_a_number_that_is_none_is_refused_where_it_stands(value: Any, where: str) -> None:
    options: Any = {"extra": {"x": 1.5, "a": value}}
    with pytest.raises(ValueError, match=where):
        OptionLayer.of(options)


@pytest.mark.parametrize("make", [ToolSpec, JsonSchema])
@pytest.mark.parametrize("value", [math.nan, object()])
def test_a_schema_is_json(make: Any, value: object) -> None:
    name = "parameters" if make is ToolSpec else "schema"
    with pytest.raises(ValueError, match=f"{name} takes what JSON can say"):
        make("f", **{name: {"default": value}})


@pytest.mark.parametrize("stop", ["", ["a", ""]])
def test_an_empty_text_is_no_place_to_stop(stop: Any) -> None:
    with pytest.raises(ValueError, match="stop takes texts of one character or more"):
        OptionLayer.of({"stop": stop})
    assert OptionLayer.of({"stop": []}).options.stop == ()
