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
    Folder,
    Part,
    PartDone,
    ProviderPart,
    ReasoningDelta,
    ReasoningPart,
    RefusalPart,
    Restarted,
    TextDelta,
    TextPart,
    ToolCall,
    ToolCallDelta,
)

__all__ = ["CallHold", "JudgeCall", "JudgeText", "TextHold"]

Kind: TypeAlias = Literal["text", "reasoning"]

JudgeText: TypeAlias = Callable[[str, Literal["output", "reasoning"]], Awaitable[str]]
"""Return the text, or another one in its place, or raise."""

JudgeCall: TypeAlias = Callable[[ToolCall], Awaitable[ToolCall]]
"""Return the call, or another one in its place, or raise."""

# Each end is known by at most three characters, so that it does not matter how the text arrives.
_SENTENCE_END: Final = re.compile(r"""(?<=[.!?…])\s|(?<=[.!?…]["'”’)\]])\s|\n""")


class TextHold:
    """Hold text back for one guard; what comes behind it waits in its place.

    The text of an answer is one text, whatever parts it is in, and so is its reasoning up to where
    something else begins. Judgements fall at fixed places of it, not where a provider cuts: after
    every window of characters on the last two windows, of which the first is then let go; or after
    every sentence; or at the end.
    """

    def __init__(self, window: Window, judge: JudgeText, *, reasoning: bool = True) -> None:
        self._window, self._judge = window, judge
        self._kinds: tuple[Kind, ...] = ("text", "reasoning") if reasoning else ("text",)
        self._clear()

    async def feed(self, chunks: Iterable[Emission]) -> list[Emission]:
        """Take chunks in, and return what may go on."""
        out: list[Emission] = []
        for chunk in chunks:
            match chunk:
                case Restarted():
                    self._clear()
                    out.append(chunk)
                case TextDelta(text, index):
                    await self._end_of("reasoning")
                    await self._grow("text", index, text)
                case ReasoningDelta(text, index) if "reasoning" in self._kinds:
                    await self._grow("reasoning", index, text)
                case PartDone(index, part):
                    await self._end_of("reasoning")
                    self._queue.append(PartDone(index, await self._judged(part)))
                case _:
                    if not isinstance(chunk, ReasoningDelta):
                        await self._end_of("reasoning")
                    self._queue.append(chunk)
            self._drain(out)
        return out

    async def end(self) -> list[Emission]:
        """Return what was still held, at the end of the answer."""
        await self._end_of("reasoning")
        await self._end_of("text")
        return self._drain([])

    def _clear(self) -> None:
        self._queue: deque[_Segment | Emission] = deque()
        self._held: dict[Kind, str] = {"text": "", "reasoning": ""}
        self._free: dict[Kind, int] = {"text": 0, "reasoning": 0}

    async def _grow(self, kind: Kind, index: int, text: str) -> None:
        while text:
            size, due = self._until_due(self._held[kind], text)
            self._append(kind, index, text[:size])
            text = text[size:]
            if due:
                await self._look(kind)

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

    def _append(self, kind: Kind, index: int, text: str) -> None:
        self._held[kind] += text
        last = self._queue[-1] if self._queue else None
        if isinstance(last, _Segment) and (last.kind, last.index) == (kind, index):
            last.text += text
        else:
            self._queue.append(_Segment(kind, index, text))

    async def _look(self, kind: Kind, *, last: bool = False) -> None:
        held = self._held[kind]
        judged = await self._judge(held, "output" if kind == "text" else "reasoning")
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
        match part:
            case TextPart(text) | RefusalPart(text):
                judged = await self._judge(text, "output") if text else text
            case ReasoningPart(text) if text and "reasoning" in self._kinds:
                judged = await self._judge(text, "reasoning")
            case ProviderPart(text=str(text)) if text:
                judged = await self._judge(text, "output")
            case _:
                return part
        return part if judged == text else _with_text(part, judged)

    def _drain(self, out: list[Emission]) -> list[Emission]:
        queue = self._queue
        while queue:
            item = queue[0]
            if not isinstance(item, _Segment):
                out.append(item)
            elif not self._let_go(item, out):
                break
            queue.popleft()
        return out

    def _let_go(self, item: _Segment, out: list[Emission]) -> bool:
        """Let go what is free of *item*, and tell whether that is all of it."""
        size = min(len(item.text), self._free[item.kind])
        if size:
            self._free[item.kind] -= size
            out.append(item.delta(size))
            item.text = item.text[size:]
        return not item.text


class CallHold:
    """Hold tool calls back until each is complete and judged; what comes behind them waits."""

    def __init__(self, judge: JudgeCall) -> None:
        self._judge = judge
        self._queue: list[Emission] = []
        self._open: set[int] = set()

    async def feed(self, chunks: Iterable[Emission]) -> list[Emission]:
        """Take chunks in, and return what may go on."""
        out: list[Emission] = []
        for chunk in chunks:
            match chunk:
                case Restarted():
                    self._queue.clear()
                    self._open.clear()
                case ToolCallDelta(index):
                    self._open.add(index)
                case PartDone(index, ToolCall() as call):
                    judged = await self._judge(call)
                    self._open.discard(index)
                    if judged != call:
                        self._rewrite(index, judged)
                        chunk = PartDone(index, judged)  # noqa: PLW2901 - the same, judged
                case _:
                    pass
            self._queue.append(chunk)
            self._drain(out)
        return out

    async def end(self) -> list[Emission]:
        """Judge the calls that nothing has closed, and return what was still held."""
        for index in sorted(self._open):
            folder = Folder()
            folder.feed(
                [c for c in self._queue if isinstance(c, ToolCallDelta) and c.index == index]
            )
            for call in folder.message().cut_calls:
                judged = await self._judge(call)
                if judged != call:
                    self._rewrite(index, judged)
        self._open.clear()
        return self._drain([])

    def _rewrite(self, index: int, call: ToolCall) -> None:
        """Put *call* in the place of the fragments of this index."""
        fragments = [
            n
            for n, chunk in enumerate(self._queue)
            if isinstance(chunk, ToolCallDelta) and chunk.index == index
        ]
        for n in reversed(fragments[1:]):
            del self._queue[n]
        for n in fragments[:1]:
            self._queue[n] = ToolCallDelta(index, call.id, call.name, call.arguments)

    def _drain(self, out: list[Emission]) -> list[Emission]:
        ready = 0
        for chunk in self._queue:
            if isinstance(chunk, ToolCallDelta) and chunk.index in self._open:
                break
            ready += 1
        out += self._queue[:ready]
        del self._queue[:ready]
        return out


class _Segment(msgspec.Struct, eq=False):
    """Text of one part that is held."""

    kind: Kind
    index: int
    text: str

    def delta(self, size: int) -> TextDelta | ReasoningDelta:
        make = TextDelta if self.kind == "text" else ReasoningDelta
        return make(self.text[:size], self.index)


def _with_text(part: Part, text: str) -> Part:
    """Return *part* with another text; what vouched for the old one goes with it."""
    match part:
        case TextPart():
            return TextPart(text, prompt_cache=part.prompt_cache)
        case ReasoningPart():
            return ReasoningPart(text)
        case RefusalPart():
            return RefusalPart(text)
        case ProviderPart():
            return TextPart(text)
        case _:
            return part
