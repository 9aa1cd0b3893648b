"""How many tokens a request will take, before anybody knows."""

from __future__ import annotations

import bisect
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from beluga.model import ChatModel
from beluga.schema import (
    Emission,
    Message,
    ReasoningDelta,
    Request,
    TextDelta,
    ToolCallDelta,
    ToolSpec,
    Usage,
)
from beluga.tokens.requests import request_tokens

__all__ = [
    "CHARACTERS_PER_TOKEN",
    "Count",
    "OutputEstimate",
    "emitted_characters",
    "input_tokens",
    "used_tokens",
]

Count: TypeAlias = Callable[[Sequence[Message], Sequence[ToolSpec]], int]
"""Count the tokens of a prompt, as a tokenizer's `count_messages` does."""

CHARACTERS_PER_TOKEN: Final = 4
"""Of output, which comes in pieces: tokens of pieces do not add up."""

FIRST_GUESS: Final = 1024
ENOUGH: Final = 20
KEPT: Final = 128
HALF_LIFE: Final = 32
QUANTILE: Final = 0.9
_WEIGHTS: Final = tuple([0.5 ** (age / HALF_LIFE) for age in reversed(range(KEPT))])


async def input_tokens(request: Request, model: ChatModel, count: Count | None) -> int:
    """Return how many tokens *request*'s prompt has: by *count*, else as *model* counts them."""
    if count is not None:
        tools = [tool for tool in request.options.tools or () if isinstance(tool, ToolSpec)]
        return count(request.messages, tools)
    return await request_tokens(request, model)


def emitted_characters(chunks: Sequence[Emission]) -> int:
    """Return how many characters of output *chunks* show, without whole parts."""
    total = 0
    for chunk in chunks:
        if isinstance(chunk, TextDelta | ReasoningDelta):
            total += len(chunk.text)
        elif isinstance(chunk, ToolCallDelta):
            total += len(chunk.name) + len(chunk.arguments)
    return total


def used_tokens(usage: Usage, input: int, output: int) -> int:
    """Return what was billed, with *input* and *output* where nobody said."""
    if usage.total_tokens is not None and usage.output_tokens is None:
        return max(usage.total_tokens, input)
    spoken = output if usage.output_tokens is None else usage.output_tokens
    return (input if usage.input_tokens is None else usage.input_tokens) + spoken


class OutputEstimate:
    """Learn how long a model's answers are: the 90th percentile, newer answers weighing more.

    An answer's weight halves with every 32 that follow. Before twenty answers it is 1,024 tokens;
    after 128 it is looked at again with every eighth, since it hardly moves any more.
    """

    def __init__(self) -> None:
        self._seen: deque[int] = deque(maxlen=KEPT)
        self._count = 0
        self._known: int | None = FIRST_GUESS

    def observe(self, tokens: int) -> None:
        """Take note of an answer of so many tokens."""
        self._seen.append(tokens)
        self._count += 1
        if ENOUGH <= self._count <= KEPT or (self._count > KEPT and not self._count % 8):
            self._known = None

    @property
    def tokens(self) -> int:
        """How many tokens of output to expect, at most nine times in ten."""
        if self._known is None:
            self._known = self._quantile()
        return self._known

    def _quantile(self) -> int:
        newest = len(self._seen) - 1
        weighted = sorted(zip(self._seen, _WEIGHTS[KEPT - len(self._seen) :], strict=True))
        sums: list[float] = []
        total = 0.0
        for _, weight in weighted:
            total += weight
            sums.append(total)
        return weighted[min(bisect.bisect_left(sums, QUANTILE * total), newest)][0]
