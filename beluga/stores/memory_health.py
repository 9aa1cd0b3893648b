"""How models fare, in the memory of this process."""

from __future__ import annotations

from collections.abc import Sequence

from beluga.effects import Clock
from beluga.health.breaker import BreakerChange, Permit, Refusal
from beluga.health.cooldown import Cooldown
from beluga.health.record import Health, Record, Sample
from beluga.stores.clock import SteadyClock

__all__ = ["MemoryHealth"]


class MemoryHealth:
    """Keep how models fare for the tasks of one process. Nothing of it waits.

    Args:
        clock: What time is measured by; by default that of the running event loop.
        half_life: Seconds after which what was seen of speed and failures counts half.
    """

    def __init__(self, clock: Clock | None = None, *, half_life: float = 60.0) -> None:
        self._clock = SteadyClock(clock)
        self._half_life = half_life
        self._records: dict[str, Record] = {}

    async def read(self, keys: Sequence[str], /) -> Sequence[Health]:
        """Return how each of *keys* fares."""
        now = self._clock.now()
        records = [self._records.get(key) for key in keys]
        return [_UNKNOWN if record is None else record.health(now) for record in records]

    async def admit(self, key: str, cooldown: Cooldown, /) -> Permit | Refusal:
        """Ask for leave to make an attempt."""
        return self._record(key, cooldown).admit(self._clock.now())

    async def settle(
        self, key: str, permit: Permit, sample: Sample, cooldown: Cooldown, /
    ) -> BreakerChange | None:
        """Tell how the attempt ended."""
        return self._record(key, cooldown).settle(permit, sample, cooldown, self._clock.now())

    def _record(self, key: str, cooldown: Cooldown) -> Record:
        record = self._records.get(key)
        if record is None:
            record = self._records[key] = Record(cooldown, self._half_life)
        return record


_UNKNOWN = Health()
