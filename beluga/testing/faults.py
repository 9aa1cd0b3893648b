"""What can go wrong with a provider, as data: one value for one call.

`after` counts the events of a stream; an answer that is not streamed has none. A position in bytes
counts from the start of the body.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

__all__ = [
    "CutAfter",
    "Delay",
    "EndEarly",
    "Fault",
    "Garbage",
    "InStreamError",
    "ResetConnection",
    "SlowDrip",
    "Stall",
    "Status",
    "spoils",
]


class Status(msgspec.Struct, frozen=True, tag="status"):
    """Answer with an error status.

    Attributes:
        code: The HTTP status.
        retry_after: Seconds for a `Retry-After` header.
        body: The body; otherwise an error in the provider's own form.
    """

    code: int
    retry_after: float | None = None
    body: str | None = None


class CutAfter(msgspec.Struct, frozen=True, tag="cut_after"):
    """Close the connection after so many bytes of the body; HTTP itself is left unfinished."""

    bytes: int


class EndEarly(msgspec.Struct, frozen=True, tag="end_early"):
    """End the response after so many events, as if that were all: HTTP is whole, the answer not."""

    after: int


class Stall(msgspec.Struct, frozen=True, tag="stall"):
    """Fall silent after so many events, and keep the connection open.

    Attributes:
        after: Events to send first; `None` sends not even a status.
    """

    after: int | None = 0


class Garbage(msgspec.Struct, frozen=True, tag="garbage"):
    """Send something that is not the provider's wire, with a good status.

    Attributes:
        after: Events to send first.
        text: What to send in place of the rest.
    """

    after: int = 0
    text: str = "<html><body>502 Bad Gateway</body></html>"


class SlowDrip(msgspec.Struct, frozen=True, tag="slow_drip"):
    """Send the body byte by byte, with so many seconds before each."""

    seconds: float


class Delay(msgspec.Struct, frozen=True, tag="delay"):
    """Take so many seconds before the answer begins."""

    seconds: float


class InStreamError(msgspec.Struct, frozen=True, tag="in_stream_error"):
    """Report a failure inside a good response, in the provider's own form.

    Attributes:
        code: The provider's word for it.
        message: Its text.
        after: Events to send first.
    """

    code: str = "server_error"
    message: str = "The server had an error while processing your request."
    after: int = 1


class ResetConnection(msgspec.Struct, frozen=True, tag="reset_connection"):
    """Reset the connection.

    Attributes:
        after: Events to send first; `None` sends not even a status.
    """

    after: int | None = None


Fault: TypeAlias = (
    Status
    | CutAfter
    | EndEarly
    | Stall
    | Garbage
    | SlowDrip
    | Delay
    | InStreamError
    | ResetConnection
)
"""One call's misfortune. What answers the call all the same is `SlowDrip` or `Delay`."""

_HARMLESS: Final = SlowDrip | Delay


def spoils(fault: Fault | None) -> bool:
    """Say whether a call with *fault* gets no whole answer."""
    return fault is not None and not isinstance(fault, _HARMLESS)
