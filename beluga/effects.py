"""What a call may do to the world, as typed capabilities that are passed to it.

Code that needs less than all of `Effects` says so with a row:
`class CanWait(HasClock, HasRandom, Protocol): ...`
"""

from __future__ import annotations

import logging
import math
import random
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeAlias

import anyio
import msgspec

from beluga.events import Event
from beluga.schema import AIMessage, Emission, Failure

__all__ = [
    "BackendClock",
    "CanChoose",
    "Clock",
    "Effects",
    "Emit",
    "HasClock",
    "HasNotify",
    "HasRandom",
    "Judge",
    "Notify",
    "Outlet",
    "Random",
    "live",
    "observers",
]

Emit: TypeAlias = Callable[[Sequence[Emission]], Awaitable[None]]
"""Hand chunks on, waiting while whoever takes them is not ready. It has one caller at a time."""


class Outlet(ABC):
    """An `emit` that can tell whether it would wait.

    Whoever must not wait, or would rather not switch tasks for every chunk, asks first. There
    is one producer, so what has room keeps it until that producer puts something in.
    """

    @abstractmethod
    async def __call__(self, chunks: Sequence[Emission], /) -> None:
        """Hand *chunks* on, waiting while whoever takes them is not ready."""

    @property
    @abstractmethod
    def has_room(self) -> bool:
        """Whether the next chunks are taken at once."""

    @abstractmethod
    def put(self, chunks: Sequence[Emission], /) -> None:
        """Hand *chunks* on at once. It never fails; only call it where there is room."""


Notify: TypeAlias = Callable[[Event], None]
"""Tell observers what happened. It never waits."""

Judge: TypeAlias = Callable[[AIMessage], Awaitable[Failure | None]]
"""Say why a whole answer is not what was asked for; `None` if it is."""


class Clock(Protocol):
    """Read time and wait, in seconds of the running backend's own clock."""

    def now(self) -> float:
        """Return the time, in seconds from an arbitrary start."""

    async def sleep(self, seconds: float, /) -> None:
        """Wait for *seconds*."""


class Random(Protocol):
    """Draw numbers for jitter and load spreading; never for secrets."""

    def uniform(self, low: float, high: float, /) -> float:
        """Return a number from *low* to *high*."""


class HasClock(Protocol):
    """What may wait."""

    @property
    def clock(self) -> Clock:
        """The time."""


class HasRandom(Protocol):
    """What may draw numbers."""

    @property
    def random(self) -> Random:
        """Chance."""


class HasNotify(Protocol):
    """What may tell observers."""

    @property
    def notify(self) -> Notify:
        """The observers."""


class CanChoose(HasClock, HasRandom, HasNotify, Protocol):
    """What a routing strategy may do: read time, draw numbers, tell why."""


class Effects(msgspec.Struct, frozen=True):
    """Hold every capability of a call.

    Attributes:
        emit: Where chunks go.
        clock: The running backend's clock.
        random: Where chance comes from.
        notify: Who observes.
        deadline: When the whole answer must have ended, on that clock; `math.inf` if never.
        judge: Who says whether an answer will do. Where several models may be asked, one whose
            answer will not do counts as failed, as long as nothing of it was shown.
    """

    emit: Emit
    clock: Clock
    random: Random
    notify: Notify
    deadline: float = math.inf
    judge: Judge | None = None

    def emitting(self, emit: Emit) -> Effects:
        """Return these effects with another place for chunks to go."""
        return Effects(emit, self.clock, self.random, self.notify, self.deadline, self.judge)

    def notifying(self, notify: Notify) -> Effects:
        """Return these effects with other observers."""
        return Effects(self.emit, self.clock, self.random, notify, self.deadline, self.judge)

    def observed_by(self, observer: Notify) -> Effects:
        """Return these effects with one more observer; what observers raise is only logged."""
        return self.notifying(observers(observer, self.notify))

    def until(self, deadline: float) -> Effects:
        """Return these effects with another deadline."""
        return Effects(self.emit, self.clock, self.random, self.notify, deadline, self.judge)

    def judged_by(self, judge: Judge | None) -> Effects:
        """Return these effects with another judge of answers, or with none."""
        return Effects(self.emit, self.clock, self.random, self.notify, self.deadline, judge)


def observers(*given: Notify) -> Notify:
    """Return all of *given* as one; what one raises is logged, and keeps nothing from the next."""

    def notify(event: Event) -> None:
        for observer in given:
            try:
                observer(event)
            except Exception:
                logging.getLogger("beluga").exception("an observer failed on %r", event)

    return notify


class BackendClock:
    """The clock of the running event loop, so that cancel scopes agree with it."""

    def now(self) -> float:
        """Return the loop's time."""
        return anyio.current_time()

    async def sleep(self, seconds: float, /) -> None:
        """Wait in the loop."""
        await anyio.sleep(seconds)


_CLOCK = BackendClock()
_RANDOM = random.Random()


def live(seed: int | None = None) -> Effects:
    """Return the real world's effects; *seed* makes the drawn numbers repeatable.

    Chunks go nowhere until `emitting` says where, and nobody observes.
    """
    return Effects(_discard, _CLOCK, _RANDOM if seed is None else random.Random(seed), _ignore)


async def _discard(chunks: Sequence[Emission]) -> None:
    pass


def _ignore(event: Event) -> None:
    pass
