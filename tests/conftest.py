"""Run every async test on each backend, in virtual time unless it asks for the real clock."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings

from beluga.testing import virtual_backends

# How long an example takes is the machine's affair; benchmarks measure speed.
settings.register_profile("beluga", deadline=None)
settings.load_profile("beluga")

BACKENDS = ["asyncio", "trio"]
if sys.version_info >= (3, 12):
    BACKENDS.insert(1, "asyncio-eager")

PERSONAL = re.compile(
    r"_(API_KEY|AUTH_TOKEN|BASE_URL|API_BASE|API_URL|ENDPOINT)$"
    r"|^(AWS|AZURE|GOOGLE)_|^(HF_TOKEN|OLLAMA_HOST)$|_PROXY$",
    re.IGNORECASE,
)


@pytest.fixture(scope="session", autouse=True)
def nothing_personal() -> None:
    """Forget the keys, addresses and proxies of whoever runs the tests."""
    for name in [name for name in os.environ if PERSONAL.search(name)]:
        del os.environ[name]


@pytest.fixture(params=BACKENDS)
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Choose a backend; a clock is made anew for each test.

    A test that is marked `real_time` gets the real clock. Never use a virtual clock with a real
    socket: while bytes are under way nothing is scheduled, so every timeout fires at once.
    """
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
