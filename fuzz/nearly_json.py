# What is mended is strict JSON, values come only from text that the type's decoder takes, and pieces of text
# around an answer never make another answer of it.
"""What is nearly JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec

from beluga.structured.parsing import Parsed, parse
from beluga.structured.scanning import Mended, mend
from fuzz.harness import Harness


class Item(msgspec.Struct):
    a: int
    b: str = ""
    c: list[Item] = []


_decode = msgspec.json.Decoder(Item).decode


def check(whole: bytes, pieces: Sequence[bytes]) -> None:
    text = whole.decode("utf-8", "replace")
    mended = mend(text, 0)
    if isinstance(mended, Mended):
        json.loads(mended.json, parse_constant=_no_constant)
        assert 0 < mended.end <= len(text)
    parsed = parse(text, _decode)
    if isinstance(parsed, Parsed):
        assert _decode(parsed.json) == parsed.value
        thought = parse(f"<think>{{'a': 0}}</think>\n{text}", _decode)
        assert not isinstance(thought, Parsed) or thought.value == parsed.value
    for piece in pieces:
        parse(piece.decode("utf-8", "replace"), _decode)


def _no_constant(name: str) -> None:
    raise AssertionError(f"JSON has no {name}")


HARNESS = Harness(
    [
        b"{", b"}", b"[", b"]", b":", b",", b'"a"', b"'b'", b'"a": 1', b"'a': 1", b'{"a": 1}', b"a: 1", b'"b": "x"',
        b'"c": [', b'"', b"'", b"\\", b'\\"', b"\\u00e9", b"//", b"/*", b"*/", b"#", b"\n", b" ", b"None", b"True",
        b"NaN", b"-1.5e3", b"```json\n", b"```", b"<think>", b"</think>", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"so: ",
    ],
    check,
)  # fmt: skip
