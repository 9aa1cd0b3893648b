"""What all decoders share: events are taken one by one, and a failure ends them.

A dialect's decoder says what one event means and how the answer ends. It never raises for what a
provider sends: what cannot be read is a failure too, and the chunks before it are kept.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Final, Generic, Protocol, TypeVar

import msgspec

from beluga.errors import ModelError
from beluga.outcomes import Outcome
from beluga.schema import Emission, Failure, Finish, Usage
from beluga.transport.dialect import Ending
from beluga.transport.failures import garbage
from beluga.transport.http import ResponseHead

__all__ = ["UNREADABLE", "BodyDecoder", "Growing", "Reader", "StepDecoder", "incomplete"]

UNREADABLE: Final = (msgspec.MsgspecError, RecursionError, ValueError)
"""What reading foreign bytes may raise; bad text and bad base64 are a `ValueError`."""

E = TypeVar("E")


class Reader(Protocol[E]):
    """A framing: bytes, in any cut, into events."""

    def feed(self, data: bytes) -> list[E]:
        """Take in bytes and return the events that they complete."""

    def close(self) -> list[E]:
        """Take in the end of the body."""


class Growing(Protocol):
    """An answer that grows event by event."""

    @property
    def usage(self) -> Usage:
        """What has been said of tokens so far."""


class StepDecoder(ABC, Generic[E]):
    """Decode a stream, one event after another.

    Attributes:
        head: The response's head.
        failure: What went wrong, once something has.
        done: Whether the end, or a failure, has been seen.
        growing: What the events make.
    """

    what: ClassVar[str]
    """What the stream is one of, for the failure of an event that cannot be read."""

    head: ResponseHead
    failure: Failure | None
    done: bool
    growing: Growing

    def __init__(self, head: ResponseHead, reader: Reader[E], answer: Growing) -> None:
        self.head, self.failure, self.done = head, None, False
        self._reader, self.growing = reader, answer

    @property
    def usage(self) -> Usage:
        """What the provider has said of tokens so far."""
        return self.growing.usage

    def feed(self, data: bytes, /) -> list[Emission]:
        """Take in bytes and return the chunks that they complete."""
        try:
            events = self._reader.feed(data)
        except ModelError as error:  # an event larger than any may be
            self.fail(error.failure)
            return []
        return self._take(events)

    def close(self) -> Ending:
        """Take in the end of the body."""
        chunks = [] if self.done else self._take(self._reader.close(), last=True)
        if self.failure is not None:
            return Ending(chunks, self.failure)
        try:
            rest, outcome = self.end()
        except UNREADABLE:
            return Ending(chunks, garbage(f"the end of {self.what} cannot be read"))
        return Ending([*chunks, *rest], outcome)

    def finish(self) -> None:
        """Take in the end of the answer; what follows does not matter."""
        self.done = True

    def restart(self, answer: Growing) -> None:
        """Go on with another answer in place of the one so far."""
        self.growing = answer

    def fail(self, failure: Failure) -> None:
        """End the answer with *failure*."""
        self.failure, self.done = failure, True

    @abstractmethod
    def step(self, event: E, chunks: list[Emission]) -> None:
        """Take in one event and append its chunks."""

    @abstractmethod
    def end(self) -> tuple[list[Emission], Outcome[Finish]]:
        """Return what was held back, and how the answer ended. There was no failure."""

    @staticmethod
    @abstractmethod
    def bytes_of(event: E) -> bytes:
        """Return what was sent, for the failure of an event that cannot be read."""

    def _take(self, events: list[E], *, last: bool = False) -> list[Emission]:
        chunks: list[Emission] = []
        for event in events:
            if self.done:
                break
            try:
                self.step(event, chunks)
            except UNREADABLE:
                # An event that the end of the body has cut in two is no garbage.
                if not last:
                    sent = self.bytes_of(event)
                    self.fail(garbage(f"an event of {self.what} cannot be read", sent))
                break
        return chunks


class BodyDecoder(ABC):
    """Decode an answer that comes in one body."""

    what: ClassVar[str]
    """What the answer is, for the failure of one that cannot be read."""

    head: ResponseHead
    growing: Growing

    def __init__(self, head: ResponseHead, answer: Growing) -> None:
        self.head = head
        self.growing = answer
        self._pieces: list[bytes] = []

    @property
    def usage(self) -> Usage:
        """What the provider has said of tokens."""
        return self.growing.usage

    @property
    def done(self) -> bool:
        """Whether nothing more is needed; only the end of the body tells."""
        return False

    def feed(self, data: bytes, /) -> list[Emission]:
        """Take in bytes."""
        self._pieces.append(data)
        return []

    def close(self) -> Ending:
        """Decode the body."""
        data = b"".join(self._pieces)
        try:
            return self.read(data)
        except UNREADABLE:
            return Ending((), garbage(f"{self.what} cannot be read", data))

    @abstractmethod
    def read(self, data: bytes) -> Ending:
        """Return what the body tells."""


def incomplete(marker: str) -> Failure:
    """Return the failure of a stream that ended without *marker*."""
    message = f"the stream ended without {marker}"
    return Failure("incomplete_stream", message, retryable=True)
