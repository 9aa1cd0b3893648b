"""What each fault makes of an answer, without a socket."""

from __future__ import annotations

import pytest

from beluga.testing import (
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
from beluga.testing.acts import Act, Body, Drop, End, Hang, Head, Piece, Reset, Wait, acts_of
from beluga.testing.faults import spoils

STREAM = Body(
    content_type="text/event-stream",
    events=[b"one", b"two", b"end"],
    streamed=True,
    refusal=b"refused",
    failure=b"failed",
)
WHOLE = Body(
    content_type="application/json",
    events=[b"all"],
    streamed=False,
    refusal=b"refused",
    failure=b"failed",
)
HEAD = Head(200, {"content-type": "text/event-stream"})


def json_head(length: int) -> Head:
    return Head(200, {"content-type": "application/json", "content-length": str(length)})


def pieces(*data: bytes) -> list[Act]:
    return [Piece(piece) for piece in data]


@pytest.mark.parametrize(
    ("fault", "acts"),
    [
        (None, [HEAD, *pieces(b"one", b"two", b"end"), End()]),
        (Delay(2), [Wait(2), HEAD, *pieces(b"one", b"two", b"end"), End()]),
        (EndEarly(1), [HEAD, *pieces(b"one"), End()]),
        (Garbage(1, "?"), [HEAD, *pieces(b"one", b"?"), End()]),
        (InStreamError(after=2), [HEAD, *pieces(b"one", b"two", b"failed"), End()]),
        (CutAfter(0), [HEAD, Drop()]),
        (CutAfter(4), [HEAD, *pieces(b"one", b"t"), Drop()]),
        (CutAfter(99), [HEAD, *pieces(b"one", b"two", b"end"), Drop()]),
        (Stall(None), [Hang()]),
        (Stall(0), [HEAD, Hang()]),
        (Stall(2), [HEAD, *pieces(b"one", b"two"), Hang()]),
        (ResetConnection(), [Reset()]),
        (ResetConnection(1), [HEAD, *pieces(b"one"), Reset()]),
    ],
)
def test_a_fault_in_a_stream(fault: Fault | None, acts: list[Act]) -> None:
    assert list(acts_of(STREAM, fault, {})) == acts


@pytest.mark.parametrize(
    ("fault", "acts"),
    [
        (None, [json_head(3), *pieces(b"all"), End()]),
        (EndEarly(1), [json_head(0), End()]),
        (Garbage(1, "what?"), [json_head(5), *pieces(b"what?"), End()]),
        (InStreamError(), [json_head(6), *pieces(b"failed"), End()]),
        (CutAfter(2), [json_head(3), *pieces(b"al"), Drop()]),
        (Stall(), [json_head(3), Hang()]),
        (ResetConnection(0), [json_head(3), Reset()]),
    ],
)
def test_a_fault_in_a_whole_answer(fault: Fault | None, acts: list[Act]) -> None:
    assert list(acts_of(WHOLE, fault, {})) == acts


def test_an_error_status_has_the_providers_body_and_its_wish() -> None:
    head, piece, end = acts_of(STREAM, Status(429, retry_after=1.5), {"x-request-id": "7"})
    assert head == Head(
        429,
        {
            "content-type": "application/json",
            "content-length": "7",
            "retry-after": "1.5",
            "x-request-id": "7",
        },
    )
    assert [piece, end] == [Piece(b"refused"), End()]
    assert Piece(b"busy") in acts_of(WHOLE, Status(503, body="busy"), {})


def test_a_slow_drip_waits_before_every_byte() -> None:
    acts = list(acts_of(STREAM, SlowDrip(0.5), {}))
    assert acts[:4] == [HEAD, Wait(0.5), Piece(b"o"), Wait(0.5)]
    assert b"".join(act.data for act in acts if isinstance(act, Piece)) == b"onetwoend"
    assert acts[-1] == End()


def test_only_delays_leave_an_answer_whole() -> None:
    assert not spoils(None)
    assert not spoils(Delay(1))
    assert not spoils(SlowDrip(1))
    assert spoils(Status(500))
    assert spoils(CutAfter(10**9))
