"""What a provider is: a codec between this library's data and its bytes, without I/O."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from beluga.outcomes import Outcome
from beluga.schema import Emission, Failure, Finish, Request, Usage
from beluga.schemas.rules import SchemaDialect
from beluga.transport.http import HttpRequest, ResponseHead

__all__ = ["Decoder", "Dialect", "Ending", "Omissions"]


class Omissions(Protocol):
    """Whom a codec tells of what it cannot put on the wire."""

    def unsupported(self, what: str, why: str, /) -> None:
        """Refuse what the provider has no place for.

        It returns only if the caller asked for a warning; then the codec leaves the thing out.

        Args:
            what: Such as `"option top_k"` or `"an audio part"`.
            why: Such as `"the Messages API takes no audio"`.

        Raises:
            UnsupportedError: Unless the caller asked for a warning.
        """

    def foreign(self, what: str, why: str, /) -> None:
        """Tell that what a model made is left out: only its maker can read it, or not even that.

        Args:
            what: Such as `"reasoning of deepseek"`.
            why: Such as `"another made it"`.
        """

    def reworded(self, what: str, places: Sequence[tuple[str, str]], /) -> None:
        """Tell that a schema's description says what the provider does not enforce.

        Args:
            what: Such as `"the schema 'person'"`.
            places: The keyword, and the JSON pointer to where it stands in that schema.
        """

    def answers_in(self, codec: SchemaDialect, /) -> None:
        """Tell with which codec the answer's schema was written, and its text is read."""


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

    def encode(self, request: Request, omissions: Omissions) -> HttpRequest:
        """Write *request* for the wire, without credentials.

        Raises:
            InvalidInputError: The request cannot be said on this wire.
        """

    def decoder(self, request: Request, head: ResponseHead) -> Decoder:
        """Return a decoder for the good response to *request*."""

    def failure(self, head: ResponseHead, body: bytes) -> Failure:
        """Say what a response with an error status means."""
