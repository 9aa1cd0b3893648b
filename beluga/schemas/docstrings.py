"""What a docstring says of a thing, and of each of its fields."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Final

import msgspec

from beluga.schemas.docstring_styles import as_google

__all__ = ["Docstring", "parse_docstring"]

_SECTION: Final = re.compile(
    r"(Args|Arguments|Parameters|Attributes|Keyword Args|Other Parameters|Returns?|Yields?|Raises"
    r"|Examples?|Notes?|References|See Also|Todo|Warnings?|Warns|Tip|Important|Usage):\s*"
)
_OF_FIELDS: Final = frozenset(
    {"Args", "Arguments", "Parameters", "Attributes", "Keyword Args", "Other Parameters"}
)
_FIELD: Final = re.compile(r"\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:(?:\s+(.*)|$)")


class Docstring(msgspec.Struct, frozen=True):
    """A docstring's parts.

    Attributes:
        text: What stands before the first section.
        fields: What the sections `Args` and `Attributes` say, by name.
    """

    text: str = ""
    fields: dict[str, str] = {}


def parse_docstring(text: str | None) -> Docstring:
    """Split *text* into what it says of the whole and of each field; indentation does not count.

    It may be in the style of Google, NumPy or Sphinx.
    """
    if not text:
        return Docstring()
    before: list[str] = []
    fields: dict[str, str] = {}
    for title, lines in _sections(as_google(inspect.cleandoc(text).splitlines())):
        if title is None:
            before = lines
        elif title in _OF_FIELDS:
            fields.update(_fields(lines))
    return Docstring("\n".join(before).strip(), fields)


def _sections(lines: list[str]) -> Iterator[tuple[str | None, list[str]]]:
    title: str | None = None
    body: list[str] = []
    for line in lines:
        found = _SECTION.fullmatch(line)
        if found is None:
            body.append(line)
            continue
        yield title, body
        title, body = found.group(1), []
    yield title, body


def _fields(lines: list[str]) -> Iterator[tuple[str, str]]:
    name, said = "", list[str]()
    for line in inspect.cleandoc("\n" + "\n".join(lines)).splitlines():
        found = None if line.startswith((" ", "\t")) else _FIELD.match(line)
        if found is None:
            said.append(line.strip())
            continue
        if name:
            yield name, _joined(said)
        name, said = found.group(1), [found.group(2) or ""]
    if name:
        yield name, _joined(said)


def _joined(lines: list[str]) -> str:
    return " ".join(line for line in lines if line)
