"""The ladder from text to value: what it mends, what it refuses, and what it costs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Literal

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from beluga.structured.parsing import Parsed, Unparsed, parse
from beluga.structured.repairs import Repair
from beluga.structured.scanning import DEEPEST, LONGEST_NUMBER, Mended, mend


class Person(msgspec.Struct, frozen=True):
    name: str
    age: int
    tags: tuple[str, ...] = ()
    boss: Person | None = None


ANN = Person("Ann", 3)
PLAIN = '{"name": "Ann", "age": 3}'

decode_person = msgspec.json.Decoder(Person).decode
decode_any = msgspec.json.Decoder().decode


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (PLAIN, []),
        (f"  {PLAIN}\n", []),
        (f"\ufeff{PLAIN}", ["byte_order_mark"]),
        (f"<think>Is {{'name': 'Bob'}} right? No.</think>{PLAIN}", ["thinking"]),
        (f"Hm, the name …</think>\n\n{PLAIN}", ["thinking"]),
        (f"```json\n{PLAIN}\n```", ["fence"]),
        (f"~~~\n{PLAIN}\n~~~", ["fence"]),
        (f"```json\n{PLAIN}", ["fence"]),
        (f"<think>x</think>Sure!\n```json\n{PLAIN}\n```\nOk?", ["thinking", "fence", "prose"]),
        (f"Here you are: {PLAIN} I hope it helps.", ["prose"]),
        (f"As [1] and {{this}} say: {PLAIN}", ["prose"]),
        (f"{PLAIN} {PLAIN}", ["prose"]),
        ('{"name": "Ann", "age": 3,}', ["trailing_comma"]),
        ("{'name': 'Ann', 'age': 3}", ["single_quotes"]),
        ('{"name": "Ann", /* years */ "age": 3 // old\n}', ["comment"]),
        ('{"name": "Ann", # who\n"age": 3}', ["comment"]),
        ('{name: "Ann", age: 3}', ["unquoted_key"]),
        ('{"name": "Ann", "age": 3, "boss": None}', ["python_constant"]),
        (json.dumps(PLAIN), ["json_in_a_string"]),
    ],
)
def test_what_models_do_to_json_is_undone(text: str, kinds: list[str]) -> None:
    parsed = parse(text, decode_person)
    assert isinstance(parsed, Parsed)
    assert parsed.value == ANN
    assert [repair.kind for repair in parsed.repairs] == kinds


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("['it\\'s \"so\"']", ['it\'s "so"']),
        ("['\\u00e9\\n']", ["é\n"]),
        ('["a\nb\tc"]', ["a\nb\tc"]),
        ('["it\\\'s"]', ["it's"]),
        ("[True, False, None, true, false, null]", [True, False, None, True, False, None]),
        ("[1, -0.5, 1e3, ]", [1, -0.5, 1000.0]),
        ("{'a': {'b': [],},}", {"a": {"b": []}}),
        ("'text'", "text"),
        ("True", True),
    ],
)
def test_what_is_nearly_json_is_read_as_what_it_says(text: str, value: object) -> None:
    parsed = parse(text, decode_any)
    assert isinstance(parsed, Parsed)
    assert parsed.value == value
    assert parsed.repairs


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "<think>and then",
        "I cannot help with that.",
        "[1, 2",
        '{"name": "Ann", "age": 3',
        '{"name": "Ann", "age": 3 "tags": []}',
        '{"people": [{"name": "Ann", "age": 3}, {"name": "Bo',  # one of them is not the answer
        "{\"note\": \"so {'name': 'Ann', 'age': 3}",
        '{"a": oops {"name": "Ann", "age": 3}}',
        '{"name": "Ann", "age": 3} or {"name": "Bob", "age": 4}',  # which?
        '{"name": "Ann", "age": 03}',
        '{"name": "Ann", "age": NaN}',
        '{"name": "\\x41nn", "age": 3}',
        '{"name": "Ann", "age": 3,,}',
        "{'name': '\\u00', 'age': 3}",
        '{"name": "\\uxyz", "age": 3,}',
        "{,}",
        "{'name': 'it's', 'age': 3}",
        "{" + '"boss": {' * (DEEPEST + 1),
        "{'name': 'Ann', 'age': 1" + "0" * LONGEST_NUMBER + "}",
        "{'\\x1f': {'name': 'Ann', 'age': 3}}",
    ],
)
def test_what_cannot_be_told_for_sure_is_refused(text: str) -> None:
    assert isinstance(parse(text, decode_person), Unparsed)


def test_text_that_is_json_of_another_type_is_kept_to_say_what_is_wrong() -> None:
    refused = parse('Well: {"name": "Ann", "age": "three"}', decode_person)
    assert refused == Unparsed(
        "Expected `int`, got `str` - at `$.age`", '{"name":"Ann","age":"three"}'
    )


def test_a_bare_word_stands_for_a_choice_only() -> None:
    decode = msgspec.json.Decoder(Literal["red", "blue"]).decode
    assert parse(" red\n", decode, words=True) == Parsed("red", '"red"', (Repair("bare_word"),))
    assert isinstance(parse("red", decode), Unparsed)
    assert isinstance(parse("reddish", decode, words=True), Unparsed)
    assert isinstance(parse("\ud800", decode, words=True), Unparsed)


def test_strictly_is_without_any_mending() -> None:
    assert isinstance(parse(PLAIN, decode_person, strictly=True), Parsed)
    assert isinstance(parse(f"```\n{PLAIN}\n```", decode_person, strictly=True), Unparsed)


@given(st.text())
@example('{"a":1}')
def test_what_json_reads_is_read_so(text: str) -> None:
    try:
        expected = json.loads(text)
        msgspec.json.decode(text)
    except (ValueError, msgspec.DecodeError):
        return
    parsed = parse(text, decode_any)
    assert isinstance(parsed, Parsed)
    assert (parsed.value, parsed.repairs) == (expected, ())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(json_values)
def test_what_python_writes_is_read_as_json(value: object) -> None:
    parsed = parse(repr(value), decode_any)
    if "\\" not in repr(value):  # Python has escapes that JSON has not
        assert isinstance(parsed, Parsed)
    if isinstance(parsed, Parsed):
        assert parsed.value == value


pieces = st.sampled_from(
    ['{"name":', '"Ann"', ',"age":', "3", "}", "[", "]", "'", '"', "\\", "/*", "*/", "//", "\n",
     "<think>", "</think>", "```", "None", ",", ":", "{", "é", "\x00", "1e9", "-", "\ud800", " or "]
)  # fmt: skip


@given(st.lists(pieces | st.text(max_size=3), max_size=30).map("".join))
def test_nothing_is_returned_that_the_type_refuses(text: str) -> None:
    parsed = parse(text, decode_person)
    if isinstance(parsed, Parsed):
        assert decode_person(parsed.json) == parsed.value
        assert isinstance(parsed.value, Person)


@given(st.lists(pieces, max_size=30).map("".join))
def test_what_is_mended_is_json(text: str) -> None:
    mended = mend(text, 0)
    if isinstance(mended, Mended):
        json.loads(mended.json)


NASTY: dict[str, Callable[[int], str]] = {
    "braces": lambda n: "{" * n,
    "brackets": lambda n: "[" * n,
    "braces apart": lambda n: "{ " * (n // 2),
    "backslashes": lambda n: '["' + "\\" * n,
    "a string without end": lambda n: '{"name": "' + "a" * n,
    "quotation marks": lambda n: "[" + '"' * n,
    "apostrophes": lambda n: "['" + "\\'" * (n // 2),
    "a comment without end": lambda n: "[/*" + "*" * n,
    "a long number": lambda n: "[" + "1" * n + "]",
    "deep": lambda n: '{"boss":' * (n // 8),
    "deep arrays, closed": lambda n: "[" * (n // 2) + "]" * (n // 2),
    "fences": lambda n: "```\n" * (n // 4),
    "thoughts": lambda n: "<think>" * (n // 7),
    "thoughts, closed": lambda n: "<think></think>" * (n // 15),
    "thoughts with braces": lambda n: "<think>" + '{"a":' * (n // 5),
    "many values": lambda n: "[1] " * (n // 4),
    "one long array": lambda n: "[" + "1," * (n // 2) + "x]",
    "commas": lambda n: "[1" + "," * n,
    "spaces": lambda n: "[" + " " * n,
    "newlines and braces": lambda n: "\n{" * (n // 2),
    "a truncated object": lambda n: '{"a": [' + '{"b": "c"},' * (n // 11),
    "a text in a string": lambda n: json.dumps("[" * n),
}


@pytest.mark.parametrize("kind", NASTY)
def test_a_megabyte_of_anything_takes_linear_time(kind: str) -> None:
    make = NASTY[kind]

    def cost(size: int) -> float:
        text = make(size)
        best = float("inf")
        for _ in range(2):
            begun = time.thread_time()
            assert isinstance(parse(text, decode_person), Unparsed)
            best = min(best, time.thread_time() - begun)
        return best

    small, large = cost(125_000), cost(1_000_000)
    # Eight times the text: quadratic work would be 64 times as much. What is too quick to be
    # measured is no concern.
    assert large < 24 * small + 0.02
    assert large < 4
