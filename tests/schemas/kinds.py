"""Types of every kind that an answer may have, with a value of each and what says it in JSON."""

from __future__ import annotations

import collections.abc
import datetime as dt
import decimal
import enum
import uuid
from dataclasses import dataclass, field
from typing import (
    Annotated,
    Any,
    Final,
    Generic,
    Literal,
    NamedTuple,
    NewType,
    NotRequired,
    Required,
    TypedDict,
    TypeVar,
)

import msgspec
from pydantic import BaseModel, Field

T = TypeVar("T")
Age = NewType("Age", int)


class Color(enum.Enum):
    """A colour of the flag."""

    WHITE = "white"
    BLUE = "blue"
    AZURE = "blue"  # noqa: PIE796 - another name for the same value
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3
    LOW = 1


class Address(msgspec.Struct, tag=True):
    """Where somebody lives.

    Attributes:
        zip: The code,
            in digits.
        number: Not this text.
    """

    zip: str
    number: Annotated[int, msgspec.Meta(ge=1, description="The house.")] = 1


class Box(msgspec.Struct, tag="box", tag_field="kind"):
    po: int


class Crate(msgspec.Struct, tag="crate", tag_field="kind", rename="camel"):
    net_weight: float


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    a: int


class Row(msgspec.Struct, array_like=True):
    left: int
    right: str | None = None


class Point(NamedTuple):
    x: float
    y: float = 0.0


class Movie(TypedDict):
    title: str
    year: NotRequired[int]


class Film(Movie, total=False):
    country: Required[str]
    awards: list[str]


@dataclass
class Pair(Generic[T]):
    left: T
    right: list[T] = field(default_factory=list)


class IntPair(Pair[int]):
    pass


class Page(msgspec.Struct, Generic[T]):
    items: list[T]
    by_color: dict[Color, T] = {}


class Tree(msgspec.Struct):
    label: str
    children: list[Tree] = []
    parent: Tree | None = None


class Person(BaseModel):
    """Somebody."""

    name: str = Field(description="In full.", min_length=1)
    kind: Literal["person"]
    boss: Person | None = None


class Team(msgspec.Struct):
    people: list[Person]


class Everything(msgspec.Struct):
    flag: bool
    nothing: None
    whole: Annotated[int, msgspec.Meta(ge=0, le=9)]
    real: Annotated[float, msgspec.Meta(gt=0, multiple_of=0.5)]
    word: Annotated[str, msgspec.Meta(min_length=1, max_length=8, pattern="^[a-z]+$")]
    raw: bytes
    moment: dt.datetime
    local: Annotated[dt.datetime, msgspec.Meta(tz=False)]
    day: dt.date
    hour: dt.time
    while_: dt.timedelta = msgspec.field(name="while")
    id: uuid.UUID
    price: decimal.Decimal
    age: Annotated[Age, "How old."]
    anything: Any
    open: object
    choice: Literal["b", "a", 1, None]  # noqa: PYI061 - null among the values is meant
    either: int | str | list[int]
    tags: Annotated[set[str], msgspec.Meta(max_length=5)]
    pairs: tuple[int, str]
    empty: tuple[()]
    many: tuple[int, ...]
    table: dict[int, float]
    words: collections.abc.Mapping[str, collections.abc.Sequence[str]]
    maybe: int | None = None
    absent: int | msgspec.UnsetType = msgspec.UNSET


EVERYTHING: Final = Everything(
    flag=True,
    nothing=None,
    whole=3,
    real=1.5,
    word="abc",
    raw=b"\x00\xff",
    moment=dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
    local=dt.datetime(2026, 1, 2, 3, 4, 5),  # noqa: DTZ001 - one without is meant
    day=dt.date(2026, 1, 2),
    hour=dt.time(3, 4, 5, tzinfo=dt.UTC),
    while_=dt.timedelta(hours=1),
    id=uuid.UUID(int=7),
    price=decimal.Decimal("1.50"),
    age=Age(40),
    anything={"a": [1, None]},
    open=[1],
    choice="a",
    either=[1],
    tags={"x"},
    pairs=(1, "a"),
    empty=(),
    many=(1, 2),
    table={-1: 0.5},
    words={"a": ["b"]},
)

VALUES: Final[list[tuple[Any, Any]]] = [
    (Everything, EVERYTHING),
    (Address, Address("1", 2)),
    (Box | Crate, Crate(1.5)),
    (list[Box | Crate | None], [Box(1), None]),
    (Strict, Strict(1)),
    (Row, Row(1, "a")),
    (Point, Point(1.0)),
    (Film, {"title": "a", "country": "b"}),
    (Pair[str], Pair("a", ["b"])),
    (IntPair, IntPair(1, [2])),
    (Page[Point], Page([Point(1.0, 2.0)], {Color.RED: Point(0.0)})),
    (Tree, Tree("a", [Tree("b", parent=Tree("c"))])),
    (Person, Person(name="a", kind="person", boss=Person(name="b", kind="person"))),
    (Team, Team([Person(name="a", kind="person")])),
    (dict[Level, int], {Level.LOW: 1}),
    (Color, Color.AZURE),
    (Literal["b", "a"], "b"),
    (int | None, None),
    (str, "a"),
    (list[Any], [1, {"a": None}]),
]
