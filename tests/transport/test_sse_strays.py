"""What begins as JSON between the events of a stream is not lost."""

from __future__ import annotations

import pytest

from beluga.transport.sse import STRAY_CAP, SseReader

ERROR = b'{\n  "error": {\n    "code": 503\n  }\n}'
STREAM = b"data: 1\r\n\r\n: note\r\nid: 7\r\nretry: 1\r\n" + ERROR.replace(b"\n", b"\r\n")


@pytest.mark.parametrize("size", [1, 5, len(STREAM)])
def test_lines_of_json_are_kept_however_they_are_cut(size: int) -> None:
    reader = SseReader()
    events = [e for at in range(0, len(STREAM), size) for e in reader.feed(STREAM[at : at + size])]
    events += reader.close()
    assert [event.data for event in events] == [b"1"]
    assert reader.stray == ERROR


def test_there_is_a_bound() -> None:
    reader = SseReader()
    reader.feed(b"{%s}\n" % (b" " * 1000) * 1000)
    assert len(reader.stray) < STRAY_CAP + 2000
