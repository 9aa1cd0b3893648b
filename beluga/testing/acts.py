"""What a simulated server does with one connection, as data; and what each fault makes of it.

No I/O happens here: an answer is a list of acts, and a fault turns one list into another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias, assert_never

import msgspec

from beluga.testing.faults import (
    CutAfter,
    Delay,
    EndEarly,
    Fault,
    Garbage,
    InStreamError,
    ResetConnection,
    SlowDrip,
    Stall,
    Status,
)

__all__ = [
    "Act",
    "Body",
    "Call",
    "Drop",
    "End",
    "Hang",
    "Head",
    "Piece",
    "Reset",
    "Wait",
    "acts_of",
]


class Call(msgspec.Struct, frozen=True):
    """One request, read to its end. The names of `headers` are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


class Head(msgspec.Struct, frozen=True):
    """Send a status and headers."""

    status: int
    headers: Mapping[str, str] = {}


class Piece(msgspec.Struct, frozen=True):
    """Send some bytes of the body."""

    data: bytes


class Wait(msgspec.Struct, frozen=True):
    """Do nothing for so many seconds."""

    seconds: float


class End(msgspec.Struct, frozen=True):
    """End the response as HTTP wants it."""


class Drop(msgspec.Struct, frozen=True):
    """Close the connection in the midst of the response."""


class Hang(msgspec.Struct, frozen=True):
    """Do nothing more until the client leaves."""


class Reset(msgspec.Struct, frozen=True):
    """Reset the connection."""


Act: TypeAlias = Head | Piece | Wait | End | Drop | Hang | Reset


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """A good answer and the ways in which its provider reports a bad one.

    Attributes:
        content_type: Of the good answer.
        events: The pieces of the good answer; one, if it is not streamed.
        streamed: Whether it is.
        refusal: The body of an error status.
        failure: What reports a failure inside a good response.
        pace: Seconds before each event.
    """

    content_type: str
    events: Sequence[bytes]
    streamed: bool
    refusal: bytes
    failure: bytes
    pace: float = 0.0


def acts_of(body: Body, fault: Fault | None, headers: Mapping[str, str]) -> Iterator[Act]:
    """Return what a server does that gives *body* and meets *fault*.

    Args:
        body: The answer.
        fault: What goes wrong, if anything.
        headers: Of every response that there is.
    """
    match fault:
        case None:
            yield from _whole(body, body.events, headers)
        case Delay(seconds):
            yield Wait(seconds)
            yield from _whole(body, body.events, headers)
        case Status():
            yield from _refused(body, fault, headers)
        case EndEarly(after):
            yield from _whole(body, _first(body, after), headers)
        case Garbage(after, text):
            yield from _whole(body, [*_first(body, after), text.encode()], headers)
        case InStreamError(after=after):
            yield from _whole(body, [*_first(body, after), body.failure], headers)
        case CutAfter(count):
            yield from _cut(body, count, headers)
        case SlowDrip(seconds):
            yield from _dripping(body, seconds, headers)
        case Stall(after):
            yield from _begun(body, after, headers)
            yield Hang()
        case ResetConnection(after):
            yield from _begun(body, after, headers)
            yield Reset()
        case _:
            assert_never(fault)


def _first(body: Body, count: int) -> Sequence[bytes]:
    """The first events of a stream; an answer that is not streamed has none."""
    return body.events[:count] if body.streamed else ()


def _head(body: Body, events: Sequence[bytes], headers: Mapping[str, str]) -> Head:
    """A streamed body is chunked; of any other the length is known."""
    length = {} if body.streamed else {"content-length": str(sum(map(len, events)))}
    return Head(200, {"content-type": body.content_type, **length, **headers})


def _whole(body: Body, events: Sequence[bytes], headers: Mapping[str, str]) -> Iterator[Act]:
    yield _head(body, events, headers)
    yield from _pieces(body, events)
    yield End()


def _pieces(body: Body, events: Sequence[bytes]) -> Iterator[Act]:
    for event in events:
        if body.pace > 0:
            yield Wait(body.pace)
        yield Piece(event)


def _begun(body: Body, after: int | None, headers: Mapping[str, str]) -> Iterator[Act]:
    if after is None:
        return
    yield _head(body, body.events, headers)
    yield from _pieces(body, _first(body, after))


def _refused(body: Body, fault: Status, headers: Mapping[str, str]) -> Iterator[Act]:
    data = body.refusal if fault.body is None else fault.body.encode()
    wait = {} if fault.retry_after is None else {"retry-after": f"{fault.retry_after:g}"}
    form = {"content-type": "application/json", "content-length": str(len(data))}
    yield Head(fault.code, {**form, **wait, **headers})
    yield Piece(data)
    yield End()


def _cut(body: Body, count: int, headers: Mapping[str, str]) -> Iterator[Act]:
    yield _head(body, body.events, headers)
    left = count
    for event in body.events:
        if left <= 0:
            break
        yield from _pieces(body, [event[:left]])
        left -= len(event)
    yield Drop()


def _dripping(body: Body, seconds: float, headers: Mapping[str, str]) -> Iterator[Act]:
    yield _head(body, body.events, headers)
    for byte in b"".join(body.events):
        yield Wait(seconds)
        yield Piece(bytes([byte]))
    yield End()
