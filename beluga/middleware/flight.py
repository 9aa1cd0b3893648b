"""One call that several callers follow, each at a pace of its own."""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

import anyio
import msgspec

from beluga.edge import checked
from beluga.effects import Effects, Notify
from beluga.errors import ModelError
from beluga.events import Event
from beluga.schema import Emission, Finish, Restarted

__all__ = ["Abandoned", "Flight", "Follower"]

Run: TypeAlias = Callable[[Effects], Awaitable[Finish]]


class Abandoned(Exception):  # noqa: N818 - no error: the call was cancelled, and another begins
    """The call that was followed has been cancelled with whoever made it."""


class Flight:
    """A call under way: what it has said so far, how it ended, and who follows it.

    What was said is kept once, and each follower reads on from where it is; so the call never
    waits for any of them. Events go to its owner, the first among those who are still there.
    """

    def __init__(self) -> None:
        self.followers: list[Follower] = []
        self.owner: Follower | None = None
        self.batches: list[Sequence[Emission]] = []
        self.start: int = 0
        self.scope: anyio.CancelScope = anyio.CancelScope()
        self.ended: anyio.Event = anyio.Event()
        self._finish: Finish | None = None
        self._error: Exception | None = None
        self._pristine: ModelError | None = None

    async def run(self, call: Run, fx: Effects) -> None:
        """Make the call; what it says, and how it ends, is for the followers."""
        try:
            with self.scope:
                self._finish = await call(fx.emitting(self.emit).notifying(self.notify))
        except Exception as error:  # handed over to those who follow; cancellation passes
            self._error = error
            if isinstance(error, ModelError):  # what the owner's edge attaches is the owner's alone
                self._pristine = copy.copy(error)
        finally:
            if self._finish is None and self._error is None:
                self._error = Abandoned()
            self.ended.set()
            self._wake()

    async def emit(self, chunks: Sequence[Emission]) -> None:
        """Keep *chunks* for the followers; it does not wait."""
        if not chunks:
            return
        self.batches.append(checked(chunks))
        if any(isinstance(chunk, Restarted) for chunk in chunks):
            self.start = len(self.batches) - 1  # a newcomer need not see what is void
        self._wake()

    def notify(self, event: Event) -> None:
        """Tell the follower who is accounted for the call."""
        if self.owner is not None:
            self.owner.notify(event)

    def join(self, notify: Notify) -> Follower:
        """Follow the call from its beginning."""
        follower = Follower(self, notify)
        self.followers.append(follower)
        self.owner = self.owner or follower
        return follower

    def leave(self, follower: Follower) -> None:
        """Follow no longer; the call ends when nobody does."""
        self.followers.remove(follower)
        if not self.followers:
            self.scope.cancel("nobody waits for the answer any more")
        elif self.owner is follower and not self.ended.is_set():
            self.owner = self.followers[0]

    def outcome(self, follower: Follower) -> Finish:
        """Return how the call ended, for *follower*.

        Raises:
            Abandoned: It was cancelled.
            Exception: What it raised; each but the owner gets an error of its own.
        """
        if self._finish is None:
            assert self._error is not None
            if self._pristine is None or self.owner is follower:
                raise self._error
            raise copy.copy(self._pristine)
        return self._finish

    def _wake(self) -> None:
        for follower in self.followers:
            follower.wake()


class Follower:
    """One who reads what a call says.

    Attributes:
        notify: Who observes on its side.
        has_shown: Whether it has emitted anything.
    """

    def __init__(self, flight: Flight, notify: Notify) -> None:
        self.notify = notify
        self._flight = flight
        self.has_shown: bool = False
        self._next = flight.start
        self._event: anyio.Event | None = None

    def wake(self) -> None:
        """Tell that there is more."""
        if self._event is not None:
            self._event.set()

    async def follow(self, fx: Effects) -> Finish:
        """Emit what the call says as it comes, and return how it ended."""
        flight = self._flight
        while True:
            while self._next < len(flight.batches):
                batch = flight.batches[self._next]
                self._next += 1
                self.has_shown = True
                await fx.emit(batch)
            if flight.ended.is_set():
                return self._signed(flight.outcome(self))
            self._event = anyio.Event()
            await self._event.wait()

    def _signed(self, finish: Finish) -> Finish:
        if self._flight.owner is self:
            return finish
        return msgspec.structs.replace(finish, metadata={**finish.metadata, "cached": True})
