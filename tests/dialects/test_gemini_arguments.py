"""Values at JSON paths become the JSON text of a call's arguments, piece by piece."""

from __future__ import annotations

import json
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beluga.dialects.gemini.arguments import Arguments
from beluga.dialects.gemini.wire import PartialArg

LEAVES = (
    st.text()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
    | st.none()
)
NAMES = st.text(min_size=1)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(NAMES, inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=4)


def pieces_of(value: object, path: str = "$") -> Iterator[PartialArg]:
    """Write *value* as Vertex does: its leaves, strings in pieces that an empty one ends."""
    if isinstance(value, dict):
        for name, inner in value.items():
            step = f".{name}" if name.isidentifier() else f"[{json.dumps(name)}]"
            yield from pieces_of(inner, path + step)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from pieces_of(inner, f"{path}[{number}]")
    elif isinstance(value, str):
        middle = len(value) // 2
        yield PartialArg(path, string_value=value[:middle], will_continue=True)
        yield PartialArg(path, string_value=value[middle:], will_continue=True)
        yield PartialArg(path, string_value="")
    elif isinstance(value, bool):
        yield PartialArg(path, bool_value=raw(value))
    elif value is None:
        yield PartialArg(path, null_value=raw("NULL_VALUE"))
    else:
        yield PartialArg(path, number_value=raw(value))


def raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(value).encode())


@given(OBJECTS)
def test_the_text_says_what_the_values_said(value: dict[str, object]) -> None:
    arguments = Arguments()
    text = "".join([arguments.add([piece]) for piece in pieces_of(value)])
    text += arguments.end()
    assert json.loads(text) == value
    assert arguments.whole() == text


@given(OBJECTS, st.randoms())
def test_values_in_any_order_are_put_together_at_the_end(
    value: dict[str, object], random: object
) -> None:
    leaves = [list(pieces_of(inner, f"$[{json.dumps(name)}]")) for name, inner in value.items()]
    interleaved = [piece for leaf in reversed(leaves) for piece in leaf]
    arguments = Arguments()
    arguments.add(interleaved)
    arguments.end()
    assert json.loads(arguments.whole()) == value


def test_a_late_value_stops_the_text_and_is_in_the_whole() -> None:
    arguments = Arguments()
    said = [
        arguments.add([PartialArg(path, number_value=raw(number))])
        for number, path in enumerate(["$.a.x", "$.b", "$.a.y", "$.c"])
    ]
    assert said == ['{"a":{"x":0', '},"b":1', "", ""]
    assert arguments.end() == ""
    assert json.loads(arguments.whole()) == {"a": {"x": 0, "y": 2}, "b": 1, "c": 3}


def test_a_late_text_is_joined_with_its_beginning() -> None:
    arguments = Arguments()
    arguments.add([PartialArg("$.a", string_value="x")])
    arguments.add([PartialArg("$.b", string_value="y")])
    arguments.add([PartialArg("$.a", string_value="z")])
    assert json.loads(arguments.whole()) == {"a": "xz", "b": "y"}


@pytest.mark.parametrize(
    ("path", "whole"),
    [
        ("$.a", {"a": 1}),
        ("$.a.b[0].c", {"a": {"b": [{"c": 1}]}}),
        ("$.a[0][0]", {"a": [[1]]}),
        ("$['a b']", {"a b": 1}),
        ("$['it\\'s']", {"it's": 1}),
        ('$["a\\"b"].c', {'a"b': {"c": 1}}),
        ("$.naïve", {"naïve": 1}),
        ("a", {"a": 1}),
        ("$.a[*]", {"a[*]": 1}),
        ("$['\\q']", {"\\q": 1}),
    ],
)
def test_paths(path: str, whole: object) -> None:
    arguments = Arguments()
    text = arguments.add([PartialArg(path, number_value=raw(1))]) + arguments.end()
    assert json.loads(text) == whole


def test_no_values_are_no_arguments() -> None:
    arguments = Arguments()
    assert arguments.end() == "{}"
    assert arguments.whole() == "{}"


def test_a_number_keeps_its_digits() -> None:
    arguments = Arguments()
    assert arguments.add([PartialArg("$.n", number_value=msgspec.Raw(b"1.50"))]) == '{"n":1.50'


def test_a_path_that_leads_nowhere_is_passed_over() -> None:
    arguments = Arguments()
    assert arguments.add([PartialArg("$", number_value=raw(1))]) == ""
    assert arguments.add([PartialArg("$[0]", number_value=raw(1))]) == ""
    arguments.add([PartialArg("$.a", number_value=raw(2))])
    assert json.loads(arguments.whole())["a"] == 2
