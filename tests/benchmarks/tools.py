"""What it costs to check and run a model's calls, in microseconds of processor time.

`python -m tests.benchmarks.tools [turns]` prints these figures alone.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

import anyio
import msgspec

from beluga import (
    AIMessage,
    JsonValue,
    Tool,
    ToolCall,
    ToolFailedError,
    ToolLoop,
    ToolSpec,
    run_tools,
    tool,
)
from beluga.testing import ScriptedModel
from beluga.tools import tool_from_schema

__all__ = ["main", "measure", "show"]

NUMBER = 300


class Item(msgspec.Struct):
    """One line of an order."""

    sku: str
    amount: int
    price: float


async def weather(city: str, unit: Literal["c", "f"] = "c") -> str:
    """Current weather.

    Args:
        city: Name of the city.
        unit: Of the temperature.
    """
    return f"{city}, {unit}"


async def order(items: list[Item], express: bool = False) -> str:
    """Order."""
    return f"{len(items)} {express}"


async def handle(arguments: dict[str, JsonValue]) -> str:
    return "done"


SMALL = '{"city": "Tadoussac", "unit": "f"}'
LARGE = msgspec.json.encode(
    {"items": [{"sku": f"a{i}", "amount": i, "price": i / 4} for i in range(20)], "express": True}
).decode()


def call(name: str, arguments: str, number: int = 0) -> ToolCall:
    return ToolCall(f"c{number}", name, arguments)


async def measure(turns: int) -> dict[str, float]:
    """Return microseconds of each piece of work, the median of *turns*."""
    small, large = tool(weather), tool(order)
    foreign = {
        "small": tool_from_schema(ToolSpec("weather", "", small.spec.parameters), handle),
        "large": tool_from_schema(ToolSpec("order", "", large.spec.parameters), handle),
    }
    work: dict[str, Callable[[], Awaitable[object]]] = {
        "make a tool of a function": lambda: _make(weather),
        "parse and check a call's two arguments, typed": lambda: _checked(small, SMALL),
        "the same by a JSON Schema": lambda: foreign["small"].invoke(call("", SMALL).parse()),
        "parse and check 20 items, typed": lambda: _checked(large, LARGE),
        "the same by a JSON Schema ": lambda: foreign["large"].invoke(call("", LARGE).parse()),
        "say what is wrong with two arguments": lambda: _refused(small),
        "run_tools, one call": lambda: run_tools(AIMessage((call("weather", SMALL),)), [small]),
        "run_tools, ten calls": lambda: run_tools(
            AIMessage(tuple([call("weather", SMALL, i) for i in range(10)])), [small]
        ),
        "ToolLoop, two steps": lambda: _loop(small),
    }
    return {name: await _microseconds(one, turns) for name, one in work.items()}


async def _make(function: Callable[..., Awaitable[str]]) -> object:
    return tool(function).spec


async def _checked(made: Tool, arguments: str) -> object:
    return await made.invoke(call("", arguments).parse())


async def _refused(made: Tool) -> None:
    wrong: Mapping[str, JsonValue] = {"city": 3, "unit": "k"}
    try:
        await made.invoke(wrong)
    except ToolFailedError:
        return
    raise AssertionError("it was taken")


async def _loop(made: Tool) -> None:
    model = ScriptedModel([AIMessage((call("weather", SMALL),)), "It snows."])
    await ToolLoop(model, [made]).generate("Hi")


async def _microseconds(work: Callable[[], Awaitable[object]], turns: int) -> float:
    times: list[float] = []
    for _ in range(turns + 1):
        start = time.process_time()
        for _ in range(NUMBER):
            await work()
        times.append((time.process_time() - start) / NUMBER * 1e6)
    return statistics.median(times[1:])


def show(turns: int) -> None:
    """Measure, and print a table."""
    columns = {b: anyio.run(measure, turns, backend=b) for b in ("asyncio", "trio")}
    print(f"{'':<48}{'asyncio':>10}{'trio':>10}   µs")
    for name in columns["asyncio"]:
        print(f"  {name.strip():<46}{columns['asyncio'][name]:10.1f}{columns['trio'][name]:10.1f}")


def main() -> None:
    """Print the figures of tools alone."""
    show(int(sys.argv[1]) if len(sys.argv) > 1 else 5)


if __name__ == "__main__":
    main()
