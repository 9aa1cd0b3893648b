"""What comes before the JSON of an answer that is read as it comes."""

from __future__ import annotations

import re
from typing import Final

from beluga.structured.packaging import THINKING

__all__ = ["Preface"]

_TAGS: Final = tuple([f"<{tag}>" for tag in THINKING])
_CLOSING: Final = re.compile(rf"</(?:{'|'.join(THINKING)})>")
_LONGEST: Final = max(map(len, _TAGS)) + 1
_SKIPPED: Final = re.compile(r"[ \t\r\n\ufeff]*+")


class Preface:
    """Pass over a text until the value begins.

    It begins with the first brace or bracket that stands at the beginning of a line, or with a
    quotation mark at the very beginning. Thoughts in tags that come first are passed over.
    """

    def __init__(self) -> None:
        self._held = ""
        self._thinking = False
        self._at_start, self._at_line_start = True, True

    def feed(self, text: str) -> str | None:
        """Take in more text; return what there is from the value's beginning on, or nothing."""
        text, self._held = self._held + text, ""
        if self._thinking:
            closing = _CLOSING.search(text)
            if closing is None:
                self._held = text[-_LONGEST:]
                return None
            text, self._thinking = text[closing.end() :], False
        return self._search(text)

    def _search(self, text: str) -> str | None:
        position = 0
        while position < len(text):
            if self._at_line_start:
                position = _skip(text, position)
                first = text[position : position + 1]
                if not first:
                    return None
                if first in "{[" or (first == '"' and self._at_start):
                    return text[position:]
                if self._at_start and first == "<" and self._might_think(text[position:]):
                    return self.feed("") if self._thinking else None
            newline = text.find("\n", position)
            self._at_start, self._at_line_start = False, newline >= 0
            position = newline + 1 if newline >= 0 else len(text)
        return None

    def _might_think(self, text: str) -> bool:
        """Hold a text that is, or may become, a tag and what follows it."""
        tags = [tag for tag in _TAGS if text.startswith(tag)]
        if not tags and not any(tag.startswith(text) for tag in _TAGS):
            return False
        self._thinking = bool(tags)
        self._held = text[len(tags[0]) :] if tags else text
        return True


def _skip(text: str, position: int) -> int:
    found = _SKIPPED.match(text, position)
    return position if found is None else found.end()
