"""Random types, each with a strategy for its values."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import uuid
from typing import Annotated, Any, Literal, NamedTuple, NotRequired, TypedDict

import msgspec
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

Kind = tuple[Any, SearchStrategy[Any]]
"""A type, and a strategy for its values."""

names = st.text("abcdefgh_", min_size=1, max_size=5).map(lambda name: f"n{name}")
words = st.text(max_size=6)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | words,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
    max_leaves=4,
)
finite = st.floats(allow_nan=False, allow_infinity=False)
_UTC = st.just(dt.UTC)

SCALARS: list[Kind] = [
    (bool, st.booleans()),
    (int, st.integers(-(2**53), 2**53)),
    (float, finite),
    (str, words),
    (bytes, st.binary(max_size=6)),
    (Any, json_values),
    (dt.datetime, st.datetimes(timezones=_UTC)),
    (dt.date, st.dates()),
    (dt.time, st.times()),
    (dt.timedelta, st.timedeltas()),
    (uuid.UUID, st.uuids()),
    (decimal.Decimal, st.decimals(allow_nan=False, allow_infinity=False)),
    (Annotated[int, msgspec.Meta(ge=0, lt=10)], st.integers(0, 9)),
    (Annotated[float, msgspec.Meta(gt=0)], st.floats(0.5, 9)),
    (Annotated[str, msgspec.Meta(min_length=1, max_length=3)], st.text(min_size=1, max_size=3)),
    (Annotated[str, msgspec.Meta(pattern="^a+$", description="Some a.")], st.just("aa")),
]
_KEYS: list[Kind] = [(str, words), (int, st.integers(-9, 9)), (dt.date, st.dates())]


@st.composite
def choices(draw: st.DrawFn) -> Kind:
    values = draw(st.lists(words, min_size=1, max_size=4, unique=True))
    if draw(st.booleans()):
        return Literal[tuple(values)], st.sampled_from(values)
    members = {f"M{number}": value for number, value in enumerate(values)}
    cls = enum.Enum("Choice", members)  # type: ignore[misc]  # made at run time
    return cls, st.sampled_from(list(cls))


def nested(inner: SearchStrategy[Kind]) -> SearchStrategy[Kind]:
    return st.one_of(
        inner.map(lambda kind: (kind[0] | None, st.none() | kind[1])),
        inner.map(lambda kind: (list[kind[0]], st.lists(kind[1], max_size=3))),  # type: ignore[name-defined]
        maps(inner),
        st.lists(inner, max_size=3).map(fixed_tuple),
        structs(inner),
        records(inner),
        unions(inner),
    )


@st.composite
def maps(draw: st.DrawFn, inner: SearchStrategy[Kind]) -> Kind:
    key, keys = draw(st.sampled_from(_KEYS))
    value, values = draw(inner)
    return dict[key, value], st.dictionaries(keys, values, max_size=3)


def fixed_tuple(kinds: list[Kind]) -> Kind:
    types = tuple(kind[0] for kind in kinds)
    return tuple[types], st.tuples(*(kind[1] for kind in kinds))  # type: ignore[return-value]


@st.composite
def structs(draw: st.DrawFn, inner: SearchStrategy[Kind], tag: str | None = None) -> Kind:
    fields: list[Any] = []
    values: dict[str, SearchStrategy[Any]] = {}
    for name in draw(st.lists(names, max_size=3, unique=True)):
        tp, strategy = draw(inner)
        values[name] = strategy
        match draw(st.sampled_from(["required", "default", "null", "unset"])):
            case "required":
                fields.append((name, tp))
            case "default":
                fields.append((name, tp, msgspec.field(default_factory=lambda s=strategy: None)))
            case "null":
                fields.append((name, tp | None, None))
                values[name] = st.none() | strategy
            case _:
                fields.append((name, tp | msgspec.UnsetType, msgspec.UNSET))
                values[name] = st.just(msgspec.UNSET) | strategy
    cls = msgspec.defstruct("Made", fields, kw_only=True, tag=tag)
    return cls, st.builds(cls, **values)


@st.composite
def records(draw: st.DrawFn, inner: SearchStrategy[Kind]) -> Kind:
    kinds = {name: draw(inner) for name in draw(st.lists(names, max_size=3, unique=True))}
    types = {name: kind[0] for name, kind in kinds.items()}
    values = {name: kind[1] for name, kind in kinds.items()}
    match draw(st.sampled_from(["dataclass", "typed dict", "named tuple"])):
        case "dataclass":
            made: Any = dataclasses.make_dataclass("Data", types.items())
            return made, st.builds(made, **values)
        case "named tuple":
            made = NamedTuple("Place", list(types.items()))  # type: ignore[misc]
            return made, st.builds(made, **values)
        case _:
            made = TypedDict(  # type: ignore[misc]
                "Keys", {name: NotRequired[tp] for name, tp in types.items()}
            )
            return made, st.fixed_dictionaries({}, optional=values)


@st.composite
def unions(draw: st.DrawFn, inner: SearchStrategy[Kind]) -> Kind:
    members = [draw(structs(inner, tag=f"t{number}")) for number in range(draw(st.integers(1, 3)))]
    extra: list[Kind] = [(int, st.integers(-9, 9)), (str, words), (None, st.none())]
    item, items = draw(inner)
    extra.append((list[item], st.lists(items, max_size=2)))  # type: ignore[valid-type]
    members += draw(
        st.lists(st.sampled_from(extra), max_size=3, unique_by=lambda kind: str(kind[0]))
    )
    union: Any = members[0][0]
    for member, _ in members[1:]:
        union |= member
    return union, st.one_of([values for _, values in members])


kinds: SearchStrategy[Kind] = st.recursive(
    st.sampled_from(SCALARS) | choices(), nested, max_leaves=6
)
