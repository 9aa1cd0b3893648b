"""A decorated function stays what it was, and a model is told of it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal, Optional, TypedDict

import jsonschema
import msgspec
import pytest
from msgspec import Meta

from beluga import (
    FunctionTool,
    InvalidInputError,
    Tool,
    ToolFailedError,
    ToolSpec,
    run_tools,
    tool,
)
from tests.tools.test_run_tools import asking

if TYPE_CHECKING:
    from decimal import Decimal as OnlyForTypeCheckers


class Place(msgspec.Struct):
    """Where something is.

    Attributes:
        zip: The postal code.
    """

    name: str
    zip: int | None = None


@tool
async def get_weather(city: str, unit: Literal["c", "f"] = "c") -> str:  # noqa: D417
    """Current weather.

    It is asked of a service.

    Args:
        city: Name of the city.

    Returns:
        Words.
    """
    return f"{city} {unit}"


def test_what_a_model_is_told() -> None:
    # Written from the contract's example and the rules of JSON Schema, not from what was made.
    assert get_weather.spec == ToolSpec(
        "get_weather",
        "Current weather.\n\nIt is asked of a service.",
        {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "Name of the city."},
                "unit": {"type": "string", "enum": ["c", "f"], "default": "c"},
            },
            "required": ["city"],
            "additionalProperties": False,
        },
    )
    assert isinstance(get_weather, Tool)
    assert isinstance(get_weather, FunctionTool)
    assert get_weather.spec is get_weather.spec


async def test_it_is_still_the_function() -> None:
    assert await get_weather("Rome", unit="f") == "Rome f"
    assert get_weather.__name__ == "get_weather"
    assert (get_weather.__doc__ or "").startswith("Current weather.")
    assert list(inspect.signature(get_weather).parameters) == ["city", "unit"]

    @tool
    def add(a: int, b: int = 2) -> int:
        return a + b

    assert add(1) == 3


def test_settings() -> None:
    @tool(name="look-up", description="Look it up.", strict=True, timeout=3)
    def look(word: str) -> str:
        """Not this."""
        return word

    assert (look.spec.name, look.spec.description, look.spec.strict) == (
        "look-up",
        "Look it up.",
        True,
    )
    assert look.timeout == 3
    assert tool(look, name="again").spec.name == "again"  # type: ignore[call-overload]
    assert tool(name="again")(look).spec.description == "Not this."


async def test_every_kind_of_parameter() -> None:
    seen: list[object] = []

    @tool
    def record(
        a: int,
        b: Annotated[int, Meta(ge=0, description="Bee.")] = 3,
        /,
        c: str = "c",
        *,
        place: Place,
        when: date = date(2026, 1, 2),
        tags: list[str] = ["x"],  # noqa: B006 - what a function has, its tool has
        maybe: Optional[float] = None,  # noqa: UP045 - both spellings are in use
    ) -> None:
        seen.append((a, b, c, place, when, tags, maybe))

    properties = record.spec.parameters["properties"]
    assert isinstance(properties, dict)
    assert list(properties) == ["a", "b", "c", "place", "when", "tags", "maybe"]
    assert properties["b"] == {
        "type": "integer",
        "minimum": 0,
        "description": "Bee.",
        "default": 3,
    }
    assert record.spec.parameters["required"] == ["a", "place"]
    jsonschema.Draft202012Validator.check_schema(dict(record.spec.parameters))


@tool
async def kinds(
    a: int, b: int = 3, /, c: str = "c", *, place: Place, when: date = date(2026, 1, 2)
) -> object:
    return (a, b, c, place, when)


async def test_what_is_left_out_has_its_default() -> None:
    given = {"a": 1, "place": {"name": "Rome", "zip": 9}}
    assert await kinds.invoke(given) == (1, 3, "c", Place("Rome", 9), date(2026, 1, 2))
    given |= {"b": 0, "c": "d", "when": "2020-02-03"}
    assert await kinds.invoke(given) == (1, 0, "d", Place("Rome", 9), date(2020, 2, 3))


class Options(TypedDict):
    deep: bool


@dataclass
class Box:
    width: int


async def test_arguments_arrive_as_their_types() -> None:
    @tool
    async def take(box: Box, options: Options, either: Place | int) -> object:
        return (box, options, either)

    given = {"box": {"width": 2}, "options": {"deep": True}, "either": {"name": "x"}}
    assert await take.invoke(given) == (Box(2), {"deep": True}, Place("x"))


async def test_models_of_pydantic_come_and_go() -> None:
    pydantic = pytest.importorskip("pydantic")

    class Order(pydantic.BaseModel):  # type: ignore[name-defined, misc]
        sku: str
        amount: int = pydantic.Field(ge=1)

    @tool
    async def double(order: Order) -> Order:
        assert isinstance(order, Order)
        return Order(sku=order.sku, amount=order.amount * 2)

    good, bad = ({"order": {"sku": "a", "amount": n}} for n in (2, 0))
    answers = await run_tools(asking(("double", good), ("double", bad)), [double])
    assert answers[0].text == '{"sku":"a","amount":4}'
    assert answers[1].is_error
    assert "/order/amount" in answers[1].text


# Methods.


class Station:
    def __init__(self, name: str) -> None:
        self.name = name

    @tool
    async def read(self, sensor: Later) -> str:
        """Read a sensor."""
        return f"{self.name} {sensor.number}"

    @staticmethod
    @tool
    async def count(start: int) -> int:
        return start + 1


class Later(msgspec.Struct):
    """Defined after its use."""

    number: int


async def test_methods_are_tools_of_their_instance() -> None:
    north, south = Station("north"), Station("south")
    assert north.read.spec.name == "read"
    assert "self" not in north.read.spec.parameters["properties"]
    assert await north.read.invoke({"sensor": {"number": 1}}) == "north 1"
    assert await south.read.invoke({"sensor": {"number": 2}}) == "south 2"
    assert await south.read(Later(3)) == "south 3"
    assert await Station.read(south, Later(3)) == "south 3"
    assert await Station.count.invoke({"start": 1}) == 2
    with pytest.raises(InvalidInputError, match="from an instance"):
        _ = Station.read.spec
    with pytest.raises(InvalidInputError, match="no instance"):
        await Station.read.invoke({"sensor": {"number": 1}})


async def test_bound_methods_partials_and_objects_are_functions_too() -> None:
    class Adder:
        def __init__(self) -> None:
            self.base = 1

        async def add(self, a: int) -> int:
            """Add."""
            return self.base + a

        async def __call__(self, a: int) -> int:
            """Call."""
            return 10 + a

    bound = tool(Adder().add)
    assert (bound.spec.name, bound.spec.description) == ("add", "Add.")
    assert await bound.invoke({"a": 2}) == 3
    called = tool(name="called")(Adder())
    assert called.spec.description == "Call."
    assert await called.invoke({"a": 2}) == 12
    fixed = tool(functools.partial(get_weather, unit="f"))
    assert list(fixed.spec.parameters["properties"]) == ["city"]
    assert await fixed.invoke({"city": "Rome"}) == "Rome f"
    with pytest.raises(ToolFailedError, match="/unit: there is no such parameter"):
        await fixed.invoke({"city": "Rome", "unit": "c"})  # what is bound, no model chooses


async def test_wrapped_functions_keep_their_signature() -> None:
    def twice(inner: Callable[..., object]) -> Callable[..., object]:
        @functools.wraps(inner)
        async def outer(*args: object, **kwargs: object) -> object:
            return [await inner(*args, **kwargs)] * 2

        return outer

    @tool
    @twice
    async def say(word: str) -> str:
        """Say."""
        return word

    assert say.spec.parameters["required"] == ["word"]
    assert await say.invoke({"word": "x"}) == ["x", "x"]


# Annotations.


def test_types_of_the_enclosing_function_are_found() -> None:
    class Local(msgspec.Struct):
        x: int

    @tool
    async def use(local: Local) -> None: ...

    assert "Local" in use.spec.parameters["$defs"]


async def test_the_type_of_the_result_need_not_exist() -> None:
    @tool
    async def half(n: int) -> OnlyForTypeCheckers | float:
        return n / 2

    assert half.spec.parameters["required"] == ["n"]
    (answer,) = await run_tools(asking(("half", {"n": 3})), [half])
    assert answer.text == "1.5"


async def test_a_type_that_is_nowhere() -> None:
    @tool
    async def use(n: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(InvalidInputError, match=r"use: name 'Nowhere' is not defined"):
        _ = use.spec
    with pytest.raises(InvalidInputError, match="Nowhere"):
        await run_tools(asking(), [use])


# What cannot be a tool.


def many(*words: str) -> None: ...
def named(**words: str) -> None: ...
def untyped(word) -> None: ...  # type: ignore[no-untyped-def]
def strange(handle: Callable[[], int]) -> None: ...
def größe(word: str) -> None: ...  # noqa: PLC2401 - a name that Python takes
def generator(n: int) -> Iterator[int]:
    yield n


async def async_generator(n: int) -> AsyncIterator[int]:
    yield n


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (many, r"takes \*words"),
        (named, r"takes \*\*words"),
        (untyped, "'word' has no type"),
        (strange, "handle"),
        (größe, "no name for a tool"),
        (lambda: None, "no name for a tool"),
        (generator, "is a generator"),
        (async_generator, "is a generator"),
        (3, "takes a function; got int"),
        (print, r"takes \*args"),
        (staticmethod(many), "below @staticmethod"),
        (classmethod(many), "below @classmethod"),
    ],
)
def test_what_cannot_be_a_tool_says_why_at_once(function: object, says: str) -> None:
    with pytest.raises(InvalidInputError, match=says):
        tool(function)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "settings", [{"timeout": 0}, {"timeout": -1}, {"name": ""}, {"name": "a b"}]
)
def test_wrong_settings(settings: dict[str, object]) -> None:
    def fine(word: str) -> None: ...

    with pytest.raises(InvalidInputError):
        tool(**settings)(fine)  # type: ignore[call-overload]
