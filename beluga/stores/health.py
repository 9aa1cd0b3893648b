"""How models fare, as all who ask them share it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from beluga.health.breaker import BreakerChange, Permit, Refusal
from beluga.health.cooldown import Cooldown
from beluga.health.record import Health, Sample

__all__ = ["HealthStore"]


class HealthStore(Protocol):
    """Keep how models fare, each under a key; those who share a key share what they have seen.

    The store has a clock of its own, by which waits are told. Each method takes effect as a whole
    or, if it is cancelled, not at all.
    """

    async def read(self, keys: Sequence[str], /) -> Sequence[Health]:
        """Return how each of *keys* fares, in their order; `Health()` where nothing is known."""

    async def admit(self, key: str, cooldown: Cooldown, /) -> Permit | Refusal:
        """Ask for leave to make an attempt. Of many who ask, one alone gets a probe."""

    async def settle(
        self, key: str, permit: Permit, sample: Sample, cooldown: Cooldown, /
    ) -> BreakerChange | None:
        """Tell how the attempt ended; return whether the model is now left alone or asked again.

        It is called for every permit, also where the attempt was cancelled. A store that outlives
        its callers takes a probe back that nobody settles.
        """
