"""Count a conversation's next request from what the provider billed for the last one."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from beluga.errors import invalid_input
from beluga.model import ChatModel
from beluga.schema import AIMessage, Message, ToolSpec
from beluga.tokens.tokenizer import ModelTokenizer, Tokenizer, check_kind, tokenizer_for

__all__ = ["Estimate", "UsageAnchor"]


class Estimate(msgspec.Struct, frozen=True):
    """Say what a request will take, before anybody has billed it; what was billed is a `Usage`.

    Attributes:
        tokens: Of input, all in all.
        billed: How many of them a provider has billed before, for the beginning; 0 if it has not.
    """

    tokens: int
    billed: int = 0


class _Billed(msgspec.Struct, frozen=True, eq=False):
    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...]
    tokens: int


class UsageAnchor:
    """Take what was billed for the last answer, and count only what has come since.

    Tools and hidden prompts are in what was billed, so that only new messages are estimated. It is
    a tokenizer itself, which a `ContextManager` may be given. For other conversations than the one
    that it has seen, or where the beginning has been cut off, it counts everything.

    ```python
    anchor = UsageAnchor(model)
    answer = await model.generate(history)
    anchor.settle(history, answer)
    tokens = anchor.count_messages([*history, answer, HumanMessage("And in winter?")])
    ```

    Args:
        model: Which model is asked: itself, its name, or what counts for it.

    Attributes:
        tokenizer: What counts the rest.

    Raises:
        InvalidInputError: It is an empty name, or none of these.
    """

    def __init__(self, model: str | ChatModel | Tokenizer) -> None:
        if isinstance(model, str | ChatModel):
            model = tokenizer_for(model)
        elif not callable(getattr(model, "count_messages", None)):
            raise invalid_input(f"UsageAnchor takes a model or its name; got {model!r:.80}")
        self.tokenizer: Tokenizer = model
        self._last: _Billed | None = None

    @property
    def exact(self) -> bool:
        """Whether its tokenizer counts as the provider bills."""
        return self.tokenizer.exact

    def settle(
        self, messages: Sequence[Message], answer: AIMessage, tools: Sequence[ToolSpec] = ()
    ) -> None:
        """Take note of what was billed for *messages*, which *answer* answers.

        An answer that does not say what was billed changes nothing.

        Raises:
            InvalidInputError: What is given is not of these kinds.
        """
        check_kind(messages, Message, "messages such as HumanMessage('…')", "settle")
        check_kind([answer], AIMessage, "the answer, an AIMessage", "settle")
        check_kind(tools, ToolSpec, "tools as ToolSpec, which is what tool.spec gives", "settle")
        tokens = answer.usage.input_tokens
        if tokens is not None:
            self._last = _Billed(tuple(messages), tuple(tools), tokens)

    def estimate(self, messages: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> Estimate:
        """Return what a request will take: what was billed for its beginning, and the rest."""
        tokens = self.tokenizer.count_messages(messages, tools)
        last = self._last
        if last is None or not _begins(messages, last.messages):
            return Estimate(tokens)
        since = tokens - self.tokenizer.count_messages(last.messages, last.tools)
        return Estimate(max(0, last.tokens + since), last.tokens)

    async def load(self) -> None:
        """Load what its tokenizer needs in a worker thread, if no count has done so before."""
        if isinstance(self.tokenizer, ModelTokenizer):
            await self.tokenizer.load()

    def count(self, text: str) -> int:
        """Return how many tokens *text* has."""
        return self.tokenizer.count(text)

    def count_messages(self, messages: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> int:
        """Return how many tokens of input a request with *messages* and *tools* will take."""
        return self.estimate(messages, tools).tokens

    def encode(self, text: str) -> list[int]:
        """Return the tokens of *text*."""
        return self.tokenizer.encode(text)

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text of *tokens*, without a character of which the end is missing."""
        return self.tokenizer.decode(tokens)


def _begins(messages: Sequence[Message], beginning: Sequence[Message]) -> bool:
    """Return whether *messages* begin with *beginning*; most are the same objects."""
    if len(messages) < len(beginning):
        return False
    return all(a is b or a == b for a, b in zip(messages, beginning, strict=False))
