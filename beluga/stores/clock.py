"""A clock for state that outlives an event loop."""

from __future__ import annotations

from anyio.lowlevel import RunVar

from beluga.effects import BackendClock, Clock

__all__ = ["SteadyClock"]


class SteadyClock:
    """Read the backend's clock, and go on where it stood when a new event loop begins.

    Each loop counts from a start of its own, on trio from a random one. The time between two loops
    does not count. A clock that was set back goes on from where it stood, too.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or BackendClock()
        self._offset: RunVar[float] = RunVar("beluga-clock-offset")
        self._last = 0.0

    def now(self) -> float:
        """Return the time, in seconds from an arbitrary start."""
        raw = self._clock.now()
        try:
            offset = self._offset.get()
        except LookupError:
            offset = self._last - raw
            self._offset.set(offset)
        if raw + offset < self._last:
            offset = self._last - raw
            self._offset.set(offset)
        self._last = max(self._last, raw + offset)
        return self._last

    async def sleep(self, seconds: float, /) -> None:
        """Wait for *seconds*."""
        await self._clock.sleep(seconds)
