"""Run every async test on each backend, in virtual time unless it asks for the real clock."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Any

import pytest

BACKENDS = ["asyncio", "trio"]
if sys.version_info >= (3, 12):
    BACKENDS.insert(1, "asyncio-eager")


@pytest.fixture(params=BACKENDS)
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Choose a backend; a clock is made anew for each test.

    A test that is marked `real_time` gets the real clock. Never use a virtual clock with a real
    socket: while bytes are under way nothing is scheduled, so every timeout fires at once.
    """
    from beluga.testing import virtual_backends

    name, _, eager = request.param.partition("-")
    real_time = request.node.get_closest_marker("real_time") is not None
    options = {} if real_time else virtual_backends()[name]
    if eager:
        options = {**options, "loop_factory": eager_loops(options.get("loop_factory"))}
    return name, options


def eager_loops(
    make_loop: Callable[[], asyncio.AbstractEventLoop] | None,
) -> Callable[[], asyncio.AbstractEventLoop]:
    """Return a factory of loops whose tasks take their first step when they are made."""

    def make() -> asyncio.AbstractEventLoop:
        loop = (make_loop or asyncio.new_event_loop)()
        if sys.version_info >= (3, 12):
            loop.set_task_factory(asyncio.eager_task_factory)
        return loop

    return make
