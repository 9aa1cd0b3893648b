"""Count the tokens of what is sent to a model, as its provider does or as near as is known."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from types import UnionType
from typing import Protocol

from beluga.errors import invalid_input
from beluga.model import ChatModel
from beluga.registry import list_providers
from beluga.schema import (
    JsonSchema,
    Message,
    NamedTool,
    ProviderTool,
    Request,
    SystemMessage,
    ToolSpec,
)
from beluga.tokens.encodings import decoded, encoded, preload
from beluga.tokens.families import family_of
from beluga.tokens.family import Family
from beluga.tokens.prompts import Prompts

__all__ = ["ModelTokenizer", "Tokenizer", "check_kind", "tokenizer_for"]


class Tokenizer(Protocol):
    """Count tokens, and turn text into tokens and back."""

    @property
    def exact(self) -> bool:
        """Whether it counts as the provider bills."""

    def count(self, text: str) -> int:
        """Return how many tokens *text* has."""

    def count_messages(self, messages: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> int:
        """Return how many tokens of input a request with *messages* and *tools* has."""

    def encode(self, text: str) -> list[int]:
        """Return the tokens of *text*; what looks like a special token is text."""

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text of *tokens*, without a character of which the end is missing."""


class ModelTokenizer:
    """Count for one family of models, without a network.

    The first count of a process loads its encoding, which takes half a second: `preload` does so
    before. Where `exact` is false, `count` is an estimate, and `encode` gives the tokens of an
    encoding that comes near the model's.

    Args:
        family: How its models count.
    """

    def __init__(self, family: Family) -> None:
        self.family: Family = family
        self._prompts = Prompts(family)

    @property
    def exact(self) -> bool:
        """Whether text is counted as the provider bills it."""
        return self.family.exact

    def count(self, text: str) -> int:
        """Return how many tokens *text* has.

        Raises:
            InvalidInputError: It is no text.
        """
        if not isinstance(text, str):
            raise invalid_input(f"count takes a text; got {type(text).__name__}")
        return self._prompts.text(text)

    def count_messages(self, messages: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> int:
        """Return how many tokens of input a request with *messages* and *tools* has.

        Raises:
            InvalidInputError: There is something among them that is none of it.
        """
        taker = "count_messages"
        check_kind(messages, Message, "messages such as HumanMessage('…')", taker)
        check_kind(tools, ToolSpec, "tools as ToolSpec, which is what tool.spec gives", taker)
        offered = self._prompts.tools(tools, system=_instructed(messages))
        return self.family.request + self._prompts.messages(messages) + offered

    def count_message(self, message: Message, *, recent: bool = True) -> int:
        """Return how many tokens one message adds to a request.

        Args:
            message: The message.
            recent: Whether no person speaks after it; some providers bill thoughts only then.
        """
        return self._prompts.message(message, recent=recent)

    def count_schema(self, schema: JsonSchema) -> int:
        """Return how many tokens it takes to have the answer obey *schema*."""
        return self._prompts.schema(schema)

    def count_request(self, request: Request) -> int:
        """Return how many tokens of input *request* has: its options may cost some, too."""
        options, messages = request.options, request.messages
        tools = [tool for tool in options.tools or () if isinstance(tool, ToolSpec)]
        forced = options.tool_choice == "required" or isinstance(options.tool_choice, NamedTool)
        tokens = self.family.request + self._prompts.messages(messages)
        tokens += self._prompts.tools(tools, system=_instructed(messages), forced=forced)
        for tool in options.tools or ():
            if isinstance(tool, ProviderTool):
                tokens += self.count(tool.raw)
        if isinstance(options.response_format, JsonSchema):
            tokens += self._prompts.schema(options.response_format)
        thinking = options.reasoning is not None and options.reasoning.effort != "none"
        return tokens + (self.family.thinking if thinking else 0)

    def uncounted(self, messages: Sequence[Message]) -> int:
        """Return how many characters of *messages* have not been counted before, or long ago."""
        return self._prompts.uncounted(messages)

    async def load(self) -> None:
        """Load the encoding in a worker thread, if no count has done so before."""
        await preload(self.family.encoding)

    def encode(self, text: str) -> list[int]:
        """Return the tokens of *text*; what looks like a special token is text."""
        return encoded(text, self.family.encoding)

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text of *tokens*, without a character of which the end is missing.

        Raises:
            InvalidInputError: One of them is no token of the encoding.
        """
        return decoded(tokens, self.family.encoding)

    def __repr__(self) -> str:
        return f"ModelTokenizer({self.family.name!r}, exact={self.exact})"


def tokenizer_for(model: str | ChatModel) -> ModelTokenizer:
    """Return what counts for *model*: exactly where its provider's rules are known.

    Args:
        model: A model, or its name: `"gpt-5-mini"`, or with its provider
            `"anthropic:claude-sonnet-4-5"`. For one that may ask several, as a router does, the one
            that counts most decides.

    Raises:
        InvalidInputError: It is neither, or an empty name.
    """
    if isinstance(model, ChatModel):
        info = model.info
        names = (info.model or model.model_id).split("|")
        return max([_tokenizer(name, info.provider, info.api) for name in names], key=_weight)
    if not isinstance(model, str) or not model:
        raise invalid_input(f"tokenizer_for takes a model or its name; got {model!r}")
    return max([_tokenizer(name, None, None) for name in model.split("|")], key=_weight)


@lru_cache(maxsize=256)
def _tokenizer(name: str, provider: str | None, api: str | None) -> ModelTokenizer:
    head, colon, rest = name.partition(":")
    if provider is None and colon and head in list_providers():
        provider, name = head, rest
        api = "chat" if provider == "azure" else api
    return _counting(family_of(name, provider, api))


@lru_cache(maxsize=256)
def _counting(family: Family) -> ModelTokenizer:
    return ModelTokenizer(family)


def check_kind(given: object, kind: type | UnionType, wanted: str, taker: str) -> None:
    """Refuse what is no sequence of one *kind*.

    Raises:
        InvalidInputError: It is none, or something among it is of another kind.
    """
    if isinstance(given, str | bytes | dict) or not isinstance(given, Sequence):
        raise invalid_input(f"{taker} takes {wanted}; got {type(given).__name__}")
    for one in given:
        if not isinstance(one, kind):
            raise invalid_input(f"{taker} takes {wanted}; got {type(one).__name__}")


def _weight(tokenizer: ModelTokenizer) -> tuple[float, int]:
    return tokenizer.family.factor, tokenizer.family.tools.prompt


def _instructed(messages: Sequence[Message]) -> bool:
    return any(isinstance(message, SystemMessage) for message in messages)
