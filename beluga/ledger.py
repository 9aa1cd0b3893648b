"""The account of one answer: every attempt made for it, also those that came to nothing."""

from __future__ import annotations

from typing import Final

from beluga.events import Attempted, AttemptEnded, CacheHit, Event
from beluga.schema import ErrorCode, Failure, Spent, Usage

__all__ = ["Ledger"]

REFUSALS: Final[frozenset[ErrorCode]] = frozenset(
    {
        "rate_limit",
        "auth_error",
        "not_found",
        "invalid_input",
        "context_length",
        "unsupported",
        "budget_exhausted",
    }
)
"""Codes of failures for which a provider bills nothing, if it answers with nothing else."""


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
        # An attempt that somebody else began, who shared it and has left, may end here.
        attempts = max(self._begun, self._ended)
        return Spent(self._usage, self._cost, attempts, open_attempts or self._unbilled)

    def spent_with(self, usage: Usage) -> Spent:
        """Return the account, with *usage* for a model that reports no attempts of its own.

        What comes out of a cache took nothing.
        """
        if self._begun or self._ended or self._from_cache:
            return self.spent
        return Spent(usage, None, 0 if usage == Usage() else 1)

    def _settle(self, event: AttemptEnded) -> None:
        self._ended += 1
        self._usage += event.usage
        if event.cost is not None:
            self._cost = event.cost + (self._cost or 0.0)
        if event.abandoned or event.failure is not None:
            # A cost that follows from what had been said by then is less than will be billed.
            told = event.usage.output_tokens is not None and not event.computed
            self._unbilled = self._unbilled or not (told or _was_refused(event))


def _was_refused(event: AttemptEnded) -> bool:
    """Return whether the provider has declined the request as a whole, so that it took nothing."""
    failure = event.failure
    if failure is None or event.first_content is not None or event.usage != Usage():
        return False
    return not failure.in_stream and (failure.code in REFUSALS or _is_error_status(failure))


def _is_error_status(failure: Failure) -> bool:
    return failure.status is not None and failure.status >= 400
