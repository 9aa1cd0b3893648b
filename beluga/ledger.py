"""The account of one answer: every attempt made for it, also those that came to nothing."""

from __future__ import annotations

from beluga.events import Attempted, AttemptEnded, CacheHit, Event
from beluga.schema import Spent, Usage

__all__ = ["Ledger"]


class Ledger:
    """Observe a call's events and add up what its attempts took."""

    def __init__(self) -> None:
        self._begun = 0
        self._ended = 0
        self._unbilled = False
        self._from_cache = False
        self._usage = Usage()
        self._cost: float | None = None

    def observe(self, event: Event) -> None:
        """Account for *event*."""
        if isinstance(event, Attempted):
            self._begun += 1
        elif isinstance(event, AttemptEnded):
            self._settle(event)
        elif isinstance(event, CacheHit):
            self._from_cache = True

    @property
    def spent(self) -> Spent:
        """What has been spent so far; estimated while an attempt is open or was cut short."""
        open_attempts = self._begun > self._ended
        return Spent(self._usage, self._cost, self._begun, open_attempts or self._unbilled)

    def spent_with(self, usage: Usage) -> Spent:
        """Return the account, with *usage* for a model that reports no attempts of its own.

        What comes out of a cache took nothing.
        """
        if self._begun or self._from_cache:
            return self.spent
        return Spent(usage, None, 0 if usage == Usage() else 1)

    def _settle(self, event: AttemptEnded) -> None:
        self._ended += 1
        self._usage += event.usage
        if event.cost is not None:
            self._cost = event.cost + (self._cost or 0.0)
        if event.abandoned or event.failure is not None:
            self._unbilled = self._unbilled or event.usage.output_tokens is None
