"""What an answer rests on, in Cohere's form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from beluga.dialects.cohere.wire import CitationWire
from beluga.schema import Citation, JsonValue

__all__ = ["CitationList"]

_decode: Final = msgspec.json.Decoder(CitationWire, strict=False).decode


class CitationList:
    """Gather citations, and tell which block of text each belongs to.

    Attributes:
        others: Those of a plan or of a thought, which are no text.
    """

    def __init__(self) -> None:
        self.others: list[JsonValue] = []
        self._of_text: list[tuple[int | None, Citation]] = []

    def take(self, raw: msgspec.Raw) -> None:
        """Take in a list of citations, or a single one as a stream brings it."""
        data = bytes(raw)
        if data.startswith(b"["):
            for item in msgspec.json.decode(data, type=list[msgspec.Raw]):
                self._take(bytes(item))
        elif data.startswith(b"{"):
            self._take(data)

    def by_place(self, places: Sequence[int]) -> dict[int, list[Citation]]:
        """Return the citations of each of the blocks of text.

        One that points to none of them belongs to the last, which is the answer proper.
        """
        cited: dict[int, list[Citation]] = {}
        known = frozenset(places)
        for place, citation in self._of_text:
            home = place if place is not None and place in known else places[-1]
            cited.setdefault(home, []).append(citation)
        return cited

    def _take(self, data: bytes) -> None:
        try:
            wire = _decode(data)
        except msgspec.ValidationError:
            wire = CitationWire()  # what cannot be read is still there as it is
        if wire.type in (None, "TEXT_CONTENT"):
            self._of_text.append((wire.content_index, _citation(wire, data.decode())))
        else:
            self.others.append(msgspec.json.decode(data))


def _citation(wire: CitationWire, raw: str) -> Citation:
    documents = [source.document for source in wire.sources or () if source.document is not None]
    urls = [url for document in documents if isinstance(url := document.get("url"), str)]
    titles = [title for document in documents if isinstance(title := document.get("title"), str)]
    return Citation(
        url=urls[0] if urls else None,
        title=titles[0] if titles else None,
        text=wire.text,
        start=wire.start,
        end=wire.end,
        raw=raw,
    )
