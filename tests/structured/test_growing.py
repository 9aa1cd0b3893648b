"""Values that grow: every cut gives the same views, and the last one is the value."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from beluga.errors import InvalidInputError, UnsupportedError
from beluga.schema import JsonValue
from beluga.schemas import Codec, SchemaDialect, codec_for, schema_of
from beluga.structured.partial import NOTHING, Partial
from beluga.structured.reading import JsonReader
from beluga.structured.tree import FieldDone, ItemDone, PartialEvent, TextGrew, Tree
from beluga.structured.undoing import Undoing
from tests.schemas.random_types import kinds

PLAIN = codec_for({}, "plain")

scalars = (
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-1e9, 1e9) | st.text(max_size=4)
)
documents = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
).filter(lambda value: isinstance(value, dict | list | str))
cuts = st.lists(st.integers(1, 9), min_size=1, max_size=5)


def cut(text: str, sizes: Sequence[int]) -> list[str]:
    """Cut a text into pieces of these sizes, over and over."""
    pieces, position = [], 0
    while position < len(text):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(text[position : position + size])
        position += size
    return pieces


def grow(
    pieces: Sequence[str], codec: Codec = PLAIN
) -> tuple[list[Partial[object]], list[PartialEvent], Tree]:
    """Feed pieces; return the view after each, what was told, and the tree."""
    tree = Tree(told=True)
    reader = JsonReader(Undoing(tree, codec))
    views: list[Partial[object]] = []
    events: list[PartialEvent] = []
    for piece in pieces:
        reader.feed(piece)
        views.append(tree.view())
        events.extend(tree.take_events())
    return views, events, tree


def joined(events: Sequence[PartialEvent]) -> list[PartialEvent]:
    """Join pieces of one string."""
    found: list[PartialEvent] = []
    for event in events:
        last = found[-1] if found else None
        if isinstance(event, TextGrew) and isinstance(last, TextGrew) and event.path == last.path:
            found[-1] = TextGrew(event.path, last.text + event.text)
        else:
            found.append(event)
    return found


def is_beginning(part: object, whole: object) -> bool:
    """Whether a value may become another one by growing at its end."""
    match part, whole:
        case dict(), dict():
            names = list(part)
            return names == list(whole)[: len(names)] and all(
                is_beginning(part[n], whole[n]) for n in names
            )
        case list(), list():
            return len(part) <= len(whole) and all(map(is_beginning, part, whole))
        case str(), str():
            return whole.startswith(part)
        case _:
            return part == whole


@given(documents, st.booleans(), st.sampled_from([None, 1]), cuts)
def test_every_cut_gives_the_same_and_the_last_view_is_the_document(
    document: Any, ascii_only: bool, indent: int | None, sizes: list[int]
) -> None:
    text = json.dumps(document, ensure_ascii=ascii_only, indent=indent)
    views, events, tree = grow(cut(text, sizes))
    by_character, all_events, _ = grow(list(text))
    assert joined(events) == joined(all_events)
    position = 0
    for piece, view in zip(cut(text, sizes), views, strict=True):
        position += len(piece)
        assert view == by_character[position - 1]  # kept ones too: they are compared at the end
    assert tree.value == document
    assert views[-1].is_complete
    assert views[-1].as_json() == document
    assert not any(view.is_complete for view in by_character[:-1])


@given(documents)
def test_views_only_ever_grow(document: Any) -> None:
    views, _, _ = grow(list(json.dumps(document)))
    shown = [view.as_json() for view in views]
    for before, after in pairwise(shown):
        assert before is None or is_beginning(before, after)


@given(documents)
def test_what_is_told_amounts_to_the_document(document: Any) -> None:
    _, events, _ = grow(list(json.dumps(document)))
    fields = {event.path: event.value for event in events if isinstance(event, FieldDone)}
    items = {event.path: event.value for event in events if isinstance(event, ItemDone)}
    texts: dict[object, str] = {}
    for event in events:
        if isinstance(event, TextGrew):
            texts[event.path] = texts.get(event.path, "") + event.text

    def walk(value: object, path: tuple[str | int, ...]) -> None:
        if isinstance(value, str):
            assert texts.pop(path, "") == value
        for name, inner in value.items() if isinstance(value, dict) else ():
            walk(inner, (*path, name))
            assert fields.pop((*path, name)) == inner
        for index, inner in enumerate(value) if isinstance(value, list) else ():
            walk(inner, (*path, index))
            assert items.pop((*path, index)) == inner

    walk(document, ())
    assert not fields | items | texts


ATOMS = st.sampled_from(
    ['{"a":', '"b', '"', "[", "]", "}", ",", "1", "\\u00", "e", "\\", "<think>", "</think>", "\n",
     "```", " ", "x:", "<thinking>", "</thinking>", "<", "th", "ink>"]
)  # fmt: skip


@given(st.lists(ATOMS, max_size=20), cuts)
def test_whatever_comes_every_cut_gives_the_same(atoms: list[str], sizes: list[int]) -> None:
    text = "".join(atoms)
    _, events, tree = grow(cut(text, sizes))
    _, expected, whole = grow([text])
    assert joined(events) == joined(expected)
    assert (tree.value, tree.view()) == (whole.value, whole.view())


def as_sent(tp: Any, value: Any, dialect: SchemaDialect) -> tuple[str, Codec]:
    """Write a value as a provider would that was sent its form of the schema."""
    schema = schema_of(tp)
    codec = codec_for(schema.schema, dialect)
    plain: JsonValue = msgspec.json.decode(schema.encode(value))
    return msgspec.json.encode(codec.encode(plain)).decode(), codec


@pytest.mark.parametrize("dialect", get_args(SchemaDialect))
@settings(max_examples=80, derandomize=True)
@given(data=st.data(), sizes=cuts)
def test_the_providers_form_is_undone_on_the_way(
    dialect: SchemaDialect, data: st.DataObject, sizes: list[int]
) -> None:
    tp, values = data.draw(kinds)
    value = data.draw(values)
    try:
        text, codec = as_sent(tp, value, dialect)
    except (InvalidInputError, UnsupportedError):
        assume(False)
        return
    views, events, tree = grow(cut(text, sizes), codec)
    _, expected, whole = grow([text], codec)
    assert joined(events) == joined(expected)
    if tree.value is NOTHING:
        return  # a number is shown when the answer has ended
    final = codec.decode(msgspec.json.decode(text))
    assert tree.value == whole.value
    assert views[-1].as_json() == final


NASTY = {
    "a long string": lambda n: '["' + "a" * n,
    "escapes": lambda n: '["' + "\\n" * (n // 2),
    "many items": lambda n: "[" + "1," * (n // 2),
    "many fields": lambda n: "{" + ",".join(f'"{i}":0' for i in range(n // 8)),
    "deep": lambda n: "[" * n,
    "thoughts": lambda n: "<think>" + "{ \n" * (n // 3),
    "thoughts, closed": lambda n: "<think></think>" * (n // 15),
    "prose": lambda n: "so\n" * (n // 3),
    "spaces": lambda n: "[" + " " * n,
    "a long number": lambda n: "[" + "1" * n,
    "pairs of brackets": lambda n: "[" + "[]," * (n // 3),
}


@pytest.mark.parametrize("kind", NASTY)
@pytest.mark.parametrize("size", [1, 1000, 10**7])
def test_a_view_for_every_piece_takes_linear_time(kind: str, size: int) -> None:
    def cost(length: int) -> float:
        text = NASTY[kind](length)
        pieces = cut(text, [size])
        best = float("inf")
        for _ in range(3):
            begun = time.thread_time()
            grow(pieces)
            best = min(best, time.thread_time() - begun)
        return best

    few = 1_000 if size == 1 else 5_000
    assert cost(8 * few) < 24 * cost(few) + 0.02
