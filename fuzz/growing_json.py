# Text in any cut gives the same views and tells the same, and what is complete is what the text says.
"""Values that grow while they are read."""

from __future__ import annotations

import json
from collections.abc import Sequence

from beluga.schemas import codec_for
from beluga.structured.partial import Partial
from beluga.structured.reading import JsonReader
from beluga.structured.tree import PartialEvent, TextGrew, Tree
from beluga.structured.undoing import Undoing
from fuzz.harness import Harness

CODEC = codec_for(
    {
        "type": "object",
        "properties": {
            "a": {"type": "integer"},
            "b": {"type": "object", "additionalProperties": {"$ref": "#/$defs/X"}},
            "c": {"type": "array", "prefixItems": [{"type": "string"}, {}], "items": False},
        },
        "required": ["a"],
        "$defs": {"X": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"$ref": "#/$defs/X"}}]}},
    },
    "openai",
)  # fmt: skip
PLAIN = codec_for({}, "plain")


def check(whole: bytes, pieces: Sequence[bytes]) -> None:
    text = whole.decode("utf-8", "replace")
    cut = _as_text(text, pieces)
    for codec in (CODEC, PLAIN):
        expected, told, reader = read([text], codec)
        views, events, _ = read(cut, codec)
        assert (views[-1] if views else None) == (expected[-1] if expected else None)
        assert events == told
        if codec is PLAIN and reader.is_done and text.lstrip("\ufeff \t\r\n")[:1] in {"{", "["}:
            start = text.lstrip("\ufeff \t\r\n")
            value, _ = json.JSONDecoder().raw_decode(start)
            assert expected[-1].as_json() == value


def read(
    pieces: Sequence[str], codec: object
) -> tuple[list[Partial[object]], list[PartialEvent], JsonReader]:
    tree = Tree(told=True)
    reader = JsonReader(Undoing(tree, codec))  # type: ignore[arg-type]  # one of the two above
    views: list[Partial[object]] = []
    events: list[PartialEvent] = []
    for piece in pieces:
        reader.feed(piece)
        views.append(tree.view())
        for event in tree.take_events():
            last = events[-1] if events else None
            if (
                isinstance(event, TextGrew)
                and isinstance(last, TextGrew)
                and event.path == last.path
            ):
                events[-1] = TextGrew(event.path, last.text + event.text)
            else:
                events.append(event)
    return views, events, reader


def _as_text(text: str, pieces: Sequence[bytes]) -> list[str]:
    """Cut the text about where the bytes are cut."""
    cut, position = [], 0
    for piece in pieces:
        cut.append(text[position : position + len(piece)])
        position += len(piece)
    return [*cut, text[position:]]


HARNESS = Harness(
    [
        b'{"a": 1', b'"b": [{"key": "k", "value": ', b'"c": {"item0": "x", "item1": ', b'"{}"', b"{", b"}", b"[",
        b"]", b",", b":", b'"', b'"k"', b'"key"', b'"value"', b"null", b"true", b"12", b"-1e3", b"\\n", b"\\u00e9",
        b"\\ud83d\\ude00", b"\\ud83d", b"\\", b"\n", b" ", b"<think>", b"</think>", b"```json\n", b"x",
    ],
    check,
)  # fmt: skip
