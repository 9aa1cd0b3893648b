"""What a provider is: a codec between this library's data and its bytes, without I/O."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

import msgspec

from beluga.outcomes import Outcome
from beluga.schema import Emission, Failure, Finish, Request, Usage
from beluga.transport.http import HttpRequest, ResponseHead

__all__ = ["Decoder", "Dialect", "Ending", "Omit"]

Omit: TypeAlias = Callable[[str, str], None]
"""Called with what a provider has no place for, and why. It raises `UnsupportedError` unless the
caller asked for a warning; then the codec leaves the thing out."""


class Ending(msgspec.Struct, frozen=True):
    """How a response ended: what was still to be emitted, and the outcome."""

    chunks: Sequence[Emission]
    outcome: Outcome[Finish]


class Decoder(Protocol):
    """Turn one response's bytes, in any cut, into chunks."""

    @property
    def usage(self) -> Usage:
        """What the provider has said of tokens so far."""

    @property
    def done(self) -> bool:
        """Whether the end, or a failure, has been seen; what follows does not matter."""

    def feed(self, data: bytes, /) -> Sequence[Emission]:
        """Take in bytes and return the chunks that they complete."""

    def close(self) -> Ending:
        """Take in the end of the body. Called once, after the last `feed`."""


class Dialect(Protocol):
    """One provider's wire format."""

    def encode(self, request: Request, omit: Omit) -> HttpRequest:
        """Write *request* for the wire, without credentials.

        Raises:
            InvalidInputError: The request cannot be said on this wire.
        """

    def decoder(self, request: Request, head: ResponseHead) -> Decoder:
        """Return a decoder for the good response to *request*."""

    def failure(self, head: ResponseHead, body: bytes) -> Failure:
        """Say what a response with an error status means."""
