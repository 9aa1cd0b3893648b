"""How many tokens texts have, each counted once."""

from __future__ import annotations

import threading
from typing import Final

from beluga.tokens.encodings import EncodingName, count

__all__ = ["Texts", "texts_of"]

_ROOM: Final = 1 << 23
"""Characters of text that are remembered of an encoding: some 8 MB of ASCII."""

_ENTRY: Final = 100
"""What remembering a text takes beside it, in bytes."""


class Texts:
    """Count texts in one encoding, and remember the counts.

    A message's text is counted once, however often its history comes again. Pieces of a text must
    not be counted one by one: the sum is up to twice what the whole has.

    Args:
        encoding: Which encoding.
        room: The most characters of all texts remembered; beyond, the oldest are forgotten.
    """

    def __init__(self, encoding: EncodingName, room: int = _ROOM) -> None:
        self._encoding: EncodingName = encoding
        self._room = self._left = room
        self._known: dict[str, int] = {}
        self._lock = threading.Lock()

    def count(self, text: str) -> int:
        """Return how many tokens *text* has."""
        known = self._known.get(text)
        if known is not None:
            return known
        tokens = count(text, self._encoding)
        if len(text) + _ENTRY <= self._room:
            self._remember(text, tokens)
        return tokens

    def __contains__(self, text: str) -> bool:
        return text in self._known

    def _remember(self, text: str, tokens: int) -> None:
        with self._lock:
            if text in self._known:
                return
            while self._left < len(text) + _ENTRY:
                oldest = next(iter(self._known))
                del self._known[oldest]
                self._left += len(oldest) + _ENTRY
            self._known[text] = tokens
            self._left -= len(text) + _ENTRY


_TEXTS: Final[dict[EncodingName, Texts]] = {name: Texts(name) for name in ("o200k", "cl100k")}


def texts_of(encoding: EncodingName) -> Texts:
    """Return what counts texts in *encoding*, for the whole process."""
    return _TEXTS[encoding]
