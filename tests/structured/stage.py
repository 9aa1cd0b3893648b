"""What the tests of structured output share."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from beluga.schema import (
    AIMessage,
    Capabilities,
    Failure,
    Finish,
    FinishReason,
    ModelInfo,
    TextDelta,
    ToolCall,
    Usage,
)
from beluga.testing import Reply, ScriptedModel

__all__ = ["ANN", "BAD", "BILLED", "DOWN", "GOOD", "Person", "able", "cut", "said", "scripted"]


class Person(msgspec.Struct, frozen=True):
    name: str
    age: int


ANN = Person("Ann", 3)
GOOD = '{"name": "Ann", "age": 3}'
BAD = '{"name": "Ann", "age": "three"}'
BILLED = Usage(10, 5, 15)
DOWN = Failure("provider_unavailable", "down", retryable=True)


def said(text: str, reason: FinishReason = "stop") -> Reply:
    """An answer, in one piece, that was billed."""
    return AIMessage(text, usage=BILLED, finish_reason=reason)


def called(*calls: tuple[str, str], reason: FinishReason = "tool_calls") -> Reply:
    """An answer that calls tools, by name and arguments."""
    made = tuple([ToolCall(f"call_{i}", name, text) for i, (name, text) in enumerate(calls)])
    return AIMessage(made, usage=BILLED, finish_reason=reason)


def cut(text: str, size: int = 3) -> Reply:
    """An answer that comes in pieces."""
    pieces = [TextDelta(text[at : at + size]) for at in range(0, len(text), size)]
    return [*pieces, Finish("stop", usage=BILLED)]


def scripted(*replies: Reply, model_id: str = "scripted") -> ScriptedModel:
    return ScriptedModel(replies, model_id=model_id)


def able(replies: Sequence[Reply], **capabilities: bool | None) -> ScriptedModel:
    """A model of which this is known."""
    info = ModelInfo(model="able", provider="mock", capabilities=Capabilities(**capabilities))
    return ScriptedModel(replies, info=info)
