"""What an answer rests on: Gemini's sources, as citations of the texts they support."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Final, TypeAlias

import msgspec

from beluga.dialects.gemini.wire import Citations, Grounding, Segment, Source
from beluga.schema import Citation

__all__ = ["cited", "grounded"]

Place: TypeAlias = tuple[int, int, int]
"""Which text, its first character, and one past the last."""

_decode_grounding: Final = msgspec.json.Decoder(Grounding, strict=False).decode
_decode_source: Final = msgspec.json.Decoder(dict[str, Source]).decode


class _Repeated(msgspec.Struct, rename="camel"):
    start_index: int = 0
    end_index: int | None = None
    uri: str | None = None
    title: str | None = None


_decode_repeated: Final = msgspec.json.Decoder(_Repeated, strict=False).decode


def grounded(raw: bytes, texts: Sequence[str]) -> Mapping[int, Sequence[Citation]]:
    """Return the citations of each text, by its number, that grounding metadata tells of.

    Sources that support nothing in particular are cited by the last text as a whole.

    Args:
        raw: The metadata, as JSON.
        texts: The texts of the answer.
    """
    grounding = _decode_grounding(raw)
    sources = [_source(chunk) for chunk in grounding.grounding_chunks or ()]
    ruler = _Ruler(texts)
    found: dict[int, list[Citation]] = defaultdict(list)
    if not texts:
        return found
    if not grounding.grounding_supports:
        found[len(texts) - 1] += sources
    for support in grounding.grounding_supports or ():
        place = ruler.find(support.segment) if support.segment is not None else None
        for number in support.grounding_chunk_indices or ():
            if 0 <= number < len(sources):
                index, citation = _at(sources[number], place, len(texts) - 1)
                found[index].append(citation)
    return {index: citations for index, citations in found.items() if citations}


def cited(wire: Citations, texts: Sequence[str]) -> Iterator[tuple[int, Citation]]:
    """Yield the texts, by number, and what they repeat word for word."""
    ruler = _Ruler(texts)
    for raw in (wire.citations or wire.citation_sources or ()) if texts else ():
        repeated = _decode_repeated(raw)
        segment = Segment(start_index=repeated.start_index, end_index=repeated.end_index)
        citation = Citation(url=repeated.uri, title=repeated.title, raw=bytes(raw).decode())
        yield _at(citation, ruler.find(segment), len(texts) - 1)


def _at(citation: Citation, place: Place | None, otherwise: int) -> tuple[int, Citation]:
    if place is None:
        return otherwise, citation
    index, start, end = place
    return index, msgspec.structs.replace(citation, start=start, end=end)


def _source(raw: msgspec.Raw) -> Citation:
    try:
        kinds = list(_decode_source(raw).values())
    except msgspec.ValidationError:
        kinds = []
    source = kinds[0] if kinds else Source()
    return Citation(url=source.uri, title=source.title, text=source.text, raw=bytes(raw).decode())


class _Ruler:
    """Turn places in bytes of an answer into characters of one of its texts.

    Gemini counts from the start of a part, but it counts the pieces of a stream as one part, and
    parts that are no text as none; what it quotes of the place tells where it is.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._all = "".join(texts)
        self._bytes = self._all.encode("utf-8", "surrogatepass")
        self._starts = list(accumulate([len(text) for text in texts], initial=0))
        self._ends: Sequence[int] | None = None  # of each character, in bytes

    def find(self, segment: Segment) -> Place | None:
        """Return where *segment* is, or `None` if it is nowhere."""
        first, last = segment.start_index, segment.end_index
        if last is not None and 0 <= first <= last <= len(self._bytes):
            within = self._bytes[first:last]
            if segment.text is None or within == segment.text.encode("utf-8", "surrogatepass"):
                return self._place(self._character(first), self._character(last))
        if not segment.text:
            return None
        start = self._search(segment)
        return None if start < 0 else self._place(start, start + len(segment.text))

    def _search(self, segment: Segment) -> int:
        assert segment.text is not None
        part = segment.part_index if 0 <= segment.part_index < len(self._texts) else 0
        start = self._all.find(segment.text, self._starts[part])
        return start if start >= 0 else self._all.find(segment.text)

    def _place(self, start: int, end: int) -> Place | None:
        for index, text in enumerate(self._texts):
            offset = self._starts[index]
            if offset <= start < offset + len(text):
                return index, start - offset, min(end - offset, len(text))
        return None

    def _character(self, place: int) -> int:
        """Return the character that begins at, or holds, a byte."""
        if len(self._bytes) == len(self._all):
            return place
        if self._ends is None:
            self._ends = list(accumulate([_width(character) for character in self._all]))
        return bisect_left(self._ends, place) + 1 if place else 0


def _width(character: str) -> int:
    point = ord(character)
    return 1 if point < 0x80 else 2 if point < 0x800 else 3 if point < 0x10000 else 4
