"""Reading JSON as it comes: text in any cut, a sink that is told what each piece brings.

Every character is looked at once. The text before the value is passed over in the way the ladder
does it; text that is no strict JSON ends the reading, and whoever listens keeps what it has.
"""

from __future__ import annotations

import re
from typing import Final, Literal, Protocol, TypeAlias

import msgspec

from beluga.schema import JsonValue
from beluga.structured.preface import Preface
from beluga.structured.scanning import DEEPEST, LONGEST_NUMBER

__all__ = ["JsonReader", "Sink"]

State: TypeAlias = Literal[
    "preface", "value", "first value", "key", "first key", "colon", "after", "text", "name",
    "scalar", "done", "lost",
]  # fmt: skip

_SPACE: Final = re.compile(r"[ \t\r\n]*+")
_RUN: Final = re.compile(r'[^"\\\x00-\x1f]*+')
_SCALAR: Final = re.compile(r"[-+.\w]*+")
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_SIMPLE: Final = {
    '"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t",
}  # fmt: skip


class Sink(Protocol):
    """Who is told what a text holds. Whatever returns a bool says whether to go on."""

    def open_object(self) -> bool:
        """An object begins."""

    def open_array(self) -> bool:
        """An array begins."""

    def key(self, name: str) -> bool:
        """A member's name is known; its value is next."""

    def open_text(self) -> bool:
        """A string begins."""

    def grow_text(self, piece: str) -> None:
        """More of the string has come."""

    def close_text(self) -> bool:
        """The string is complete."""

    def scalar(self, value: JsonValue) -> bool:
        """A number, a boolean or null is complete."""

    def close(self) -> bool:
        """The innermost object or array is complete."""


class JsonReader:
    """Tell *sink* what a text holds, piece by piece."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._preface = Preface()
        self._state: State = "preface"
        self._stack: list[str] = []
        self._pieces: list[str] = []
        self._escape = ""

    @property
    def is_lost(self) -> bool:
        """Whether the text has turned out to be no strict JSON."""
        return self._state == "lost"

    @property
    def is_done(self) -> bool:
        """Whether the value is complete."""
        return self._state == "done"

    def feed(self, text: str) -> None:
        """Take in the next piece of the text."""
        if self._state == "preface":
            rest = self._preface.feed(text)
            if rest is None:
                return
            text, self._state = rest, "value"
        position, end = 0, len(text)
        while position < end and self._state not in {"done", "lost"}:
            if self._state in {"text", "name"}:
                position = self._string(text, position)
            elif self._state == "scalar":
                position = self._scalar(text, position)
            else:
                position = self._structure(text, position)

    def _structure(self, text: str, position: int) -> int:
        found = _SPACE.match(text, position)
        position = found.end() if found is not None else position
        if position == len(text):
            return position
        mark, state = text[position], self._state
        if state in {"value", "first value"}:
            return self._value(mark, position)
        if mark == '"' and state in {"key", "first key"}:
            self._state = "name"
        elif mark == ":" and state == "colon":
            self._state = "value"
        elif mark == "," and state == "after":
            self._state = "key" if self._stack[-1] == "}" else "value"
        elif mark in "}]" and self._stack[-1] == mark and state in {"after", "first key"}:
            self._close()
        else:
            self._state = "lost"
        return position + 1

    def _value(self, mark: str, position: int) -> int:
        if mark in "{[":
            is_object = mark == "{"
            going = len(self._stack) < DEEPEST and (
                self._sink.open_object() if is_object else self._sink.open_array()
            )
            self._stack.append("}" if is_object else "]")
            self._go("first key" if is_object else "first value", going)
        elif mark == '"':
            self._go("text", self._sink.open_text())
        elif mark == "]" and self._state == "first value":
            self._close()
        else:
            self._state = "scalar"
            return position
        return position + 1

    def _close(self) -> None:
        self._stack.pop()
        self._after(self._sink.close())

    def _after(self, going: bool) -> None:
        self._go("after" if self._stack else "done", going)

    def _go(self, state: State, going: bool) -> None:
        self._state = state if going else "lost"

    def _string(self, text: str, position: int) -> int:
        if self._escape:
            return self._escaped(text, position)
        found = _RUN.match(text, position)
        run = "" if found is None else found.group()
        if run:
            self._grow(run)
            position += len(run)
        if position == len(text):
            return position
        if text[position] == "\\":
            self._escape = "\\"
        elif text[position] == '"':
            self._end_string()
        else:
            self._state = "lost"
        return position + 1

    def _grow(self, piece: str) -> None:
        if self._state == "name":
            self._pieces.append(piece)
        else:
            self._sink.grow_text(piece)

    def _end_string(self) -> None:
        if self._state == "text":
            self._after(self._sink.close_text())
            return
        name = "".join(self._pieces)
        self._pieces.clear()
        self._go("colon", self._sink.key(name))

    def _escaped(self, text: str, position: int) -> int:
        """Take one character into the escape that is open."""
        self._escape += text[position]
        escape = self._escape
        if escape[1] != "u":
            self._end_escape(_SIMPLE.get(escape[1]))
        elif (len(escape) == 6 and not "\\ud800" <= escape.lower() <= "\\udfff") or len(
            escape
        ) == 12:
            self._end_escape(_unicode(escape))
        return position + 1

    def _end_escape(self, character: str | None) -> None:
        self._escape = ""
        if character is None:
            self._state = "lost"
        else:
            self._grow(character)

    def _scalar(self, text: str, position: int) -> int:
        found = _SCALAR.match(text, position)
        run = "" if found is None else found.group()
        self._pieces.append(run)
        position += len(run)
        if sum(map(len, self._pieces)) > LONGEST_NUMBER:
            self._state = "lost"
        elif position < len(text):
            token = "".join(self._pieces)
            self._pieces.clear()
            self._end_scalar(token)
        return position

    def _end_scalar(self, token: str) -> None:
        try:
            value: JsonValue = msgspec.json.decode(token)
        except (msgspec.DecodeError, ValueError):
            self._state = "lost"
            return
        self._after(self._sink.scalar(value))


def _unicode(escape: str) -> str | None:
    try:
        return msgspec.json.decode(f'"{escape}"', type=str)
    except (msgspec.DecodeError, ValueError):
        return None
