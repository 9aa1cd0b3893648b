"""Server-sent events, by the standard's own examples, and what bounds them.

The examples are those of section 9.2.6 of the WHATWG HTML standard.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beluga.errors import ProviderDownError
from beluga.transport.sse import SseEvent, SseReader

EXAMPLES: dict[bytes, list[SseEvent]] = {
    b"data: YHOO\ndata: +2\ndata: 10\n\n": [SseEvent(b"YHOO\n+2\n10")],
    b": test stream\n\ndata: first event\nid: 1\n\n"
    b"data:second event\nid\n\ndata:  third event\n\n": [
        SseEvent(b"first event"),
        SseEvent(b"second event"),
        SseEvent(b" third event"),
    ],
    b"data\n\ndata\ndata\n\n": [SseEvent(b""), SseEvent(b"\n")],
    b"data:test\n\ndata: test\n\n": [SseEvent(b"test"), SseEvent(b"test")],
    b"event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\n": [
        SseEvent(b"73857293", b"add"),
        SseEvent(b"2153", b"remove"),
    ],
}

OTHERS: dict[bytes, list[SseEvent]] = {
    b"event: add\nevent\ndata: 1\n\n": [SseEvent(b"1")],  # a field without a colon has no value
    b"event: add\n\ndata: 1\n\n": [SseEvent(b"1")],
    b"\xef\xbb\xbfdata: 1\r\rdata: 2\r\n\r\n": [SseEvent(b"1"), SseEvent(b"2")],
    "data: a\u2028b\x0bc\x85\n\n".encode(): [SseEvent("a\u2028b\x0bc\x85".encode())],
    b"data: not ended": [SseEvent(b"not ended")],
    b"database: 1\nevents: 2\n\n": [],
}


def _joined(lines: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join([part for line in lines for part in line])


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
@pytest.mark.parametrize(("stream", "events"), [*EXAMPLES.items(), *OTHERS.items()])
def test_a_stream_gives_its_events_however_it_is_cut(
    stream: bytes, events: list[SseEvent], size: int
) -> None:
    reader = SseReader()
    found = [e for at in range(0, len(stream), size) for e in reader.feed(stream[at : at + size])]
    assert found + reader.close() == events


ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])
LINES = st.sampled_from(
    [b"data: ", b"data: 1", b"data:2", b"event: e", b"", b": no", b"data: 3 \xc2"]
)


@given(st.lists(st.lists(st.tuples(LINES, ENDS), min_size=1).map(_joined), max_size=6))
def test_the_cuts_between_pieces_change_nothing(pieces: list[bytes]) -> None:
    """A piece that is one whole event takes a short way, with every kind of line end."""
    first = b"data: 0\n\n"
    whole, cut = SseReader(), SseReader()
    expected = whole.feed(b"".join([first, *pieces])) + whole.close()
    assert [e for piece in (first, *pieces) for e in cut.feed(piece)] + cut.close() == expected


@pytest.mark.parametrize("line", [b"data: 1234567\n", b"data\n", b"data:\n", b"data: 12345"])
def test_an_event_that_never_ends_is_refused(line: bytes) -> None:
    reader = SseReader(cap=1000)
    with pytest.raises(ProviderDownError, match="over 1000 bytes"):
        for _ in range(2000):
            reader.feed(line)
