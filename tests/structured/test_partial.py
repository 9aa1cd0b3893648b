"""Views of what is not complete."""

from __future__ import annotations

import copy
import pickle

import msgspec
import pytest

from beluga.schemas import codec_for, schema_of
from beluga.structured.declared import Declared
from beluga.structured.partial import Partial
from beluga.structured.reading import JsonReader
from beluga.structured.tree import Tree
from beluga.structured.undoing import Undoing


class Address(msgspec.Struct):
    city: str
    zip: str = ""


class Person(msgspec.Struct):
    name: str
    age: int
    address: Address | None = None
    tags: list[str] = []
    notes: dict[str, str] = {}


SCHEMA = schema_of(Person).schema


def view(text: str) -> Partial[object]:
    tree = Tree(told=False)
    JsonReader(Undoing(tree, codec_for(SCHEMA, "plain"))).feed(text)
    return tree.view(Declared([SCHEMA], SCHEMA))


def test_every_field_may_be_missing() -> None:
    empty = view("")
    assert (empty.name, empty["age"], empty.address, len(empty)) == (None, None, None, 0)
    assert not empty.is_complete
    assert empty.as_json() is None
    assert repr(empty) == "Partial()"


def test_strings_are_shown_as_far_as_they_have_come_and_numbers_when_complete() -> None:
    begun = view('{"name": "An')
    assert (begun.name, begun.age) == ("An", None)
    assert view('{"name": "Ann", "age": 3').age is None
    assert view('{"name": "Ann", "age": 3,').age == 3


def test_a_view_goes_as_deep_as_the_value() -> None:
    deep = view('{"address": {"city": "Ber')
    assert isinstance(deep.address, Partial)
    assert (deep.address.city, deep.address.zip) == ("Ber", None)
    assert not deep.address.is_complete
    tags = view('{"tags": ["a", "b').tags
    assert isinstance(tags, Partial)
    assert (len(tags), tags[0], tags[-1], list(tags), "a" in tags) == (
        2,
        "a",
        "b",
        ["a", "b"],
        True,
    )
    with pytest.raises(IndexError):
        _ = tags[2]


def test_names_of_an_object_are_iterated_over() -> None:
    seen = view('{"name": "Ann", "age": 3, "no')
    assert (list(seen), "age" in seen, "notes" in seen) == (["name", "age"], True, False)


def test_a_misspelt_field_is_no_missing_one() -> None:
    with pytest.raises(AttributeError, match="'nmae'"):
        _ = view("").nmae
    notes = view('{"notes": {"nmae": "x').notes
    assert isinstance(notes, Partial)
    assert notes.nmae == "x"
    assert notes.other is None
    with pytest.raises(AttributeError):
        getattr(view('{"tags": []').tags, "name")  # noqa: B009  # mypy knows that it may be None
    with pytest.raises(TypeError):
        _ = view('{"tags": []')[0]


def test_a_view_does_not_change_while_more_comes() -> None:
    tree = Tree(told=False)
    reader = JsonReader(Undoing(tree, codec_for(SCHEMA, "plain")))
    text = '{"name": "Ann", "tags": ["a", "bc"], "notes": {"k": "v"}}'
    kept: list[tuple[Partial[object], str]] = []
    for character in text:
        reader.feed(character)
        now = tree.view()
        kept.append((now, repr(now)))
    assert [repr(now) for now, _ in kept] == [said for _, said in kept]
    assert kept[-1][0].is_complete
    half = kept[text.index("bc")][0]
    assert (half["tags"], half["notes"], "notes" in half) == (
        view('{"tags": ["a", "b').tags,
        None,
        False,
    )


def test_a_view_is_no_value() -> None:
    with pytest.raises(TypeError):
        msgspec.json.encode(view("{}"))
    assert not isinstance(view("{}"), Person)
    assert view("{}") != Person("Ann", 3)
    with pytest.raises(TypeError):
        hash(view("{}"))


def test_views_are_equal_if_they_show_the_same() -> None:
    assert view('{"name": "A') == view('{"name":"A')
    assert view('{"name": "A"') != view('{"name": "A"}')
    assert view("") != view("{}")
    assert view('{"name": "A') == copy.copy(view('{"name": "A'))
    assert pickle.loads(pickle.dumps(view('{"name": "A'))).name == "A"
