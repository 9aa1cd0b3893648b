"""What a strategy puts into a history says so, in words that the model reads too."""

from __future__ import annotations

from beluga.schema import AIMessage, HumanMessage, Message, SystemMessage, ToolMessage

__all__ = ["facts", "is_synthetic", "placeholder", "summary", "without_mark"]

_MARK = "[context: "
_SUMMARY = f"{_MARK}what was said earlier in this conversation, in short]\n"
_FACTS = f"{_MARK}what is known from earlier in this conversation]\n"


def is_synthetic(message: Message) -> bool:
    """Return whether a strategy made *message*: a summary, facts, or a tool's output cut out."""
    return not isinstance(message, SystemMessage | AIMessage) and message.text.startswith(_MARK)


def summary(text: str) -> HumanMessage:
    """Return a message that stands for turns that were left out.

    It is a person's, not the system's: what users and tools have said must not gain its authority.
    """
    return HumanMessage(_SUMMARY + text)


def facts(text: str) -> HumanMessage:
    """Return a message that tells what is known from turns that were left out."""
    return HumanMessage(_FACTS + text)


def placeholder(result: ToolMessage, tokens: int) -> ToolMessage:
    """Return what stands for the output of a tool, saying how much was cut out."""
    lines = result.text.count("\n") + 1
    of = f" of {result.name}" if result.name else ""
    text = f"{_MARK}the output{of} was cut out: {tokens} tokens, {lines} lines]"
    return ToolMessage(text, result.tool_call_id, name=result.name, is_error=result.is_error)


def without_mark(text: str) -> str:
    """Return *text* without the line that marks a summary."""
    return text.partition("\n")[2] if text.startswith((_SUMMARY, _FACTS)) else text
