"""What a tool returns, as what a model is given."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import TypeAlias

import msgspec

from beluga.schema import Part, TextPart

__all__ = ["Content", "content_of", "shortened"]

Content: TypeAlias = str | tuple[Part, ...]


def content_of(result: object) -> Content:
    """Return the content of a message that tells *result*.

    A text stays as it is, parts (an image, say) stay parts, and everything else becomes JSON;
    `None` is `null`.

    Raises:
        TypeError: JSON cannot say it.
    """
    if isinstance(result, str):
        return _readable(str(result.value if isinstance(result, Enum) else result))
    if isinstance(result, Part):
        return (result,)
    if isinstance(result, list | tuple) and any(isinstance(one, Part) for one in result):
        return tuple([_part(one) for one in result])
    return msgspec.json.encode(result, enc_hook=_plain).decode()


def shortened(content: Content, most: int | None) -> Content:
    """Return *content* with at most *most* characters of text, and a word on what was cut."""
    if most is None:
        return content
    if isinstance(content, str):
        return content if len(content) <= most else _cut(content, most, len(content))
    total = sum([len(part.text) for part in content if isinstance(part, TextPart)])
    return content if total <= most else tuple(_cut_parts(content, most, total))


def _cut_parts(content: Sequence[Part], most: int, total: int) -> list[Part]:
    kept: list[Part] = []
    left: int | None = most
    for part in content:
        if not isinstance(part, TextPart):
            kept.append(part)
        elif left is not None and len(part.text) > left:
            text = _cut(part.text, left, total, shown=most)
            kept.append(msgspec.structs.replace(part, text=text, citations=()))
            left = None
        elif left is not None:
            kept.append(part)
            left -= len(part.text)
    return kept


def _cut(text: str, most: int, total: int, shown: int | None = None) -> str:
    shown = most if shown is None else shown
    return f"{text[:most]}\n[cut: this is {shown:,} of {total:,} characters]"


def _readable(text: str) -> str:
    """Return *text* as UTF-8 can say it; names of files may hold halves of characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return text


def _part(one: object) -> Part:
    if isinstance(one, Part):
        return one
    if isinstance(one, str):
        return TextPart(one)
    raise TypeError(f"parts stand beside parts and texts only, not {type(one).__name__}")


def _plain(value: object) -> object:
    """Return what msgspec can encode in place of *value*: pydantic's models tell themselves."""
    dump = getattr(value, "model_dump", None)
    if callable(dump) and not isinstance(value, type):
        return dump(mode="json")
    raise TypeError(f"JSON cannot say a {type(value).__name__}")
