"""What the parts of the compiler know of each other."""

from __future__ import annotations

import re
from typing import Any, Final, Protocol

import msgspec

from beluga.schemas.merging import Raw
from beluga.schemas.rules import Rules
from beluga.schemas.walk import Shape

__all__ = ["Builder", "Built", "Words", "child", "definition_name", "free"]

_SHOWN: Final = ("default", "deprecated", "example", "examples", "readOnly", "writeOnly")
_MOST_LETTERS: Final = 400


class Words:
    """What is said of a place in words: its own, and what no keyword on this wire can say."""

    def __init__(self, schema: Raw) -> None:
        self._schema = schema
        self._left: dict[str, Any] = {}
        self._note = ""

    def leave(self, keyword: str, value: object) -> None:
        """Say by words what *keyword* would have said."""
        self._left[keyword] = value

    def note(self, text: str) -> None:
        """Say something else."""
        self._note = text

    def keywords(self) -> Raw:
        """Return the title and the description."""
        kept: Raw = {}
        if isinstance(self._schema.get("title"), str):
            kept["title"] = self._schema["title"]
        said = [self._note] if self._note else []
        said += [
            f"{k}: {_shown(self._schema[k])}" for k in _SHOWN if self._schema.get(k) is not None
        ]
        said += [f"{keyword}: {_shown(value)}" for keyword, value in self._left.items()]
        description = str(self._schema.get("description") or "").strip()
        if said:
            description = f"{description} ({'; '.join(said)})".strip()
        if description:
            kept["description"] = description
        return kept


class Built(msgspec.Struct, frozen=True):
    """A place as it goes out, and its shape."""

    wire: Raw
    shape: Shape


class Builder(Protocol):
    """What builds one place of a schema; the compiler."""

    rules: Rules

    def build(self, raw: Any, at: str, depth: int) -> Built:
        """Build the place that *raw* describes, which is at the JSON pointer *at*."""

    def build_property(self, raw: Any, at: str, depth: int) -> tuple[Built, bool]:
        """Build a property; the flag tells that it must not be required."""

    def takes_null(self, raw: Any) -> bool:
        """Whether null is one of the values of *raw*."""

    def move(self, words: Words, keyword: str, value: object, at: str) -> None:
        """Say a constraint in words, and note that nobody enforces it."""


def child(at: str, *steps: str | int) -> str:
    """Return the JSON pointer to what is below *at*."""
    return at + "".join("/" + str(s).replace("~", "~0").replace("/", "~1") for s in steps)


def free(name: str, taken: object) -> str:
    """Return *name*, or what is made of it, that is not among *taken*."""
    known: Any = taken
    number, found = 2, name
    while found in known:
        found, number = f"{name}_{number}", number + 1
    return found


def definition_name(pointer: str) -> str:
    """Return a name for what a JSON pointer leads to."""
    last = re.sub(r"[^a-zA-Z0-9_-]+", "_", pointer.rpartition("/")[2])
    return last[:60] or "root"


def _shown(value: object) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]}…"
