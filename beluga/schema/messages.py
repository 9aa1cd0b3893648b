"""The four kinds of message in a conversation, and how an answer ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

import msgspec

from beluga.schema.json import JsonValue
from beluga.schema.parts import Part, ReasoningPart, TextPart, ToolCall
from beluga.schema.usage import Spent, Usage, reported_cost

__all__ = [
    "AIMessage",
    "FinishReason",
    "HumanMessage",
    "Message",
    "SystemMessage",
    "ToolMessage",
]

FinishReason: TypeAlias = Literal[
    "stop", "length", "tool_calls", "content_filter", "pause", "error", "unknown"
]


class _Content(msgspec.Struct, frozen=True):
    content: str | tuple[Part, ...]

    def _settle_content(self) -> None:
        given: object = self.content
        if isinstance(given, str):
            return
        if isinstance(given, Part):
            given = (given,)
        if isinstance(given, bytes) or not isinstance(given, Iterable):
            raise self._wrong_content(given)
        parts = tuple(given)
        for part in parts:
            if not isinstance(part, Part):
                raise self._wrong_content(part)
        msgspec.structs.force_setattr(self, "content", parts or "")

    def _wrong_content(self, given: object) -> ValueError:
        kind, got = type(self).__name__, type(given).__name__
        return ValueError(f"{kind} takes a str or parts such as TextPart; got {got}")

    @property
    def parts(self) -> tuple[Part, ...]:
        """The content as parts; a non-empty string is one `TextPart`."""
        if isinstance(self.content, str):
            return (TextPart(self.content),) if self.content else ()
        return self.content

    @property
    def text(self) -> str:
        """All text parts, joined without a separator."""
        if isinstance(self.content, str):
            return self.content
        return "".join([part.text for part in self.content if isinstance(part, TextPart)])


class SystemMessage(_Content, frozen=True, tag="system", tag_field="role"):
    """Tell the model how to behave."""

    def __post_init__(self) -> None:
        self._settle_content()


class HumanMessage(_Content, frozen=True, tag="human", tag_field="role"):
    """Say something to the model."""

    def __post_init__(self) -> None:
        self._settle_content()


class _Result(_Content, frozen=True):
    tool_call_id: str


class ToolMessage(_Result, frozen=True, tag="tool", tag_field="role", kw_only=True):
    """Give the model the result of a call it made.

    Attributes:
        tool_call_id: The `id` of the `ToolCall` that this answers.
        name: The tool's name; some providers want it.
        is_error: The tool failed, and the content says how.
    """

    name: str | None = None
    is_error: bool = False

    def __post_init__(self) -> None:
        self._settle_content()


class AIMessage(
    _Content, frozen=True, tag="ai", tag_field="role", kw_only=True, repr_omit_defaults=True
):
    """Hold what a model answered.

    Attributes:
        usage: What was billed for this answer.
        spent: Everything the answer took, failed and abandoned attempts included.
        finish_reason: Why it ended, in the library's words; `None` for one that a user wrote.
        raw_finish_reason: The same in the provider's own word.
        model: The model that answered, as the provider names it.
        provider: The provider that answered.
        response_id: The provider's id of the answer.
        interrupted: It is the beginning of an answer that never ended.
        cut_calls: Tool calls that were cut off, and so are not in `tool_calls`.
        metadata: What else the provider said of it.
    """

    usage: Usage = Usage()
    spent: Spent = Spent()
    finish_reason: FinishReason | None = None
    raw_finish_reason: str | None = None
    model: str | None = None
    provider: str | None = None
    response_id: str | None = None
    interrupted: bool = False
    cut_calls: tuple[ToolCall, ...] = ()
    metadata: Mapping[str, JsonValue] = {}

    def __post_init__(self) -> None:
        self._settle_content()
        if not isinstance(self.cut_calls, tuple):
            msgspec.structs.force_setattr(self, "cut_calls", tuple(self.cut_calls))

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls that the model completed, in order."""
        return tuple([part for part in self.parts if isinstance(part, ToolCall)])

    @property
    def reasoning(self) -> str:
        """All reasoning text, joined without a separator."""
        return "".join([part.text for part in self.parts if isinstance(part, ReasoningPart)])

    @property
    def cost(self) -> float | None:
        """What this answer cost, in US dollars; `None` if no price is known."""
        return reported_cost(self.metadata)


Message: TypeAlias = SystemMessage | HumanMessage | AIMessage | ToolMessage
