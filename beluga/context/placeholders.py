"""Turns whose tools' outputs have been replaced by placeholders."""

from __future__ import annotations

from collections.abc import Callable

from beluga.context.marks import placeholder
from beluga.context.turns import Turn
from beluga.schema import Message, ToolMessage

__all__ = ["compact"]

_WORTH = 2
"""A placeholder is worth it where it costs at most one part in so many of the output."""


def compact(turn: Turn, count: Callable[[Message], int]) -> Turn:
    """Return *turn* with its tools' outputs cut out, or *turn* itself if that gains too little."""
    if not any(isinstance(message, ToolMessage) for message in turn.messages):
        return turn
    messages = tuple([_compacted(message, count) for message in turn.messages])
    if messages == turn.messages:
        return turn
    saved = sum([count(a) - count(b) for a, b in zip(turn.messages, messages, strict=True)])
    return Turn(messages, turn.positions, turn.tokens - saved, turn.pinned, turn.orphan)


def _compacted(message: Message, count: Callable[[Message], int]) -> Message:
    if not isinstance(message, ToolMessage):
        return message
    cost = count(message)
    instead = placeholder(message, cost)
    return instead if count(instead) * _WORTH <= cost else message
