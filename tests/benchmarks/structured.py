"""What a value costs: decoded whole, beside pydantic's decoder, and watched while it comes.

`python -m tests.benchmarks.structured [turns]` prints these figures alone.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import anyio
import msgspec
from pydantic import BaseModel

from beluga.schema import Finish, StreamChunk, TextDelta
from beluga.schemas import codec_for, schema_of
from beluga.structured import StructuredOutput
from beluga.structured.reading import JsonReader
from beluga.structured.tree import Tree
from beluga.structured.undoing import Undoing
from beluga.structured.wanted import Wanted
from beluga.testing import ScriptedModel

__all__ = ["decoding", "main", "watching"]

CUT = 16


class Item(msgspec.Struct):
    sku: str
    title: str
    quantity: int
    price: float
    notes: str | None = None


class Order(msgspec.Struct):
    number: str
    customer: str
    items: list[Item]


class PlainItem(BaseModel):
    sku: str
    title: str
    quantity: int
    price: float
    notes: str | None = None


class PlainOrder(BaseModel):
    number: str
    customer: str
    items: list[PlainItem]


def order(items: int) -> str:
    made = [
        Item(f"sku-{i}", f"A thing of the kind {i}", i % 9, i * 1.5, None) for i in range(items)
    ]
    return msgspec.json.encode(Order("2026-11", "Ann", made)).decode()


def decoding(turns: int) -> dict[str, float]:
    """Return CPU microseconds to decode a typical answer, an order of 20 items, in several ways."""
    text = order(20)
    wanted: Wanted[Order] = Wanted(schema_of(Order))
    fenced = f"Here you are:\n```json\n{text}\n```"
    nearly = text.replace("null", "None")
    sent = codec_for(wanted.schema.schema, "openai").encode(msgspec.json.decode(text))
    in_form = msgspec.json.encode(sent).decode()
    ways: dict[str, Callable[[], object]] = {
        "as it is": lambda: wanted.read(text, ["plain"]),
        "in OpenAI's form": lambda: wanted.read(in_form, ["openai"]),
        "in a fence": lambda: wanted.read(fenced, ["plain"]),
        "mended": lambda: wanted.read(nearly, ["plain"]),
        "pydantic": lambda: PlainOrder.model_validate_json(text),
        "msgspec alone": lambda: msgspec.json.decode(text, type=Order),
    }
    return {name: _microseconds(way, turns, 300) for name, way in ways.items()}


async def watching(turns: int) -> dict[str, float]:
    """Return CPU microseconds for a piece of 16 characters of an answer that is watched."""
    found: dict[str, float] = {}
    for kilobytes in (10, 50, 200):
        text = order(kilobytes * 11)
        pieces = [text[at : at + CUT] for at in range(0, len(text), CUT)]

        def read(pieces: list[str] = pieces) -> None:
            tree = Tree(told=False)
            reader = JsonReader(Undoing(tree, codec_for({}, "plain")))
            for piece in pieces:
                reader.feed(piece)
                tree.view()

        found[f"{len(text) // 1000} kB, parser"] = _microseconds(read, turns, 1) / len(pieces)
        found[f"{len(text) // 1000} kB, stream"] = await _streamed(pieces, turns)
    return found


async def _streamed(pieces: list[str], turns: int) -> float:
    """Take the stream of values, less the stream of chunks below it."""
    reply: list[StreamChunk] = [*map(TextDelta, pieces), Finish("stop")]
    times: list[float] = []
    for _ in range(turns):
        model = ScriptedModel([reply, reply])
        begun = time.thread_time()
        async with model.stream("Which?") as chunks:
            async for _chunk in chunks:
                pass
        between = time.thread_time()
        async with StructuredOutput(model, Order).stream("Which?") as stream:
            async for _view in stream:
                pass
        times.append((time.thread_time() - between) - (between - begun))
    return statistics.median(times) / len(pieces) * 1e6


def _microseconds(work: Callable[[], object], turns: int, number: int) -> float:
    work()
    times: list[float] = []
    for _ in range(turns):
        begun = time.thread_time()
        for _ in range(number):
            work()
        times.append((time.thread_time() - begun) / number)
    return statistics.median(times) * 1e6


def main() -> None:
    """Measure, and print a table."""
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print("decoding an order of 20 items")
    for name, microseconds in decoding(turns).items():
        print(f"  {name:<18} {microseconds:9.1f} µs")
    for backend in ("asyncio", "trio"):
        print(f"watching an order come in pieces of {CUT} characters, {backend}, for a piece")
        for name, microseconds in anyio.run(watching, turns, backend=backend).items():
            print(f"  {name:<18} {microseconds:9.1f} µs")


if __name__ == "__main__":
    main()
