"""A conversation written down for a model that shall work on it, not answer it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from beluga.context.marks import without_mark
from beluga.context.semantic import text_of
from beluga.context.turns import Turn
from beluga.schema import AIMessage, HumanMessage, Message, SystemMessage, TextPart, ToolCall

__all__ = ["portions", "transcript"]

_LONGEST = 8_000
"""Characters of one message; of longer ones the beginning and the end are written down."""


def transcript(turns: Sequence[Turn]) -> str:
    """Return what was said in *turns*, a paragraph each."""
    return "\n\n".join([_said(message) for turn in turns for message in turn.messages])


def portions(turns: Sequence[Turn], tokens: int) -> Iterator[list[Turn]]:
    """Give *turns* in portions of about *tokens* each, at least one turn in each."""
    portion: list[Turn] = []
    size = 0
    for turn in turns:
        if portion and size + turn.tokens > tokens:
            yield portion
            portion, size = [], 0
        portion.append(turn)
        size += turn.tokens
    if portion:
        yield portion


def _said(message: Message) -> str:
    text = _shortened(without_mark(text_of(message)))
    others = [
        type(part).__name__.removesuffix("Part").lower()
        for part in message.parts
        if not isinstance(part, TextPart | ToolCall)
    ]
    return " ".join([f"{_speaker(message)}: {text}", *[f"({kind})" for kind in others]])


def _speaker(message: Message) -> str:
    if isinstance(message, HumanMessage):
        return "User"
    if isinstance(message, AIMessage):
        return "Assistant"
    if isinstance(message, SystemMessage):
        return "Instruction"
    return f"Tool {message.name}" if message.name else "Tool"


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    half = _LONGEST // 2
    return f"{text[:half]}\n({len(text) - 2 * half} characters left out)\n{text[-half:]}"
