"""Event streams are read in any cut, and damage loses nothing that came before it."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from zlib import crc32

import pytest

from beluga.transport.eventstream import EventStreamMessage, EventStreamReader


def framed(headers: bytes, payload: bytes) -> bytes:
    lengths = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    body = lengths + struct.pack(">I", crc32(lengths)) + headers + payload
    return body + struct.pack(">I", crc32(body))


def text_header(name: str, value: str) -> bytes:
    encoded = value.encode()
    return bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(encoded)) + encoded


def message(payload: bytes, **headers: str) -> bytes:
    written = [text_header(f":{name.replace('_', '-')}", value) for name, value in headers.items()]
    return framed(b"".join(written), payload)


# From the specification: a message without headers, one with a payload, one with both.
VECTORS: Mapping[str, tuple[str, EventStreamMessage]] = {
    "empty": (
        "000000100000000005c248eb7d98c8ff",
        EventStreamMessage({}, b""),
    ),
    "a payload": (
        "0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936",
        EventStreamMessage({}, b"{'foo':'bar'}"),
    ),
    "a number among the headers": (
        "0000002d0000001041c424b80a6576656e742d74797065040000a00c7b27666f6f273a27626172277d36f480a0",
        EventStreamMessage({}, b"{'foo':'bar'}"),
    ),
    "a text among the headers": (
        "0000003d0000002007fd8396"
        + b"\x0ccontent-type\x07\x00\x10application/json{'foo':'bar'}".hex()
        + "8d9c08b1",
        EventStreamMessage({"content-type": "application/json"}, b"{'foo':'bar'}"),
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_the_specifications_own_examples(name: str) -> None:
    wire, expected = VECTORS[name]
    assert EventStreamReader().feed(bytes.fromhex(wire)) == [expected]


def test_headers_of_every_type_are_passed_over_but_texts() -> None:
    others = {0: b"", 1: b"", 2: b"a", 3: b"ab", 4: b"abcd", 5: b"12345678", 8: b"12345678"}
    written = b"".join([b"\x01x" + bytes([kind]) + value for kind, value in others.items()])
    written += b"\x01y\x06\x00\x03abc" + b"\x01z\x09" + b"u" * 16 + text_header("k", "ü")
    assert EventStreamReader().feed(framed(written, b"!")) == [EventStreamMessage({"k": "ü"}, b"!")]


def test_any_cut_gives_the_same_messages() -> None:
    stream = message(b"{}", event_type="a") + message(b"", event_type="b") + message(b"[1]")
    whole = EventStreamReader().feed(stream)
    for size in range(1, len(stream)):
        reader = EventStreamReader()
        cut = [m for i in range(0, len(stream), size) for m in reader.feed(stream[i : i + size])]
        assert cut == whole
        assert not reader.is_within_message


def test_a_message_that_has_begun_is_known() -> None:
    reader = EventStreamReader()
    assert reader.feed(message(b"{}")[:-1]) == []
    assert reader.is_within_message
    assert reader.failure is None


GOOD = message(b"{}", event_type="a")


@pytest.mark.parametrize(
    ("damaged", "said"),
    [
        (GOOD[:9] + b"\xff" + GOOD[10:], "lengths"),
        (GOOD[:-1] + bytes([GOOD[-1] ^ 1]), "checksum of a message is wrong"),
        (GOOD[:14] + b"?" + GOOD[15:], "checksum of a message is wrong"),
        (b"HTTP/1.1 502 Bad Gateway", "lengths"),
        (framed(b"\x05ab", b""), "headers"),
        (framed(b"\x01a\x0b", b""), "headers"),
        (framed(b"\x01a\x07\x00\x09b", b""), "headers"),
        (framed(b"\x01a\x07\x00\x01\xff", b""), "headers"),
    ],
)
def test_damage_is_told_and_what_came_before_is_kept(damaged: bytes, said: str) -> None:
    reader = EventStreamReader()
    assert reader.feed(GOOD + damaged + GOOD) == [EventStreamMessage({":event-type": "a"}, b"{}")]
    assert reader.failure is not None
    assert reader.failure.code == "provider_unavailable"
    assert reader.failure.retryable
    assert said in reader.failure.message
    assert reader.feed(GOOD) == []


def test_a_message_longer_than_the_cap_is_not_waited_for() -> None:
    reader = EventStreamReader(cap=100)
    assert reader.feed(message(b"x" * 101)[:12]) == []
    assert reader.failure is not None
    assert "100" in reader.failure.message


def test_lengths_that_contradict_each_other_are_damage() -> None:
    lengths = struct.pack(">II", 16, 1)
    reader = EventStreamReader()
    reader.feed(lengths + struct.pack(">I", crc32(lengths)))
    assert reader.failure is not None
