"""Holding tool calls back until a guard has seen each of them whole."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeAlias

from beluga.schema import Emission, Folder, PartDone, Restarted, ToolCall, ToolCallDelta

__all__ = ["CallHold", "JudgeCall"]

JudgeCall: TypeAlias = Callable[[ToolCall], Awaitable[ToolCall]]
"""Return the call, or another one in its place, or raise."""


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
