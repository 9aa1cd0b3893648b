"""What a model is asked: messages, options, and whether somebody watches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from beluga.schema.messages import HumanMessage, Message
from beluga.schema.option_layer import OptionLayer
from beluga.schema.options import GenerateOptions
from beluga.schema.tools import NamedTool, ToolSpec

__all__ = ["Prompt", "Request", "messages_of"]

Prompt: TypeAlias = str | Message | Sequence[Message]
"""What `generate` and `stream` take: a text, a message, or a conversation."""


class Request(msgspec.Struct, frozen=True, repr_omit_defaults=True):
    """Ask a model for an answer.

    Attributes:
        messages: The conversation, oldest first.
        options: How to answer.
        streaming: Whether somebody watches the answer come.
        cleared: Names of options that the caller has cleared, so that no layer below sets them.
    """

    messages: tuple[Message, ...]
    options: GenerateOptions = GenerateOptions()
    streaming: bool = False
    cleared: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not isinstance(self.messages, tuple):
            msgspec.structs.force_setattr(self, "messages", messages_of(self.messages))

    def over(self, defaults: OptionLayer) -> Request:
        """Return this request with *defaults* under its own options."""
        merged = defaults.under(OptionLayer(self.options, self.cleared))
        return msgspec.structs.replace(self, options=merged.options, cleared=merged.cleared)

    def in_place_of(self, original: Request) -> Request:
        """Return this request as what was made of *original*, wherever it was written anew.

        Whether somebody watches stays as it was, and what *original* had cleared, or this one took
        out of its options, is not set again by a layer below.
        """
        given, kept = original.options, self.options
        taken = [
            n for n in given.__struct_fields__ if getattr(given, n) not in (None, getattr(kept, n))
        ]
        cleared = self.cleared.union(original.cleared, taken)
        return msgspec.structs.replace(self, streaming=original.streaming, cleared=cleared)

    def contradiction(self) -> str | None:
        """Return what in the request contradicts itself, and how to mend it."""
        options = self.options
        choice = options.tool_choice
        names = [tool.name for tool in options.tools or () if isinstance(tool, ToolSpec)]
        if isinstance(choice, NamedTool) and choice.name not in names:
            known = f"there are {', '.join(names)}" if names else "no tools are given"
            return f"tool_choice names {choice.name!r}, but {known}"
        if choice == "required" and not options.tools:
            return "tool_choice is 'required', but no tools are given; pass tools=[…]"
        return None


def messages_of(prompt: Prompt) -> tuple[Message, ...]:
    """Convert what a user gave as a prompt.

    Raises:
        ValueError: It is empty, or holds something that is no message.
    """
    if isinstance(prompt, str):
        return (HumanMessage(prompt),)
    if isinstance(prompt, Message):
        return (prompt,)
    return _conversation(prompt)


def _conversation(given: object) -> tuple[Message, ...]:
    if isinstance(given, bytes | dict) or not isinstance(given, Sequence):
        got = type(given).__name__
        raise ValueError(f"a prompt is a str, a message or a sequence of messages; got {got}")
    messages: list[Message] = []
    for message in given:
        if not isinstance(message, Message):
            got = type(message).__name__
            raise ValueError(f"a conversation holds messages such as HumanMessage('…'); got {got}")
        messages.append(message)
    if not messages:
        raise ValueError("a conversation needs at least one message")
    return tuple(messages)
