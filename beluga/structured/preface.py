"""What comes before the JSON of an answer that is read as it comes."""

from __future__ import annotations

import re
from typing import Final

from beluga.structured.packaging import THINKING

__all__ = ["Preface"]

_TAGS: Final = tuple([f"<{tag}>" for tag in THINKING])
_TAG: Final = re.compile("|".join(_TAGS))
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
        position = 0
        while position < len(text):
            step = self._think if self._thinking else self._look
            position, found = step(text, position)
            if found:
                return text[position:]
        return None

    def _think(self, text: str, position: int) -> tuple[int, bool]:
        """Pass over thoughts, up to their closing tag."""
        closing = _CLOSING.search(text, position)
        if closing is None:
            self._held = text[max(position, len(text) - _LONGEST) :]
            return len(text), False
        self._thinking = False
        return closing.end(), False

    def _look(self, text: str, position: int) -> tuple[int, bool]:
        """Look at one line, and say whether the value begins there."""
        if self._at_line_start:
            position = _skip(text, position)
            first = text[position : position + 1]
            if not first or first in "{[" or (first == '"' and self._at_start):
                return position, bool(first)
            if self._at_start and first == "<":
                tag = _TAG.match(text, position)
                if tag is not None:
                    self._thinking = True
                    return tag.end(), False
                if any(tag.startswith(text[position : position + _LONGEST]) for tag in _TAGS):
                    self._held = text[position:]
                    return len(text), False
        newline = text.find("\n", position)
        self._at_start, self._at_line_start = False, newline >= 0
        return (newline + 1 if newline >= 0 else len(text)), False


def _skip(text: str, position: int) -> int:
    found = _SKIPPED.match(text, position)
    return position if found is None else found.end()
