"""What models put around the JSON that they were asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from beluga.structured.repairs import RepairKind

__all__ = ["THINKING", "unpack"]

THINKING: Final = ("think", "thinking", "thought", "reasoning")
"""Tags in which open models think aloud before they answer."""

_BOM: Final = "\ufeff"
_OPENING: Final = re.compile(rf"<({'|'.join(THINKING)})>")
_CLOSING: Final = re.compile(rf"</(?:{'|'.join(THINKING)})>")
_FENCE: Final = re.compile(r"^[ \t]*(?:```|~~~)[^\n`]*$", re.MULTILINE)
_JSON_BEGINS: Final = ("{", "[", '"')


def unpack(text: str) -> tuple[str, list[RepairKind]]:
    """Return the part of *text* that should be JSON, and what was taken away around it."""
    kinds: list[RepairKind] = []
    body = text.strip()
    if body.startswith(_BOM):
        kinds.append("byte_order_mark")
        body = body.lstrip(_BOM).lstrip()
    thought = _after_thinking(body)
    if thought is not None:
        kinds.append("thinking")
        body = thought.strip()
    fenced = _in_fence(body)
    if fenced is not None:
        kinds.extend(fenced[1])
        body = fenced[0].strip()
    return body, kinds


def _after_thinking(text: str) -> str | None:
    """Return what comes after the thoughts; some models are made to begin inside of them."""
    opening = _OPENING.match(text)
    if opening is None and text.startswith(_JSON_BEGINS):
        return None
    closing = _CLOSING.search(text)
    if closing is not None:
        return text[closing.end() :]
    return "" if opening is not None else None


def _in_fence(text: str) -> tuple[str, Iterable[RepairKind]] | None:
    """Return what the only fenced block of *text* holds; one that is not closed has no end."""
    if text.startswith(_JSON_BEGINS):
        return None
    marks = list(_marks(text))
    if not 1 <= len(marks) <= 2:
        return None
    start, end = marks[0].end(), marks[1].start() if len(marks) == 2 else len(text)
    around = text[: marks[0].start()].strip() or text[marks[-1].end() :].strip()
    return text[start:end], ("fence", "prose") if around and len(marks) == 2 else ("fence",)


def _marks(text: str) -> Iterable[re.Match[str]]:
    """Give the first three lines that open or close a block; more would not be read."""
    for count, mark in enumerate(_FENCE.finditer(text)):
        if count == 3:
            return
        yield mark
