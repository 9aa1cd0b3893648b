"""What each middleware that guards adds: limits, cache, guardrails, budget, logging, tracing.

`python -m tests.benchmarks.guarding [turns]` prints these figures alone.
"""

from __future__ import annotations

import itertools
import logging
import sys

import anyio

from beluga.hooks import Middleware
from beluga.middleware import (
    Patterns,
    Secrets,
    with_budget,
    with_cache,
    with_guardrails,
    with_limits,
    with_logging,
    with_tracing,
)
from beluga.schema import Prices
from beluga.stores import ProviderLimits
from tests.benchmarks import middleware
from tests.benchmarks.measure import Figure

__all__ = ["guards", "main"]


def guards() -> dict[str, Middleware]:
    """Return every guarding middleware, set up so that nothing is refused or changed."""
    numbers = itertools.count()
    silent = logging.getLogger("tests.benchmarks.silent")
    silent.propagate = False
    silent.setLevel(logging.INFO)
    silent.addHandler(logging.NullHandler())
    return {
        "limits": with_limits(ProviderLimits(rpm=10**9, tpm=10**12, max_concurrent=10)),
        "cache, hit": with_cache(),
        "cache, miss": with_cache(key=lambda request: str(next(numbers))),
        "pattern": with_guardrails(output=[Patterns(r"\bsecret-\d+")]),
        "secrets": with_guardrails(output=[Secrets("block")]),
        "input guard": with_guardrails(input=[Secrets("block")]),
        "budget": with_budget(1e9, prices=Prices(input=1, output=1)),
        "logging": with_logging(silent),
        "tracing, off": with_tracing(),
        "tracing": _tracing(),
    }


def _tracing() -> Middleware:
    """Return tracing with an SDK that makes spans and metrics, and sends them nowhere."""
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.trace import TracerProvider

    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("benchmark")
    meter = MeterProvider(shutdown_on_exit=False).get_meter("benchmark")
    return with_tracing(tracer, meter=meter)


async def measure_calls(turns: int) -> dict[str, Figure]:
    """Return CPU microseconds for a call, beside a call of the bare model."""
    return await middleware.measure_calls(turns, guards())


async def measure_batches(turns: int) -> dict[str, Figure]:
    """Return CPU microseconds for a batch of a stream, beside those of the bare model."""
    return await middleware.measure_batches(turns, guards())


def main() -> None:
    """Measure, and print a table."""
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    for backend in ("asyncio", "trio"):
        for title, measure in (("a call", measure_calls), ("a batch", measure_batches)):
            figures = anyio.run(measure, turns, backend=backend)
            middleware.show(f"{title}, {backend}", figures)


if __name__ == "__main__":
    main()
