"""Holding an answer back until a guard has seen enough of it."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, Literal, TypeAlias

import msgspec

from beluga.middleware.guards import Window
from beluga.schema import (
    Emission,
    Part,
    PartDone,
    ProviderPart,
    ReasoningDelta,
    ReasoningPart,
    RefusalPart,
    Restarted,
    TextDelta,
    TextPart,
)

__all__ = ["JudgeText", "TextHold"]

Kind: TypeAlias = Literal["text", "reasoning"]
Words: TypeAlias = TextPart | ReasoningPart

JudgeText: TypeAlias = Callable[[str, Literal["output", "reasoning"]], Awaitable[str]]
"""Return the text, or another one in its place, or raise."""

# Each end is known by at most three characters, so that it does not matter how the text arrives.
_SENTENCE_END: Final = re.compile(r"""(?<=[.!?…])\s|(?<=[.!?…]["'”’)\]])\s|\n""")


class TextHold:
    """Hold text back for one guard; what comes behind it waits in its place.

    The text of an answer is one text, whatever parts it is in and whether these come in pieces or
    whole; so is its reasoning up to where something else begins. Judgements fall at fixed places
    of it, not where a provider cuts: after every window of characters on the last two windows, of
    which the first is then let go; or after every sentence; or at the end.

    Where the text that is read at last is not the one that came, since a provider went back to an
    earlier part or put another text in its place, the rest is held to the end, and what is read
    at last is judged too.
    """

    def __init__(self, window: Window, judge: JudgeText, *, reasoning: bool = True) -> None:
        self._window, self._judge = window, judge
        self._kinds: tuple[Kind, ...] = ("text", "reasoning") if reasoning else ("text",)
        self._clear()

    async def feed(self, chunks: Iterable[Emission]) -> list[Emission]:
        """Take chunks in, and return what may go on."""
        out: list[Emission] = []
        for chunk in chunks:
            if isinstance(chunk, Restarted):
                self._clear()
                out.append(chunk)
                continue
            await self._take(chunk)
            self._drain(self._late if self._tangled else out)
        return out

    async def end(self) -> list[Emission]:
        """Return what was still held, at the end of the answer."""
        await self._end_of("reasoning")
        await self._end_of("text")
        self._drain(self._late)
        if self._tangled:
            await self._judge_what_is_read()
        return self._late

    def _clear(self) -> None:
        self._queue: deque[_Segment | _Closing | Emission] = deque()
        self._held: dict[Kind, str] = {"text": "", "reasoning": ""}
        self._free: dict[Kind, int] = {"text": 0, "reasoning": 0}
        self._parts: dict[Kind, dict[int, _Told]] = {"text": {}, "reasoning": {}}
        self._tangled = False
        self._late: list[Emission] = []

    async def _take(self, chunk: Emission) -> None:
        match chunk:
            case ReasoningDelta(text, index) if "reasoning" in self._kinds:
                await self._grow("reasoning", index, text)
            case PartDone(index, ReasoningPart() as part) if "reasoning" in self._kinds:
                await self._take_whole("reasoning", index, part)
            case ReasoningDelta() | PartDone(_, ReasoningPart()):
                self._queue.append(chunk)
            case TextDelta(text, index):
                await self._end_of("reasoning")
                await self._grow("text", index, text)
            case PartDone(index, TextPart() as part):
                await self._end_of("reasoning")
                await self._take_whole("text", index, part)
            case PartDone(index, part):
                await self._end_of("reasoning")
                self._queue.append(PartDone(index, await self._judged(part)))
            case _:
                await self._end_of("reasoning")
                self._queue.append(chunk)

    async def _take_whole(self, kind: Kind, index: int, part: Words) -> None:
        """Take a whole part in: one that is new, or the end of one that came in pieces."""
        told = self._parts[kind].get(index)
        if told is None and part.text:
            await self._grow(kind, index, part.text, part)
        elif told is None:
            self._queue.append(PartDone(index, part))
        else:
            same = part.text == "".join(told.came)
            self._tangled = self._tangled or not same
            self._queue.append(_Closing(kind, index, part, same))
        self._parts[kind].setdefault(index, _Told()).closed = True

    async def _grow(self, kind: Kind, index: int, text: str, whole: Words | None = None) -> None:
        if text:
            self._note(kind, index, text)
        while text:
            size, due = self._until_due(self._held[kind], text)
            self._append(kind, index, text[:size], whole)
            text = text[size:]
            if due:
                await self._look(kind)

    def _note(self, kind: Kind, index: int, text: str) -> None:
        parts = self._parts[kind]
        told = parts.get(index)
        if told is None:
            told = parts[index] = _Told()
        elif told.closed or index != next(reversed(parts)):
            self._tangled = True
        told.came.append(text)

    def _until_due(self, held: str, text: str) -> tuple[int, bool]:
        """Return how much of *text* to take, and whether a judgement is due then."""
        if isinstance(self._window, int):
            room = 2 * self._window - len(held)
            return min(room, len(text)), len(text) >= room
        if self._window == "sentence":
            context = held[-2:]
            end = _SENTENCE_END.search(context + text, len(context))
            if end is not None:
                return end.end() - len(context), True
        return len(text), False

    def _append(self, kind: Kind, index: int, text: str, whole: Words | None) -> None:
        self._held[kind] += text
        last = self._queue[-1] if self._queue else None
        if isinstance(last, _Segment) and last.continues(kind, index, whole):
            last.text += text
        else:
            self._queue.append(_Segment(kind, index, text, whole))

    async def _look(self, kind: Kind, *, last: bool = False) -> None:
        held = self._held[kind]
        judged = await self._judge(held, _role(kind))
        if judged != held:
            self._rewrite(kind, judged)
        whole = last or not isinstance(self._window, int)
        free = len(judged) if whole else max(0, len(judged) - int(self._window))
        self._held[kind] = judged[free:]
        self._free[kind] += free

    async def _end_of(self, kind: Kind) -> None:
        if self._held[kind]:
            await self._look(kind, last=True)

    def _rewrite(self, kind: Kind, text: str) -> None:
        """Put *text* in the place of what is held; the first part that holds any of it gets all."""
        skip = self._free[kind]
        for item in self._queue:
            if not isinstance(item, _Segment) or item.kind != kind:
                continue
            if skip >= len(item.text):
                skip -= len(item.text)
                continue
            item.text = item.text[:skip] + text
            skip, text = 0, ""

    async def _judged(self, part: Part) -> Part:
        """Judge a part that is no piece of the answer's text, by itself."""
        text = part.text if isinstance(part, RefusalPart | ProviderPart) else None
        if not text:
            return part
        judged = await self._judge(text, "output")
        if judged == text:
            return part
        return RefusalPart(judged) if isinstance(part, RefusalPart) else TextPart(judged)

    async def _judge_what_is_read(self) -> None:
        """Judge the text as it is read at last, of all parts in their order."""
        for kind in self._kinds:
            parts = self._parts[kind]
            text = "".join([told.read for told in parts.values()])
            judged = await self._judge(text, _role(kind)) if text else text
            if judged == text:
                continue
            self._late = [chunk for chunk in self._late if not _is_of(kind, chunk)]
            make = TextPart if kind == "text" else ReasoningPart
            for index in parts:
                self._late.append(PartDone(index, make(judged)))
                judged = ""

    def _drain(self, out: list[Emission]) -> None:
        queue = self._queue
        while queue:
            item = queue[0]
            if isinstance(item, _Segment):
                if not self._let_go(item, out):
                    break
            elif isinstance(item, _Closing):
                told = self._parts[item.kind][item.index]
                told.whole = "".join(told.shown) if item.same else item.part.text
                out.append(PartDone(item.index, _with_text(item.part, told.whole)))
            else:
                out.append(item)
            queue.popleft()

    def _let_go(self, item: _Segment, out: list[Emission]) -> bool:
        """Let go what is free of *item*, and tell whether that is all of it."""
        size = min(len(item.text), self._free[item.kind])
        rest = item.text[size:]
        if item.whole is not None and rest:
            return False
        self._free[item.kind] -= size
        told = self._parts[item.kind][item.index]
        told.shown.append(item.text[:size])
        if item.whole is not None:
            told.whole = item.text
            out.append(PartDone(item.index, _with_text(item.whole, item.text)))
        elif size:
            out.append(item.delta(size))
        item.text = rest
        return not rest


class _Told(msgspec.Struct, eq=False):
    """What is known of one part: the pieces that came, those that went on, and what it is in all.

    Attributes:
        closed: The whole part has come.
        whole: The text of that, once it has gone on.
    """

    came: list[str] = []
    shown: list[str] = []
    closed: bool = False
    whole: str | None = None

    @property
    def read(self) -> str:
        """Its text in the message."""
        return "".join(self.shown) if self.whole is None else self.whole


class _Segment(msgspec.Struct, eq=False):
    """Text of one part that is held: pieces, or the whole part, which goes on as a whole."""

    kind: Kind
    index: int
    text: str
    whole: Words | None

    def continues(self, kind: Kind, index: int, whole: Words | None) -> bool:
        return (self.kind, self.index) == (kind, index) and self.whole is whole

    def delta(self, size: int) -> TextDelta | ReasoningDelta:
        make = TextDelta if self.kind == "text" else ReasoningDelta
        return make(self.text[:size], self.index)


class _Closing(msgspec.Struct, eq=False):
    """A whole part that says what has come in pieces: the same, or something else in its place."""

    kind: Kind
    index: int
    part: Words
    same: bool


def _role(kind: Kind) -> Literal["output", "reasoning"]:
    return "output" if kind == "text" else "reasoning"


def _is_of(kind: Kind, chunk: Emission) -> bool:
    if isinstance(chunk, PartDone):
        return isinstance(chunk.part, TextPart if kind == "text" else ReasoningPart)
    return isinstance(chunk, TextDelta if kind == "text" else ReasoningDelta)


def _with_text(part: Words, text: str) -> Words:
    """Return *part* with this text; what vouched for another one goes with that."""
    if part.text == text:
        return part
    if isinstance(part, TextPart):
        return TextPart(text, prompt_cache=part.prompt_cache)
    return ReasoningPart(text)
