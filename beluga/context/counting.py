"""What messages cost, each counted once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Protocol

import msgspec

from beluga.context.memo import Memo
from beluga.schema import (
    AIMessage,
    GenerateOptions,
    HumanMessage,
    JsonSchema,
    Message,
    ProviderTool,
    ToolDeclaration,
    ToolSpec,
)
from beluga.tokens import ModelTokenizer, UsageAnchor
from beluga.tokens.offloading import declared, each, texts_in, whole

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
        # One message is not what was billed, even if it was all there was.
        self._single: Counts = (
            tokenizer.tokenizer if isinstance(tokenizer, UsageAnchor) else tokenizer
        )
        self._empty: int = self._single.count_messages(())
        self._costs: Memo[int] = Memo()
        self._past: Memo[int] = Memo()

    @property
    def anchored(self) -> bool:
        """Whether a whole may cost far more than its messages, since a provider has billed it."""
        return isinstance(self.tokenizer, UsageAnchor)

    async def ready(self) -> None:
        """Load what the tokenizer needs, off the event loop."""
        if isinstance(self.tokenizer, ModelTokenizer | UsageAnchor):
            await self.tokenizer.load()

    def cost(self, message: Message, *, past: bool = False) -> int:
        """Return what one message adds to a request; *past* if a person speaks after it."""
        memo = self._memo(message, past=past)
        known = memo.get(message)
        if known is not None:
            return known
        return memo.put(message, max(0, self._counted(message, past=past)))

    async def costs(self, messages: Sequence[Message]) -> list[int]:
        """Return what each of *messages* adds to a request, in tokens."""
        asked = [i for i, message in enumerate(messages) if isinstance(message, HumanMessage)]
        past, last = (messages[: asked[-1]], messages[asked[-1] :]) if asked else ((), messages)
        await each(partial(self.cost, past=True), self._unknown(past, past=True))
        await each(self.cost, self._unknown(last, past=False))
        costs = [self.cost(message, past=True) for message in past]
        return costs + [self.cost(message) for message in last]

    async def total(self, messages: Sequence[Message], tools: Sequence[ToolDeclaration]) -> int:
        """Return the tokens of the whole request."""
        if isinstance(self.tokenizer, ModelTokenizer):
            size = self.tokenizer.uncounted(messages)
        else:
            size = sum([len(text) for message in messages for text in texts_in(message)])
        return await whole(lambda: self._total(messages, tools), size + declared(tools))

    async def around(self, tools: Sequence[ToolDeclaration]) -> int:
        """Return what a request costs beside its messages."""
        return await whole(lambda: self._total((), tools), declared(tools))

    async def schema(self, options: GenerateOptions) -> int:
        """Return what the schema of the answer costs, if there is one."""
        schema = options.response_format
        if not isinstance(schema, JsonSchema):
            return 0
        return await whole(lambda: self._schema(schema), declared((), schema))

    def _schema(self, schema: JsonSchema) -> int:
        if isinstance(self._single, ModelTokenizer):
            return self._single.count_schema(schema)
        return self._single.count(msgspec.json.encode(schema).decode())

    def _unknown(self, messages: Sequence[Message], *, past: bool) -> list[Message]:
        return [m for m in messages if self._memo(m, past=past).get(m) is None]

    def _memo(self, message: Message, *, past: bool) -> Memo[int]:
        return self._past if past and isinstance(message, AIMessage) else self._costs

    def _counted(self, message: Message, *, past: bool) -> int:
        if isinstance(self._single, ModelTokenizer):
            return self._single.count_message(message, recent=not past)
        return self._single.count_messages((message,)) - self._empty

    def _total(self, messages: Sequence[Message], tools: Sequence[ToolDeclaration]) -> int:
        specs = [tool for tool in tools if isinstance(tool, ToolSpec)]
        raw = sum([self.tokenizer.count(t.raw) for t in tools if isinstance(t, ProviderTool)])
        return self.tokenizer.count_messages(messages, specs) + raw
