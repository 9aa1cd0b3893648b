"""What one call through a middleware has taken, as far as anybody has said."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from beluga.effects import Effects
from beluga.events import Attempted, AttemptEnded, Event, RateLimits, RateWindow
from beluga.middleware.estimates import CHARACTERS_PER_TOKEN, emitted_characters
from beluga.schema import Emission, Failure, Finish, Usage

__all__ = ["Meter"]


class Meter:
    """Watch a call's chunks and events.

    Attributes:
        sent: Whether anything may have been sent; not if the call failed on this side.
        failures: Those of the attempts that ended, in order.
        news: What the provider told of its limits and nobody has taken note of yet.
    """

    def __init__(self) -> None:
        self.sent: bool = True
        self.failures: list[Failure] = []
        self.news: list[RateWindow] = []
        self._characters = 0
        self._usage = Usage()
        self._cost: float | None = None
        self._open = 0
        self._silent = 0
        self._ended = 0

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

    def finished(self, finish: Finish) -> None:
        """Take the account of a model that reports no attempts."""
        if not self._ended:
            self._usage, self._ended = finish.usage, 1

    def failed(self, failure: Failure) -> None:
        """Take the failure of a model that reports no attempts."""
        if not self._ended:
            self.sent = not failure.local or self._characters > 0
            self.failures.append(failure)

    @property
    def emitted(self) -> int:
        """Tokens of output that were emitted, by their characters."""
        return -(-self._characters // CHARACTERS_PER_TOKEN)

    @property
    def cost(self) -> float | None:
        """US dollars that the attempts have reported."""
        return self._cost

    def usage(self, input: int) -> Usage:
        """Return what was billed, with *input* for each attempt that did not say.

        The output of an attempt that did not say is what was emitted.
        """
        attempts = max(1, self._ended + self._open)
        told_input = self._usage.input_tokens or 0
        silent = attempts if self._usage.input_tokens is None else self._silent + self._open
        unknown = self._usage.output_tokens is None or self._open or self._silent
        output = max(self._usage.output_tokens or 0, self.emitted if unknown else 0)
        return Usage(
            told_input + silent * input,
            output,
            cached_tokens=self._usage.cached_tokens,
            cache_write_tokens=self._usage.cache_write_tokens,
        )

    def _end(self, event: AttemptEnded) -> None:
        self._open = max(0, self._open - 1)  # one that is shared may have begun elsewhere
        self._ended += 1
        self._usage += event.usage
        if event.usage.input_tokens is None:
            self._silent += 1
        if event.cost is not None:
            self._cost = event.cost + (self._cost or 0.0)
        if event.failure is not None:
            self.failures.append(event.failure)
