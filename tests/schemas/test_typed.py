"""Types become schemas that their values obey, and values come back from JSON."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypedDict, TypeVar

import jsonschema
import msgspec
import pytest

from beluga.errors import InvalidInputError
from beluga.schemas import Parameter, TypeSchema, schema_of, struct_for
from tests.schemas import kinds
from tests.schemas.kinds import VALUES

NAMES = [f"{number}-{getattr(tp, '__name__', tp)}" for number, (tp, _) in enumerate(VALUES)]


@pytest.mark.parametrize(("tp", "value"), VALUES, ids=NAMES)
def test_a_value_obeys_its_schema_and_comes_back(tp: Any, value: Any) -> None:
    known: TypeSchema[Any] = schema_of(tp)
    text = known.encode(value)
    jsonschema.Draft202012Validator.check_schema(known.schema)
    jsonschema.validate(msgspec.json.decode(text), known.schema)
    assert known.decode(text) == value
    assert known.decode(text.decode()) == value
    assert known.convert(msgspec.json.decode(text)) == value
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", known.name)


@pytest.mark.parametrize(("tp", "value"), VALUES, ids=NAMES)
def test_a_schema_is_plain(tp: Any, value: Any) -> None:
    schema = schema_of(tp).schema
    assert "$ref" not in schema
    text = str(schema)
    assert "discriminator" not in text
    for one in _schemas(schema):
        assert "type" in one or not {"enum", "const"} & one.keys()


def _schemas(value: object) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        return [value, *(one for inner in value.values() for one in _schemas(inner))]
    return [one for inner in value for one in _schemas(inner)] if isinstance(value, list) else []


def test_what_was_declared_first_stands_first() -> None:
    assert schema_of(kinds.Color).schema["enum"] == ["white", "blue", "red"]
    assert schema_of(Literal["b", "a"]).schema["enum"] == ["b", "a"]
    assert schema_of(Literal["a", "b"]).schema["enum"] == ["a", "b"]
    film: Any = schema_of(kinds.Film).schema
    assert list(film["properties"]) == ["title", "year", "country", "awards"]
    assert film["required"] == ["title", "country"]


def test_docs_are_descriptions() -> None:
    address: Any = schema_of(kinds.Address).schema
    assert address["description"] == "Where somebody lives."
    assert address["properties"]["zip"] == {"description": "The code, in digits.", "type": "string"}
    assert address["properties"]["number"]["description"] == "The house."
    assert schema_of(kinds.Color).schema["description"] == "A colour of the flag."
    everything: Any = schema_of(kinds.Everything).schema
    assert everything["properties"]["age"] == {"type": "integer", "description": "How old."}
    person: Any = schema_of(kinds.Person).schema
    assert person["properties"]["name"]["description"] == "In full."


def test_constraints_and_formats_are_kept() -> None:
    everything: Any = schema_of(kinds.Everything).schema
    properties = everything["properties"]
    assert properties["whole"] == {"type": "integer", "minimum": 0, "maximum": 9}
    assert properties["real"] == {"type": "number", "exclusiveMinimum": 0, "multipleOf": 0.5}
    assert properties["word"]["pattern"] == "^[a-z]+$"
    assert properties["word"]["maxLength"] == 8
    assert properties["moment"] == {"type": "string", "format": "date-time"}
    assert properties["tags"]["uniqueItems"] is True
    assert properties["tags"]["maxItems"] == 5
    assert properties["maybe"]["default"] is None
    assert "default" not in properties["absent"]


def test_a_type_is_described_once() -> None:
    assert schema_of(kinds.Tree) is schema_of(kinds.Tree)
    assert schema_of(list[int]) is schema_of(list[int])


def test_a_tag_comes_first_and_tells_the_members_of_a_union_apart() -> None:
    schema: Any = schema_of(kinds.Box | kinds.Crate).schema
    box, crate = schema["$defs"]["Box"], schema["$defs"]["Crate"]
    assert next(iter(box["properties"])) == "kind"
    assert box["properties"]["kind"] == {"type": "string", "const": "box"}
    assert list(crate["properties"]) == ["kind", "netWeight"]


class One(msgspec.Struct):
    a: int


class Two(msgspec.Struct):
    b: int


class Untagged(msgspec.Struct):
    either: list[One | Two]


class Outer(msgspec.Struct):
    inner: dict[str, Untagged]


class Odd(msgspec.Struct):
    z: list[complex]


class OddTuple(NamedTuple):
    f: Callable[[], int]


class Missing(TypedDict):
    m: NoSuchThing  # type: ignore[name-defined]  # noqa: F821


class Floats(enum.Enum):
    HALF = 0.5


class Fractions(msgspec.Struct):
    f: Floats


@pytest.mark.parametrize(
    ("tp", "field"),
    [
        (Outer, "Outer.inner{}.either"),
        (Odd, "Odd.z[]"),
        (OddTuple, "OddTuple.f"),
        (Missing, "Missing"),
        (Fractions, "Fractions.f"),
        (complex, "complex"),
        (Generic, "Generic"),
    ],
)
def test_what_json_cannot_say_is_refused_by_the_name_of_its_field(tp: Any, field: str) -> None:
    with pytest.raises(InvalidInputError, match=re.escape(f"{field}: ")):
        schema_of(tp)


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '"\ud800"', b'"\xff"', "", "nul", '{"label":', b"\x80"]
)
@pytest.mark.parametrize("tp", [kinds.Tree, kinds.Person, list[Any]])
def test_what_is_no_json_is_a_decode_error(tp: Any, text: str | bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        schema_of(tp).decode(text)


def test_a_value_that_does_not_fit_is_told_with_its_place() -> None:
    with pytest.raises(msgspec.ValidationError, match=r"\$\.children\[0\]\.label"):
        schema_of(kinds.Tree).decode('{"label": "a", "children": [{"label": 1}]}')
    with pytest.raises(msgspec.ValidationError, match=r"boss\.name"):
        schema_of(kinds.Person).convert(
            {"name": "a", "kind": "person", "boss": {"name": "", "kind": "person"}}
        )
    with pytest.raises(msgspec.ValidationError, match=r"people\[0\]"):
        schema_of(kinds.Team).decode('{"people": [{"name": ""}]}')


def test_parameters_become_a_type() -> None:
    shared = [1, 2]
    made = struct_for(
        "call",
        [
            Parameter("city", str, description="Its name."),
            Parameter("days", list[int], shared),
            Parameter("unit", Annotated[Literal["c", "f"], "Own words."], "c", "Not these."),
            Parameter("limit", int | None, None),
        ],
    )
    schema: Any = made.schema
    assert made.name == "call"
    assert schema["required"] == ["city"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["city"] == {"type": "string", "description": "Its name."}
    assert schema["properties"]["days"]["default"] == [1, 2]
    assert schema["properties"]["unit"]["description"] == "Own words."
    called = msgspec.structs.asdict(made.decode('{"city": "Oslo"}'))
    assert called == {"city": "Oslo", "days": [1, 2], "unit": "c", "limit": None}
    assert called["days"] is shared
    with pytest.raises(msgspec.ValidationError):
        made.convert({"city": "Oslo", "country": "no"})


def test_parameters_that_cannot_be_described_are_refused_by_name() -> None:
    with pytest.raises(InvalidInputError, match=r"call\.z: "):
        struct_for("call", [Parameter("z", complex)])


def test_a_type_variable_is_its_bound() -> None:
    bounded = TypeVar("bounded", bound=int)
    assert schema_of(list[bounded]).schema == {"type": "array", "items": {"type": "integer"}}  # type: ignore[valid-type]
