"""Messages on the Messages wire: a system prompt, and turns that take turns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TypeAlias

import msgspec

from beluga.dialects.anthropic.blocks import BlockEncoder, Wire, WireBlock, call_id
from beluga.dialects.claude_models import Generation
from beluga.errors import invalid_input
from beluga.schema import (
    AIMessage,
    HumanMessage,
    Message,
    ProviderPart,
    SystemMessage,
    TextPart,
    ToolMessage,
)
from beluga.transport.dialect import Omissions

__all__ = ["MessageEncoder", "Prompt", "Turn"]


class Turn(msgspec.Struct):
    """One message on the wire."""

    role: str
    content: list[WireBlock]


class Prompt(msgspec.Struct):
    """What the model is given to read."""

    system: list[WireBlock]
    turns: list[Turn]


Given: TypeAlias = SystemMessage | HumanMessage | ToolMessage


class MessageEncoder:
    """Write a conversation.

    Args:
        origin: Whose model it is.
        blocks: Who writes parts.
        generation: What the model takes.
        omissions: Who is told of what cannot be written.
    """

    def __init__(
        self, origin: str, blocks: BlockEncoder, generation: Generation, omissions: Omissions
    ) -> None:
        self._origin, self._blocks = origin, blocks
        self._generation, self._omissions = generation, omissions

    def encode(self, messages: Sequence[Message]) -> Prompt:
        """Return *messages* in wire form.

        Raises:
            InvalidInputError: Nothing of them is left to answer.
        """
        begin = next((i for i, m in enumerate(messages) if not isinstance(m, SystemMessage)), None)
        if begin is None:
            raise invalid_input("there is only a system prompt; the Messages API wants a message")
        system = [b for m in messages[:begin] for b in self._given(m, "a system message")]
        turns = list(self._turns(messages[begin:]))
        if not turns:
            raise invalid_input("the messages are empty; the Messages API wants one with content")
        return Prompt(system, self._without_beginning(turns, messages[-1]))

    def _turns(self, messages: Sequence[Message]) -> Iterator[Turn]:
        written = [self._said(m) if isinstance(m, AIMessage) else m for m in messages]
        speaking = [item for item in written if item]
        for answered, group in groupby(speaking, lambda item: isinstance(item, list)):
            if answered:
                said = [block for item in group if isinstance(item, list) for block in item]
                yield Turn("assistant", said)
            else:
                yield from self._given_turns([m for m in group if not isinstance(m, list)])

    def _given_turns(self, messages: Sequence[Given]) -> Iterator[Turn]:
        """One turn for all that stands between two answers, the results of calls first in it.

        A system message in between follows that turn, which is where the wire has a place for it. A
        model that takes none there reads it in the user's words, marked as what it is.
        """
        results: list[WireBlock] = [self._result(m) for m in messages if isinstance(m, ToolMessage)]
        asked: list[WireBlock] = []
        orders: list[WireBlock] = []
        alone = not any(isinstance(m, HumanMessage | ToolMessage) for m in messages)
        late = self._generation.late_system and not alone
        for message in messages:
            if isinstance(message, HumanMessage):
                asked += self._given(message, "a user's message")
            elif isinstance(message, SystemMessage) and late:
                orders += self._given(message, "a system message")
            elif isinstance(message, SystemMessage):
                asked += self._tagged(message)
        if results or asked:
            yield Turn("user", results + asked)
        if orders:
            yield Turn("system" if results or asked else "user", orders)

    def _given(self, message: Message, where: str) -> list[WireBlock]:
        system = isinstance(message, SystemMessage)
        blocks: list[WireBlock] = []
        for part in message.parts:
            if system and not isinstance(part, TextPart):
                what = f"{type(part).__name__} in {where}"
                self._omissions.unsupported(what, "a system prompt is text")
                continue
            block = self._blocks.given(part, where)
            if block is not None:
                blocks.append(block)
        return blocks

    def _tagged(self, message: SystemMessage) -> list[WireBlock]:
        blocks = self._given(message, "a system message")
        written = [block for block in blocks if isinstance(block, dict)]
        return [{**block, "text": f"<system>{block['text']}</system>"} for block in written]

    def _result(self, message: ToolMessage) -> Wire:
        block: Wire = {"type": "tool_result", "tool_use_id": call_id(message.tool_call_id)}
        content = self._given(message, "a tool's result")
        if content:
            block["content"] = content
        if message.is_error:
            block["is_error"] = True
        return block

    def _said(self, message: AIMessage) -> list[WireBlock]:
        own = message.provider == self._origin
        blocks = [self._blocks.said(part, citations=own) for part in message.parts]
        return [block for block in blocks if block is not None]

    def _without_beginning(self, turns: list[Turn], last: Message) -> list[Turn]:
        """Refuse an answer begun by the caller where the model continues none.

        One that paused because a tool of the provider's was at work is no such beginning.
        """
        if turns[-1].role != "assistant" or not isinstance(last, AIMessage):
            return turns
        at_work = bool(last.parts) and isinstance(last.parts[-1], ProviderPart)
        if at_work or last.finish_reason == "pause":
            return turns
        if not self._generation.continues:
            why = "this model does not continue an answer that the caller has begun"
            self._omissions.unsupported("an answer as the last message", why)
            return turns[:-1]
        final = turns[-1].content[-1]
        if isinstance(final, dict) and isinstance(text := final.get("text"), str):
            final["text"] = text.rstrip()  # trailing space is refused there
        return turns
