"""What each middleware adds to a call and to a streamed batch of a model that costs nothing.

`python -m tests.benchmarks.middleware [turns]` prints these figures alone.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence

import anyio

from beluga.context import ContextManager, with_context
from beluga.effects import Effects
from beluga.hooks import Hooks, Middleware, with_hooks
from beluga.middleware import with_breaker, with_fallback, with_hedge, with_retry, with_timeout
from beluga.model import ChatModel
from beluga.routing import FailoverChain, Router
from beluga.schema import Emission, Finish, Request, TextDelta
from tests.benchmarks.measure import Figure, Program, ratios

CALLS = 2_000
BATCHES = 20_000


class _Free(ChatModel):
    """Emit batches that are made beforehand, and wait for nothing."""

    def __init__(self, batches: int) -> None:
        self._batches: list[Sequence[Emission]] = [(TextDelta("word "),)] * batches

    @property
    def model_id(self) -> str:
        return "free"

    async def respond(self, request: Request, fx: Effects) -> Finish:
        for batch in self._batches:
            await fx.emit(batch)
        return Finish("stop")


def _nothing(value: object) -> None:
    pass


def _all() -> dict[str, Middleware]:
    """Return every middleware, set up so that nothing ever happens."""
    return {
        "retry": with_retry(),
        "fallback": with_fallback(_Free(0)),
        "router": lambda model: Router([model, _Free(0)], FailoverChain()),
        "timeout": with_timeout(60),
        "breaker": with_breaker(),
        "hedge, off": with_hedge(30.0, budget=1e-6),
        "hedge": with_hedge(30.0, budget=1.0),
        "hooks": with_hooks(Hooks(after_generate=_nothing, on_stream=_nothing)),
        "context": with_context(ContextManager(budget=10_000)),
    }


async def measure_calls(
    turns: int, middleware: Mapping[str, Middleware] | None = None
) -> dict[str, Figure]:
    """Return CPU microseconds for a call, beside a call of the bare model."""

    def program(model: ChatModel) -> Program:
        async def run() -> int:
            for _ in range(CALLS):
                await model.generate("Hi")
            return CALLS

        return run

    return await _measure(program, _Free(1), middleware, turns)


async def measure_batches(
    turns: int, middleware: Mapping[str, Middleware] | None = None
) -> dict[str, Figure]:
    """Return CPU microseconds for a batch of a stream, beside those of the bare model."""

    def program(model: ChatModel) -> Program:
        async def run() -> int:
            async with model.stream("Hi") as chunks:
                async for _ in chunks:
                    pass
            return BATCHES

        return run

    return await _measure(program, _Free(BATCHES), middleware, turns)


def show(title: str, figures: Mapping[str, Figure]) -> None:
    """Print what each middleware adds to the bare model's time, in microseconds."""
    bare = figures["reference"].microseconds
    print(f"{title}: {bare:.2f} µs bare")
    for name, figure in figures.items():
        if name != "reference":
            print(f"  {name:<12} {figure.microseconds - bare:+8.2f} µs")


def main() -> None:
    """Measure, and print a table."""
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    for backend in ("asyncio", "trio"):
        show(f"a call, {backend}", anyio.run(measure_calls, turns, backend=backend))
        show(f"a batch, {backend}", anyio.run(measure_batches, turns, backend=backend))


async def _measure(
    program: Callable[[ChatModel], Program],
    bare: ChatModel,
    middleware: Mapping[str, Middleware] | None,
    turns: int,
) -> dict[str, Figure]:
    given = _all() if middleware is None else middleware
    others = {name: program(wrap(bare)) for name, wrap in given.items()}
    return await ratios(program(bare), {"none": program(bare), **others}, turns=turns)


if __name__ == "__main__":
    main()
