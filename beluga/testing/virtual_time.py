"""Virtual time on both backends: sleeps and deadlines take no real time.

Time is the backend's own, so that sleeps, deadlines and limiters agree. A clock jumps when nothing
can run; a real socket never looks ready to it, so use it only where no bytes are under way. Nor
would a worker thread's work, so that counting tokens of long texts is done in place.
"""

from __future__ import annotations

import asyncio
import selectors
import sys
from importlib.util import find_spec
from typing import Any

from beluga.tokens.offloading import stay_where

__all__ = ["VirtualTimeLoop", "virtual_backends"]


class _JumpingSelector(selectors.DefaultSelector):
    """A selector that jumps the loop's clock where another would wait for a timer."""

    loop: VirtualTimeLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:  # no timer is set, so only a worker thread can go on
            return super().select(None)
        self.loop.advance(timeout)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An asyncio loop whose clock starts at zero and jumps to the next timer when all tasks wait.

    A worker thread is waited for only while no timer is set.
    """

    def __init__(self) -> None:
        self._now = 0.0
        selector = _JumpingSelector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        """Return the virtual time, in seconds."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let *seconds* pass; a negative number changes nothing."""
        self._now += max(0.0, seconds)


def virtual_backends() -> dict[str, dict[str, Any]]:
    """Return fresh `backend_options` for `anyio.run`, by the name of the backend.

    Each is for one run: trio's clock cannot be used twice. Without trio there is only `"asyncio"`.

    ```python
    for backend, options in virtual_backends().items():
        anyio.run(main, backend=backend, backend_options=options)
    ```
    """
    backends: dict[str, dict[str, Any]] = {"asyncio": {"loop_factory": VirtualTimeLoop}}
    if find_spec("trio") is not None:
        from trio.testing import MockClock

        backends["trio"] = {"clock": MockClock(autojump_threshold=0)}
    return backends


def _time_is_virtual() -> bool:
    try:
        return isinstance(asyncio.get_running_loop(), VirtualTimeLoop)
    except RuntimeError:
        if "trio.testing" not in sys.modules:  # which whoever made such a clock has imported
            return False
    import trio
    from trio.testing import MockClock

    return trio.lowlevel.in_trio_run() and isinstance(trio.lowlevel.current_clock(), MockClock)


stay_where(_time_is_virtual)
