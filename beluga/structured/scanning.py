"""Reading what is nearly JSON, and writing it as JSON.

One pass from left to right, no way back: the work is linear in the text. Nothing is invented: what
is not closed stays broken, and what cannot be told for sure is refused.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final, Literal, TypeAlias

import msgspec

from beluga.structured.repairs import RepairKind

__all__ = ["DEEPEST", "LONGEST_NUMBER", "Broken", "Mended", "mend"]

DEEPEST: Final = 200
"""The most containers inside each other."""

LONGEST_NUMBER: Final = 400
"""The most characters of a number."""

# Every repetition is possessive, so that what does not match costs one look at each character.
_TOKEN: Final = re.compile(
    r"""
      (?P<space>[\ \t\r\n\ufeff\u00a0]++)
    | (?P<mark>[{}\[\]:,])
    | (?P<string>"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+")
    | (?P<number>-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+(?![\w.]))
    | (?P<word>[A-Za-z_$][\w$]*+)
    | (?P<loose>"[^"\\]*+(?:\\.[^"\\]*+)*+")
    | (?P<single>'[^'\\]*+(?:\\.[^'\\]*+)*+')
    | (?P<comment>//[^\n]*+|\#[^\n]*+|/\*[^*]*+(?:\*(?!/)[^*]*+)*+\*/)
    """,
    re.VERBOSE | re.DOTALL,
)

_WORDS: Final = {"true": "true", "false": "false", "null": "null"}
_PYTHON_WORDS: Final = {"True": "true", "False": "false", "None": "null"}

_ODD: Final = re.compile(r'[\x00-\x1f"]|\\(u[0-9a-fA-F]{4}|.)', re.DOTALL)
_ESCAPES: Final = frozenset('"\\/bfnrt')

State: TypeAlias = Literal["value", "first value", "key", "first key", "colon", "after", "end"]


class Mended(msgspec.Struct, frozen=True):
    """A JSON value that was found in a text.

    Attributes:
        json: The value as JSON text.
        end: Where in the text it ends.
        kinds: What was mended, and how often.
    """

    json: str
    end: int
    kinds: Counter[RepairKind]


class Broken(msgspec.Struct, frozen=True):
    """No JSON value stands there.

    Attributes:
        reason: What is wrong.
        end: How far the text was read.
        meant: JSON was meant: an item or a string had been read by then, or something has no end.
    """

    reason: str
    end: int
    meant: bool


class _StopError(Exception):
    """The text is no JSON from here on."""


def mend(text: str, start: int) -> Mended | Broken:
    """Read the value that begins at *start*, mending what can be mended without a guess."""
    scan = _Scan(text, start)
    try:
        while scan.state != "end":
            scan.step()
    except _StopError as stop:
        return Broken(str(stop), scan.position, scan.meant)
    return Mended("".join(scan.out), scan.position, scan.kinds)


class _Scan:
    def __init__(self, text: str, start: int) -> None:
        self.text, self.position = text, start
        self.state: State = "value"
        self.out: list[str] = []
        self.kinds: Counter[RepairKind] = Counter()
        self.meant = False
        self._stack: list[str] = []

    def step(self) -> None:
        """Read one token."""
        found = _TOKEN.match(self.text, self.position)
        if found is None:
            raise _StopError(self._unreadable())
        kind, token = found.lastgroup, found.group()
        if kind == "mark":
            self._mark(token)
        elif kind == "comment":
            self.kinds["comment"] += 1
        elif kind != "space":
            self._scalar(kind, token)
        self.position = found.end()

    def _unreadable(self) -> str:
        rest = self.text[self.position : self.position + 1]
        if rest and rest not in "\"'":
            return f"{rest!r} stands where it cannot"
        self.meant = True
        return "a string has no end" if rest else "it ends before its end"

    def _mark(self, mark: str) -> None:
        state = self.state
        if mark in "{[" and state in {"value", "first value"}:
            if len(self._stack) >= DEEPEST:
                raise _StopError(f"it is nested more than {DEEPEST} deep")
            self._stack.append("}" if mark == "{" else "]")
            self.state = "first key" if mark == "{" else "first value"
        elif mark == ":" and state == "colon":
            self.state = "value"
            self.meant = True
        elif mark == "," and state == "after":
            self.state = "key" if self._stack[-1] == "}" else "value"
        elif mark in "}]" and self._stack and mark == self._stack[-1]:
            self._close()
        else:
            raise _StopError(f"{mark!r} stands where it cannot")
        self.out.append(mark)

    def _close(self) -> None:
        if self.state in {"key", "value"} and self.out[-1] == ",":
            self.out.pop()
            self.kinds["trailing_comma"] += 1
        elif self.state not in {"after", "first key", "first value"}:
            raise _StopError(f"{self._stack[-1]!r} stands where it cannot")
        self._stack.pop()
        self._after_value()

    def _after_value(self) -> None:
        self.state = "after" if self._stack else "end"
        self.meant = True

    def _scalar(self, kind: str | None, token: str) -> None:
        if self.state in {"key", "first key"}:
            self.out.append(self._key(kind, token))
            self.state = "colon"
        elif self.state in {"value", "first value"}:
            self.out.append(self._value(kind, token))
            self._after_value()
        else:
            raise _StopError(f"{token[:20]!r} stands where it cannot")

    def _key(self, kind: str | None, token: str) -> str:
        if kind == "word":
            self.kinds["unquoted_key"] += 1
            return f'"{token}"'
        if kind == "number":
            raise _StopError(f"{token[:20]!r} is no name")
        return self._string(kind, token)

    def _value(self, kind: str | None, token: str) -> str:
        if kind == "word":
            return self._word(token)
        if kind == "number":
            if len(token) > LONGEST_NUMBER:
                raise _StopError(f"a number has more than {LONGEST_NUMBER} characters")
            return token
        return self._string(kind, token)

    def _word(self, word: str) -> str:
        if word in _WORDS:
            return word
        if word not in _PYTHON_WORDS:
            raise _StopError(f"{word[:20]!r} stands where it cannot")
        self.kinds["python_constant"] += 1
        return _PYTHON_WORDS[word]

    def _string(self, kind: str | None, token: str) -> str:
        self.meant = True
        if kind == "string":
            return token
        if kind == "single":
            self.kinds["single_quotes"] += 1
        return '"' + _ODD.sub(self._plain, token[1:-1]) + '"'

    def _plain(self, odd: re.Match[str]) -> str:
        """Write as JSON has it what stands in a string and JSON does not have."""
        escaped = odd[1]
        if escaped is None:
            if odd[0] == '"':
                return '\\"'
            self.kinds["control_character"] += 1
            return f"\\u{ord(odd[0]):04x}"
        if escaped in _ESCAPES or len(escaped) > 1:
            return odd[0]
        if escaped != "'":
            raise _StopError(f"\\{escaped} is no escape of JSON")
        self.kinds["escape"] += 1
        return "'"
