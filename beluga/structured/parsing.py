"""The ladder from an answer's text to a value.

Each step is linear in the text and bounded, and on each of them the type's own decoder has the last
word: nothing becomes a value that it refuses.

1. The text as it is.
2. Without what stands around it: byte order mark, thoughts, a fence.
3. What looks like JSON in it, at eight places at most, read with some tolerance.
4. A text inside a JSON string; a bare word, if the type is a choice of words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Generic, TypeVar

import msgspec

from beluga.structured.packaging import unpack
from beluga.structured.repairs import Repair, RepairKind
from beluga.structured.scanning import Broken, Mended, mend

__all__ = ["MOST_STARTS", "Parsed", "Unparsed", "parse"]

T = TypeVar("T")

MOST_STARTS: Final = 8
"""At how many places of a text JSON is looked for."""

LONGEST_WORD: Final = 200

_UNREADABLE: Final = (msgspec.MsgspecError, ValueError, RecursionError)


class Parsed(msgspec.Struct, Generic[T], frozen=True):
    """A text has a value.

    Attributes:
        value: The value.
        json: The JSON text that it was decoded from.
        repairs: What had to be mended for that.
    """

    value: T
    json: str
    repairs: tuple[Repair, ...] = ()


class Unparsed(msgspec.Struct, frozen=True):
    """A text has no value.

    Attributes:
        reason: Why, in words; what the text holds may be quoted in it.
        json: The JSON text that is not of the type, if there is one.
    """

    reason: str
    json: str | None = None


def parse(
    text: str, read: Callable[[str], T], *, words: bool = False, strictly: bool = False
) -> Parsed[T] | Unparsed:
    """Climb the ladder until a step gives a value.

    Args:
        text: What a model answered.
        read: Decodes JSON text as the type; what it raises for text that is not of it is a
            `msgspec.MsgspecError`, a `ValueError` or a `RecursionError`.
        words: Whether a bare word may stand for a JSON string.
        strictly: Take the first step only.
    """
    ladder = _Ladder(read)
    parsed = ladder.attempt(text, [])
    if parsed is not None or strictly:
        return parsed or ladder.failed()
    body, kinds = unpack(text)
    if not body:
        return Unparsed("the answer is empty" if not kinds else "there is no answer after it all")
    parsed = ladder.attempt(body, kinds) if body != text else None
    parsed = parsed or ladder.search(body, kinds) or ladder.inside_string(body, kinds)
    if parsed is None and words and len(body) <= LONGEST_WORD and body.isprintable():
        parsed = ladder.attempt(msgspec.json.encode(body).decode(), [*kinds, "bare_word"])
    return parsed or ladder.failed()


class _Ladder(Generic[T]):
    def __init__(self, read: Callable[[str], T]) -> None:
        self._read = read
        self._refused: Unparsed | None = None
        self._broken: str | None = None

    def attempt(
        self, json: str, kinds: Sequence[RepairKind], counts: Counter[RepairKind] | None = None
    ) -> Parsed[T] | None:
        """Decode *json*, if it can be."""
        try:
            value = self._read(json)
        except _UNREADABLE as error:
            self._note(json, error)
            return None
        found = Counter(kinds)
        found.update(counts or {})
        return Parsed(value, json, tuple([Repair(kind, n) for kind, n in found.items()]))

    def search(self, body: str, kinds: Sequence[RepairKind]) -> Parsed[T] | None:
        """Read what looks like JSON; two values that differ are none."""
        found: Parsed[T] | None = None
        for mended, prose in self._candidates(body):
            around: list[RepairKind] = ["prose"] if prose and "prose" not in kinds else []
            parsed = self.attempt(mended.json, [*kinds, *around], mended.kinds)
            if parsed is None:
                continue
            if found is not None and found.value != parsed.value:
                self._refused = Unparsed("it holds two different values; which one is meant?")
                return None
            found = found or parsed
        return found

    def inside_string(self, body: str, kinds: Sequence[RepairKind]) -> Parsed[T] | None:
        """Read the text of a JSON string as JSON."""
        if not body.startswith('"'):
            return None
        try:
            inner = msgspec.json.decode(body, type=str)
        except _UNREADABLE:
            return None
        return self.attempt(inner, [*kinds, "json_in_a_string"])

    def failed(self) -> Unparsed:
        """Say why no step gave a value."""
        return self._refused or Unparsed(self._broken or "there is no JSON in it")

    def _candidates(self, body: str) -> Iterator[tuple[Mended, bool]]:
        whole = mend(body, 0)
        if isinstance(whole, Mended) and not body[whole.end :].strip():
            yield whole, False
            return
        position = 0
        for _ in range(MOST_STARTS):
            start = _next_start(body, position)
            if start is None:
                return
            found = whole if start == 0 else mend(body, start)
            position = max(found.end, start + 1)
            if isinstance(found, Mended):
                yield found, True
            elif found.meant:
                # What is whole inside of something broken is a piece of the answer, not the answer.
                self._broken = _where(found)
                return

    def _note(self, json: str, error: Exception) -> None:
        """Remember the first text that is JSON, though not of the type."""
        if self._refused is None and isinstance(error, msgspec.ValidationError):
            self._refused = Unparsed(str(error), json)
        elif self._broken is None:
            self._broken = str(error)


def _where(found: Broken) -> str:
    return f"at character {found.end}, {found.reason}"


def _next_start(text: str, position: int) -> int | None:
    places = [text.find(mark, position) for mark in "{["]
    return min([place for place in places if place >= 0], default=None)
