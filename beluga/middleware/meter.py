"""What one call through a middleware has taken, as far as anybody has said."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from beluga.effects import Effects
from beluga.events import Attempted, AttemptEnded, CacheHit, Event, RateLimits, RateWindow
from beluga.middleware.estimates import CHARACTERS_PER_TOKEN, emitted_characters
from beluga.schema import Emission, Failure, Finish, Usage
from beluga.schema.usage import COMPUTED, reported_cost

__all__ = ["Meter"]


class _Tally:
    """Tokens of some attempts, and how many of these did not say what went in, and came out."""

    def __init__(self) -> None:
        self.usage = Usage()
        self.ended = 0
        self.silent = 0
        self.wordless = 0

    def take(self, usage: Usage) -> None:
        self.usage += usage
        self.ended += 1
        self.silent += usage.input_tokens is None
        self.wordless += usage.output_tokens is None

    def filled(self, attempts: int, input: int, emitted: int) -> Usage:
        """Return what was billed, with estimates for those of so many attempts that did not say."""
        told, unended = self.usage, attempts - self.ended
        return Usage(
            (told.input_tokens or 0) + (self.silent + unended) * input,
            max(told.output_tokens or 0, emitted if self.wordless + unended else 0),
            cached_tokens=told.cached_tokens,
            cache_write_tokens=told.cache_write_tokens,
        )


class Meter:
    """Watch a call's chunks and events.

    Args:
        computed: Whether a cost that follows from a model's prices counts as known.

    Attributes:
        sent: Whether anything may have been sent; not if the call failed on this side.
        failures: Those of the attempts that ended, in order.
        news: What the provider told of its limits and nobody has taken note of yet.
    """

    def __init__(self, *, computed: bool = True) -> None:
        self.sent: bool = True
        self.failures: list[Failure] = []
        self.news: list[RateWindow] = []
        self._computed = computed
        self._characters = 0
        self._counted = 0
        self._unpriced_characters = 0
        self._all = _Tally()
        self._unpriced = _Tally()
        self._cost: float | None = None
        self._open = 0
        self._from_cache = False

    def effects(
        self, fx: Effects, learn: Callable[[Meter], Awaitable[None]] | None = None
    ) -> Effects:
        """Return *fx* with this meter in it; *learn* is told as soon as there is news."""

        async def emit(chunks: Sequence[Emission]) -> None:
            self._characters += emitted_characters(chunks)
            if learn is not None and (self.news or self.failures):
                await learn(self)
            await fx.emit(chunks)

        return fx.emitting(emit).observed_by(self.observe)

    def observe(self, event: Event) -> None:
        """Take note of *event*."""
        if isinstance(event, Attempted):
            self._open += 1
        elif isinstance(event, AttemptEnded):
            self._end(event)
        elif isinstance(event, RateLimits):
            self.news.extend(event.windows)
        elif isinstance(event, CacheHit):
            self._from_cache = True

    def finished(self, finish: Finish) -> None:
        """Take the account of a model that reports no attempts; out of a cache it took nothing."""
        if self._from_cache and not self._all.ended:
            self.sent = False
        elif not self._all.ended:
            cost = reported_cost(finish.metadata)
            self._take(finish.usage, cost, certain=finish.metadata.get(COMPUTED) is not True)

    def failed(self, failure: Failure) -> None:
        """Take the failure of a model that reports no attempts."""
        if not self._all.ended:
            self.sent = not failure.local or self._characters > 0
            self.failures.append(failure)

    @property
    def emitted(self) -> int:
        """Tokens of output that were emitted, by their characters."""
        return _tokens(self._characters)

    @property
    def cost(self) -> float | None:
        """US dollars of those attempts whose cost is known."""
        return self._cost

    def usage(self, input: int) -> Usage:
        """Return what was billed, with *input* for each attempt that did not say.

        The output of an attempt that did not say is what was emitted.
        """
        return self._all.filled(max(1, self._all.ended + self._open), input, self.emitted)

    def unpriced(self, input: int) -> Usage:
        """Return the same of those attempts alone whose cost is not known."""
        untold = self._open or not self._all.ended
        attempts = self._unpriced.ended + (max(1, self._open) if untold else 0)
        # What is shown when no attempt is open was held back, and is of one that went well.
        since = self._characters - self._counted if untold else 0
        emitted = _tokens(self._unpriced_characters + since)
        return self._unpriced.filled(attempts, input, emitted) if attempts else Usage(0, 0)

    def _end(self, event: AttemptEnded) -> None:
        self._open = max(0, self._open - 1)  # one that is shared may have begun elsewhere
        # What follows from the prices of an answer that broke off is less than will be billed.
        broken = event.failure is not None or event.abandoned
        self._take(event.usage, event.cost, certain=not event.computed, broken=broken)
        if event.failure is not None:
            self.failures.append(event.failure)

    def _take(
        self, usage: Usage, cost: float | None, *, certain: bool, broken: bool = False
    ) -> None:
        self._all.take(usage)
        if cost is not None and (certain or (self._computed and not broken)):
            self._cost = cost + (self._cost or 0.0)
        else:
            self._unpriced.take(usage)
            self._unpriced_characters += self._characters - self._counted
        self._counted = self._characters


def _tokens(characters: int) -> int:
    return -(-characters // CHARACTERS_PER_TOKEN)
