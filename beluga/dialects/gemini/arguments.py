"""Arguments that come as values at JSON paths, turned into JSON text as they come.

Vertex streams the arguments of a call so, if asked to (`streamFunctionCallArguments`). The paths
are those of RFC 9535, in as much as they name one place: `$.stops[0].city`, `$['a b']`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, TypeAlias

import msgspec

from beluga.dialects.gemini.wire import ABSENT, PartialArg

__all__ = ["Arguments"]

Step: TypeAlias = str | int
Path: TypeAlias = tuple[Step, ...]

_STEP: Final = re.compile(
    r"""\.([^.\[]+) | \[(\d+)\] | \["((?:[^"\\]|\\.)*)"\] | \['((?:[^'\\]|\\.)*)'\]""",
    re.VERBOSE,
)


class Arguments:
    """Write JSON text piece by piece, for as long as the places come in the order of the text.

    Where one comes too late for its place, nothing more is given out, and the whole is put
    together at the end.
    """

    def __init__(self) -> None:
        self._text: list[str] = []
        self._given: list[tuple[Path, PartialArg]] = []
        self._open: list[_Container] = []
        self._place: Path = ()
        self._in_string = False
        self._in_order = True

    @property
    def began(self) -> bool:
        """Whether there is anything yet."""
        return bool(self._given)

    def add(self, pieces: Sequence[PartialArg]) -> str:
        """Take in values and return the text they add."""
        before = len(self._text)
        for piece in pieces:
            place = _path(piece.json_path)
            self._given.append((place, piece))
            if self._in_order and not self._write(place, piece):
                self._in_order = False
        return "".join(self._text[before:]) if self._in_order else ""

    def end(self) -> str:
        """Return the text that is still missing at the end."""
        if not self._in_order:
            return ""
        before = len(self._text)
        self._leave(0)
        if not self._text:
            self._text.append("{}")
        return "".join(self._text[before:])

    def whole(self) -> str:
        """Return the whole text; only after the end."""
        return "".join(self._text) if self._in_order else _assembled(self._given)

    def _write(self, place: Path, piece: PartialArg) -> bool:
        """Write a value where it belongs; say whether that was possible."""
        if place != self._place or not self._open:
            if not self._enter(place):
                return False
            self._place = place
        elif not self._in_string:
            return not piece.string_value  # some servers end a string that has ended with ""
        self._write_value(piece)
        return True

    def _write_value(self, piece: PartialArg) -> None:
        if piece.string_value is None:
            self._text.append(_literal(piece))
            return
        start = "" if self._in_string else '"'
        self._text.append(start + _escaped(piece.string_value))
        self._in_string = True
        if not piece.will_continue:
            self._end_string()

    def _end_string(self) -> None:
        if self._in_string:
            self._text.append('"')
            self._in_string = False

    def _enter(self, place: Path) -> bool:
        """Close and open containers until *place* is the next to be written."""
        if not place or isinstance(place[0], int):
            return False
        shared = 0
        for old, new in zip(self._place[:-1], place[:-1], strict=False):
            if old != new:
                break
            shared += 1
        self._end_string()
        self._leave(shared + 1)
        if not self._open:
            self._begin(place[0])
        for depth in range(len(self._open) - 1, len(place)):
            if not self._open[-1].takes(place[depth]):
                return False
            self._text.append(self._open[-1].key(place[depth]))
            if depth + 1 < len(place):
                self._begin(place[depth + 1])
        return True

    def _begin(self, first: Step) -> None:
        container = _Container(isinstance(first, int))
        self._text.append("[" if container.is_list else "{")
        self._open.append(container)

    def _leave(self, depth: int) -> None:
        self._end_string()
        while len(self._open) > depth:
            self._text.append("]" if self._open.pop().is_list else "}")


class _Container:
    """An object or a list that is being written."""

    def __init__(self, is_list: bool) -> None:
        self.is_list = is_list
        self._keys: set[Step] = set()

    def takes(self, step: Step) -> bool:
        """Whether *step* can come next: a new name, or the next number."""
        if self.is_list:
            return step == len(self._keys)
        return isinstance(step, str) and step not in self._keys

    def key(self, step: Step) -> str:
        """Return what stands before the value at *step*."""
        comma = "," if self._keys else ""
        self._keys.add(step)
        return comma if isinstance(step, int) else f'{comma}"{_escaped(step)}":'


def _path(text: str) -> Path:
    """Return the steps of a JSON path; one that is none is taken for a single name."""
    steps: list[Step] = []
    position = 1 if text.startswith("$") else 0
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None:
            return (text.removeprefix("$").removeprefix("."),)
        name, number, double, single = match.groups()
        steps.append(int(number) if number is not None else name or _unquoted(double, single))
        position = match.end()
    return tuple(steps)


def _unquoted(double: str | None, single: str | None) -> str:
    quoted = (
        double if double is not None else (single or "").replace('"', '\\"').replace("\\'", "'")
    )
    try:
        return msgspec.json.decode(f'"{quoted}"', type=str)
    except msgspec.MsgspecError:
        return quoted


def _escaped(text: str) -> str:
    return msgspec.json.encode(text).decode()[1:-1]


def _literal(piece: PartialArg) -> str:
    given = [raw for raw in (piece.number_value, piece.bool_value) if raw != ABSENT]
    return bytes(given[0]).decode() if given else "null"


def _assembled(given: Sequence[tuple[Path, PartialArg]]) -> str:
    """Build the arguments from all values at once."""
    root: _Node = {}
    for place, piece in given:
        node = root
        for step in place[:-1]:
            inner = node.get(step)
            if not isinstance(inner, dict):
                inner = node[step] = {}
            node = inner
        if place:
            _put(node, place[-1], piece)
    return msgspec.json.encode(_settled(root)).decode()


_Node: TypeAlias = "dict[Step, _Node | list[str] | msgspec.Raw]"


def _put(node: _Node, step: Step, piece: PartialArg) -> None:
    known = node.get(step)
    if piece.string_value is None:
        node[step] = msgspec.Raw(_literal(piece).encode())
    elif isinstance(known, list):
        known.append(piece.string_value)
    else:
        node[step] = [piece.string_value]


def _settled(node: object) -> object:
    """Make lists of what has only numbers for names, and texts of their pieces."""
    if isinstance(node, list):
        return "".join(node)
    if not isinstance(node, dict):
        return node
    if node and all(isinstance(step, int) for step in node):
        return [_settled(node[step]) for step in sorted(node)]
    return {str(step): _settled(value) for step, value in node.items()}
