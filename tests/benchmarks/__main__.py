"""Print every figure: `python -m tests.benchmarks [turns]`."""

from __future__ import annotations

import sys

import anyio

from tests.benchmarks import (
    calls,
    context,
    counting,
    first_content,
    guarding,
    middleware,
    start_up,
    streaming,
    structured,
    tools,
)
from tests.benchmarks.measure import Figure
from tests.benchmarks.server import running_server


def main() -> None:
    """Measure, and print a table."""
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    print("CPU time beside raw httpx in the same run; ratio: median (lowest to highest)\n")
    with running_server(streaming.EVENTS) as base_url:
        for backend in ("asyncio", "trio"):
            _show(
                f"stream of {streaming.EVENTS} events, {backend}, for an event",
                anyio.run(streaming.measure, base_url, turns, backend=backend),
            )
        for at_once, number in ((1, 200), (32, 320), (256, 256)):
            for backend in ("asyncio", "trio"):

                async def run(at_once: int = at_once, number: int = number) -> dict[str, Figure]:
                    return await calls.measure(base_url, turns, calls=number, at_once=at_once)

                _show(f"calls, {at_once} at once, {backend}", anyio.run(run, backend=backend))
    with running_server(first_content.EVENTS) as base_url:
        for backend in ("asyncio", "trio"):
            _show(
                f"first content on a warm connection, {backend}, by the clock",
                anyio.run(first_content.measure, base_url, turns, backend=backend),
            )
    for backend in ("asyncio", "trio"):
        _show(
            f"middleware, {backend}, for a call, beside a call of a model that costs nothing",
            anyio.run(middleware.measure_calls, turns, backend=backend),
        )
        _show(
            f"middleware, {backend}, for a batch of {middleware.BATCHES}, likewise",
            anyio.run(middleware.measure_batches, turns, backend=backend),
        )
        _show(
            f"guarding middleware, {backend}, for a call, likewise",
            anyio.run(guarding.measure_calls, turns, backend=backend),
        )
        _show(
            f"guarding middleware, {backend}, for a batch of {middleware.BATCHES}, likewise",
            anyio.run(guarding.measure_batches, turns, backend=backend),
        )
    print(f"fitting {context.MESSAGES} messages to {context.BUDGET} tokens: new; one turn later")
    for strategy, (cold, warm) in anyio.run(context.measure, turns).items():
        print(f"  {strategy:<12} {cold:9.2f} ms  {warm:9.2f} ms")
    print(f"counting: {counting.speed(turns):.1f} million characters a second of CPU")
    for backend in ("asyncio", "trio"):
        print(f"the longest wait of another task while a megabyte is counted, {backend}")
        for name, milliseconds in anyio.run(counting.lags, turns, backend=backend).items():
            print(f"  {name:<24} {milliseconds:6.1f} ms")
    print("tools")
    tools.show(turns)
    print("decoding an order of 20 items")
    for name, microseconds in structured.decoding(turns).items():
        print(f"  {name:<18} {microseconds:9.1f} µs")
    for backend in ("asyncio", "trio"):
        print(f"watching an order in pieces of {structured.CUT} characters, {backend}, for a piece")
        for name, microseconds in anyio.run(structured.watching, turns, backend=backend).items():
            print(f"  {name:<18} {microseconds:9.1f} µs")
    print("import, beside the import of what it stands on")
    for code, ratio in start_up.measure(turns).items():
        print(f"  {code:<66} {ratio:5.2f}")


def _show(title: str, figures: dict[str, Figure]) -> None:
    print(title)
    for name, figure in figures.items():
        print(
            f"  {name:<12} {figure.microseconds:9.2f} µs  "
            f"{figure.ratio:5.2f} ({figure.low:.2f} to {figure.high:.2f})"
        )


if __name__ == "__main__":
    main()
