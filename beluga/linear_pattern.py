"""Regular expressions that take time in proportion to the text, whatever both are.

The engine of `re` tries alternatives one after the other, so that a short text can keep it busy for
hours. Here all alternatives advance together, one character at a time, as in K. Thompson, "Regular
Expression Search Algorithm" (CACM 11:6, 1968); sets of states that occurred are remembered. What
needs memory of the text (back-references, look-around) has no such machine and is refused.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

import msgspec

from beluga.errors import InvalidInputError, invalid_input

__all__ = ["LinearPattern"]

Test: TypeAlias = Callable[[str], bool]
Place: TypeAlias = tuple[bool, bool, bool, bool]
"""At a position: whether the character before and the one after are letters, and whether there is
none before, and none after."""

_PLAIN: Final[Place] = (False, False, False, False)
_parser: Final[Any] = importlib.import_module("re._parser")

MOST_STATES: Final = 5000
MOST_PIECES: Final = 50_000
MOST_REMEMBERED: Final = 400_000
"""States in all the sets that are remembered."""


class _State(msgspec.Struct, eq=False):
    """Consume a character that passes `test`, or pass an assertion; then go on to `to`."""

    test: Test | None = None
    where: Callable[[Place], bool] | None = None
    to: list[int] = []


class LinearPattern:
    """A compiled pattern, in the syntax of `re` without what needs backtracking.

    Raises:
        InvalidInputError: It is no pattern, or uses a back-reference, look-around, an atomic group,
            a possessive repeat or a condition, or is too large.
    """

    def __init__(self, pattern: str | re.Pattern[str]) -> None:
        compiled = pattern if isinstance(pattern, re.Pattern) else _compiled(pattern)
        self.pattern: str = compiled.pattern
        self._states: list[_State] = []
        self._pieces = 0
        self._remembered = 0
        self._bounded = False
        self._accept = self._add(_State())
        tree = _parser.parse(compiled.pattern, compiled.flags)
        self._first = self._sequence(tree, self._accept, tree.state.flags)
        self._steps: dict[tuple[frozenset[int], Place, str], tuple[bool, frozenset[int]]] = {}

    @property
    def size(self) -> int:
        """How many states it has; no character of a text costs more steps than that."""
        return len(self._states)

    def found_in(self, text: str) -> bool:
        """Return whether the pattern matches anywhere in *text*."""
        states: frozenset[int] = frozenset()
        steps = self._steps
        for position in range(len(text) + 1):
            place = self._place(text, position) if self._bounded else _PLAIN
            key = (states, place, text[position : position + 1])
            step = steps.get(key)
            if step is None:
                step = self._step(*key)
                self._remember(key, step)
            if step[0]:
                return True
            states = step[1]
        return False

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return where the pattern matches: each span from the earliest start to the latest end."""
        spans: list[tuple[int, int]] = []
        starts: dict[int, int] = {}
        for position in range(len(text) + 1):
            place = self._place(text, position) if self._bounded else _PLAIN
            starts.setdefault(self._first, position)
            reached = self._closed(starts, place)
            if reached.get(self._accept, position) < position:
                _extend(spans, (reached[self._accept], position))
            starts = {}
            for state, start in reached.items() if position < len(text) else ():
                test = self._states[state].test
                if test is not None and test(text[position]):
                    for to in self._states[state].to:
                        starts[to] = min(start, starts.get(to, start))
        return spans

    def _remember(
        self, key: tuple[frozenset[int], Place, str], step: tuple[bool, frozenset[int]]
    ) -> None:
        self._remembered += 1 + len(key[0]) + len(step[1])
        if self._remembered > MOST_REMEMBERED:
            self._steps.clear()
            self._remembered = 0
        self._steps[key] = step

    def _step(
        self, states: frozenset[int], place: Place, character: str
    ) -> tuple[bool, frozenset[int]]:
        reached = self._closed(dict.fromkeys([*states, self._first], 0), place)
        following = [
            to
            for state in reached
            if (test := self._states[state].test) is not None and character and test(character)
            for to in self._states[state].to
        ]
        return self._accept in reached, frozenset(following)

    def _closed(self, starts: dict[int, int], place: Place) -> dict[int, int]:
        """Return all states that are reached without a character, with the earliest start of each.

        A state is looked at again only for an earlier start, and the earliest go first.
        """
        reached: dict[int, int] = {}
        for state, start in sorted(starts.items(), key=lambda item: item[1]):
            ahead = [state]
            while ahead:
                number = ahead.pop()
                if number in reached:
                    continue
                reached[number] = start
                known = self._states[number]
                if known.test is None and (known.where is None or known.where(place)):
                    ahead += known.to
        return reached

    def _place(self, text: str, position: int) -> Place:
        before, after = text[position - 1 : position], text[position : position + 1]
        return _is_word(before), _is_word(after), position == 0, not after

    def _add(self, state: _State) -> int:
        if len(self._states) >= MOST_STATES:
            raise self._too_large()
        self._states.append(state)
        return len(self._states) - 1

    def _too_large(self) -> InvalidInputError:
        return invalid_input(f"the pattern is too large: {self.pattern!r:.80}")

    # From here on: building the machine backwards, each piece with the state that follows it.

    def _sequence(self, items: Iterable[tuple[object, Any]], to: int, flags: int) -> int:
        self._pieces += 1  # what is empty has no states, and may be repeated for ever
        if self._pieces > MOST_PIECES:
            raise self._too_large()
        for op, argument in reversed(list(items)):
            to = self._item(str(op), argument, to, flags)
        return to

    def _item(self, op: str, argument: Any, to: int, flags: int) -> int:
        match op:
            case "LITERAL" | "NOT_LITERAL" | "ANY" | "IN":
                return self._add(_State(test=_test(op, argument, flags), to=[to]))
            case "BRANCH":
                ways = [self._sequence(way, to, flags) for way in argument[1]]
                return self._add(_State(to=ways))
            case "SUBPATTERN":
                _, added, removed, inner = argument
                return self._sequence(inner, to, (flags | added) & ~removed)
            case "MAX_REPEAT" | "MIN_REPEAT":
                return self._repeat(argument, to, flags)
            case "AT":
                self._bounded = True
                return self._add(_State(where=self._assertion(str(argument), flags), to=[to]))
            case _:
                raise invalid_input(
                    f"{self.pattern!r:.80} uses {op.lower()}, which cannot be matched in linear "
                    "time; write it without back-references, look-around and possessive repeats"
                )

    def _repeat(self, argument: Any, to: int, flags: int) -> int:
        least, most, inner = argument
        if str(most) == "MAXREPEAT":
            loop = self._add(_State(to=[to]))
            self._states[loop].to.append(self._sequence(inner, loop, flags))
            to = loop
        else:
            end = to
            for _ in range(most - least):
                to = self._add(_State(to=[end, self._sequence(inner, to, flags)]))
        for _ in range(least):
            to = self._sequence(inner, to, flags)
        return to

    def _assertion(self, name: str, flags: int) -> Callable[[Place], bool]:
        if flags & re.MULTILINE and name in ("AT_BEGINNING", "AT_END"):
            raise invalid_input(f"{self.pattern!r:.80}: MULTILINE is not supported")
        match name:
            case "AT_BOUNDARY":
                return lambda place: place[0] != place[1]
            case "AT_NON_BOUNDARY":
                return lambda place: place[0] == place[1]
            case "AT_BEGINNING" | "AT_BEGINNING_STRING":
                return lambda place: place[2]
            case "AT_END" | "AT_END_STRING":
                return lambda place: place[3]
            case _:
                raise invalid_input(f"{self.pattern!r:.80} uses {name.lower()}: not supported")


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except (re.error, RecursionError, OverflowError, TypeError) as error:
        raise invalid_input(f"{pattern!r:.80} is no regular expression: {error}") from None


