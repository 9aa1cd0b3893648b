"""What messages cost, each counted once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from beluga.context.memo import Memo
from beluga.context.offloading import each, whole
from beluga.schema import Message, ProviderTool, ToolDeclaration, ToolSpec

__all__ = ["Counter", "Counts"]


class Counts(Protocol):
    """What the fitting of a context needs of a tokenizer."""

    @property
    def exact(self) -> bool:
        """Whether it counts as the provider bills."""

    def count(self, text: str) -> int:
        """Return the tokens of *text*."""

    def count_messages(self, messages: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> int:
        """Return the tokens of a request."""


class Counter:
    """Count messages one by one, and remember what each costs."""

    def __init__(self, tokenizer: Counts) -> None:
        self.tokenizer: Counts = tokenizer
        self._empty: int = tokenizer.count_messages(())
        self._costs: Memo[int] = Memo()

    def cost(self, message: Message) -> int:
        """Return what one message adds to a request, in tokens."""
        known = self._costs.get(message)
        if known is not None:
            return known
        cost = self.tokenizer.count_messages((message,)) - self._empty
        return self._costs.put(message, max(0, cost))

    async def costs(self, messages: Sequence[Message]) -> list[int]:
        """Return what each of *messages* adds to a request, in tokens."""
        await each(self.cost, [m for m in messages if self._costs.get(m) is None])
        return [self.cost(message) for message in messages]

    async def total(self, messages: Sequence[Message], tools: Sequence[ToolDeclaration]) -> int:
        """Return the tokens of the whole request."""
        size = sum([len(message.text) for message in messages])
        return await whole(lambda: self._total(messages, tools), size)

    def around(self, tools: Sequence[ToolDeclaration]) -> int:
        """Return what a request costs beside its messages."""
        return self._total((), tools)

    def _total(self, messages: Sequence[Message], tools: Sequence[ToolDeclaration]) -> int:
        specs = [tool for tool in tools if isinstance(tool, ToolSpec)]
        raw = sum([self.tokenizer.count(t.raw) for t in tools if isinstance(t, ProviderTool)])
        return self.tokenizer.count_messages(messages, specs) + raw