def _extend(spans: list[tuple[int, int]], span: tuple[int, int]) -> None:
    """Add *span*, joined with those that it overlaps."""
    start, end = span
    while spans and start < spans[-1][1]:
        start = min(start, spans.pop()[0])
    spans.append((start, end))


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _test(op: str, argument: Any, flags: int) -> Test:
    plain = _member(op, argument, flags)
    if not flags & re.IGNORECASE:
        return plain
    if op == "NOT_LITERAL":
        same = _test("LITERAL", argument, flags)
        return lambda c: not same(c)
    if op == "IN" and str(argument[0][0]) == "NEGATE":
        inside = _test("IN", argument[1:], flags)
        return lambda c: not inside(c)
    return lambda c: any(plain(one) for one in (c, c.lower(), c.upper()) if len(one) == 1)


def _member(op: str, argument: Any, flags: int) -> Test:
    match op:
        case "LITERAL":
            return chr(argument).__eq__
        case "NOT_LITERAL":
            return chr(argument).__ne__
        case "ANY":
            return (lambda _: True) if flags & re.DOTALL else "\n".__ne__
        case "RANGE":
            low, high = argument
            return lambda c: low <= ord(c) <= high
        case "CATEGORY":
            return _category(str(argument), bool(flags & re.ASCII))
        case _:
            negated = str(argument[0][0]) == "NEGATE"
            tests = [_member(str(o), a, flags) for o, a in argument[negated:]]
            return lambda c: negated != any(test(c) for test in tests)


def _category(name: str, ascii_only: bool) -> Test:
    kind = name.rpartition("_")[2]
    tests: dict[str, Test] = {"DIGIT": str.isdecimal, "SPACE": str.isspace, "WORD": _is_word}
    test = tests[kind]
    negated = "_NOT_" in name
    return lambda c: negated != (test(c) and (not ascii_only or c.isascii()))
