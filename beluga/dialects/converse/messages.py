"""Messages on Converse's wire: a system prompt, and turns that take turns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

import msgspec

from beluga.dialects.calls import argument_object
from beluga.dialects.converse.content import (
    MediaEncoder,
    Wire,
    WireBlock,
    call_id,
    marked,
)
from beluga.dialects.converse.families import Family, family_of
from beluga.errors import invalid_input
from beluga.schema import (
    AIMessage,
    AudioPart,
    FilePart,
    HumanMessage,
    ImagePart,
    Message,
    Part,
    PromptCache,
    ProviderPart,
    ReasoningPart,
    RefusalPart,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
    VideoPart,
)
from beluga.transport.dialect import Omissions

__all__ = ["MessageEncoder", "Prompt", "Turn"]

ATTACHED: Final = "(attached)"
"""Stands beside documents that nobody has said anything of: the wire wants a text there."""


class Turn(msgspec.Struct):
    """One message on the wire."""

    role: str
    content: list[WireBlock]


class Prompt(msgspec.Struct):
    """What the model is given to read.

    Attributes:
        system: The system prompt.
        turns: The conversation.
        called: Names of the tools that have been called in it.
    """

    system: list[WireBlock]
    turns: list[Turn]
    called: list[str]


Given: TypeAlias = SystemMessage | HumanMessage | ToolMessage


class MessageEncoder:
    """Write a conversation.

    Args:
        origin: Whose opaque parts may go back.
        family: What the model takes.
        continues: Whether it continues an answer that the caller has begun.
        omissions: Who is told of what cannot be written.
    """

    def __init__(
        self, origin: str, family: Family, omissions: Omissions, *, continues: bool
    ) -> None:
        self._origin, self._family, self._omissions = origin, family, omissions
        self._continues = continues
        self._media = MediaEncoder(omissions)

    def encode(self, messages: Sequence[Message]) -> Prompt:
        """Return *messages* in wire form.

        Raises:
            InvalidInputError: Nothing of them is left to answer.
        """
        begin = next((i for i, m in enumerate(messages) if not isinstance(m, SystemMessage)), None)
        head = messages if begin is None else messages[:begin]
        system = [b for m in head for b in self._given(m, "a system message")]
        turns = [] if begin is None else self._turns(messages[begin:])
        if not turns:
            raise invalid_input("the messages are empty; Converse wants one with content")
        self._settle_beginning(turns)
        calls = [call for m in messages if isinstance(m, AIMessage) for call in m.tool_calls]
        return Prompt(system, turns, list(dict.fromkeys([call.name for call in calls])))

    def _turns(self, messages: Sequence[Message]) -> list[Turn]:
        """Return turns that take turns: what says nothing is left out, neighbours are joined."""
        turns: list[Turn] = []
        asked: list[Given] = []
        for message in messages:
            if not isinstance(message, AIMessage):
                asked.append(message)
                continue
            said = self._said(message)
            if said:
                _append(turns, "user", self._asked(asked))
                _append(turns, "assistant", said)
                asked = []
        _append(turns, "user", self._asked(asked))
        return turns

    def _settle_beginning(self, turns: list[Turn]) -> None:
        """Refuse an answer begun by the caller where the model continues none."""
        if turns[-1].role != "assistant":
            return
        final = turns[-1].content[-1]
        if not self._continues:
            why = "this model does not continue an answer that the caller has begun"
            self._omissions.unsupported("an answer as the last message", why)
            if len(turns) > 1:
                del turns[-1]
        elif isinstance(final, dict) and isinstance(text := final.get("text"), str):
            final["text"] = text.rstrip()  # trailing space is refused there

    def _asked(self, messages: Sequence[Given]) -> list[WireBlock]:
        """All that stands between two answers, in one turn: first the results of calls.

        A system message in between is read in the user's words, marked as what it is.
        """
        results: list[WireBlock] = []
        asked: list[WireBlock] = []
        for message in messages:
            if isinstance(message, ToolMessage):
                results += self._result(message)
            elif isinstance(message, HumanMessage):
                asked += self._given(message, "a user's message")
            else:
                asked += _tagged(self._given(message, "a system message"))
        return [*results, *_introduced(asked)]

    def _given(self, message: Given | Message, where: str) -> list[WireBlock]:
        blocks: list[WireBlock] = []
        for part in message.parts:
            if isinstance(message, SystemMessage) and not isinstance(part, TextPart | ProviderPart):
                what = f"{type(part).__name__} in {where}"
                self._omissions.unsupported(what, "a system prompt is text")
                continue
            block = self._part(part, where)
            if block is not None:
                blocks += [block, *marked(_cache_of(part), block)]
        return blocks

    def _result(self, message: ToolMessage) -> list[WireBlock]:
        content: list[WireBlock] = []
        for part in message.parts:
            if isinstance(part, TextPart):
                content.append({"text": part.text})  # a blank one is allowed here
            elif (written := self._part(part, "a tool's result")) is not None:
                content.append(written)
        result: Wire = {
            "toolUseId": call_id(message.tool_call_id, self._family.maker),
            "content": content,
        }
        if message.is_error:
            result["status"] = "error"
        caches = [cache for part in message.parts if (cache := _cache_of(part)) is not None]
        block: Wire = {"toolResult": result}
        return [block, *marked(caches[-1] if caches else None, block)]

    def _said(self, message: AIMessage) -> list[WireBlock]:
        makers = {family_of(message.model or "").maker, self._family.maker, ""}
        foreign = len(makers) > 2
        own = message.provider == self._origin
        blocks: list[WireBlock] = []
        for part in message.parts:
            cited = _cited(part) if own and isinstance(part, TextPart) else None
            block = cited or self._said_part(part, foreign=foreign)
            if block is not None:
                blocks += [block, *marked(_cache_of(part), block)]
        return blocks

    def _said_part(self, part: Part, *, foreign: bool) -> WireBlock | None:
        match part:
            case TextPart(text) | RefusalPart(text):
                return _text(text)
            case ToolCall():
                return self._call(part)
            case ReasoningPart():
                return self._thought(part, foreign=foreign)
            case ProviderPart():
                return self._replayed(part, foreign=foreign)
            case AudioPart() if part.transcript:
                return _text(part.transcript)
            case ImagePart() | AudioPart() | VideoPart() | FilePart():
                return self._media.encode(part, "an answer")

    def _part(self, part: Part, where: str) -> WireBlock | None:
        match part:
            case TextPart(text):
                return _text(text, marked=part.prompt_cache is not None)
            case ImagePart() | AudioPart() | VideoPart() | FilePart():
                return self._media.encode(part, where)
            case ProviderPart():
                return self._replayed(part, foreign=False)
            case ReasoningPart() | RefusalPart() | ToolCall():
                what = f"{type(part).__name__} in {where}"
                self._omissions.unsupported(what, "only an answer may hold one")
                return None

    def _call(self, call: ToolCall) -> Wire:
        if call.signature is not None:
            self._omissions.foreign(f"the proof of call {call.id}", "Converse has no place for it")
        use = {
            "toolUseId": call_id(call.id, self._family.maker),
            "name": call.name,
            "input": argument_object(call.arguments),
        }
        return {"toolUse": use}

    def _thought(self, part: ReasoningPart, *, foreign: bool) -> WireBlock | None:
        if part.origin != self._origin or foreign:
            whose = part.origin or "unknown origin"
            self._omissions.foreign(f"reasoning of {whose}", "only the model's maker reads it")
            return None
        if part.opaque is not None:
            return msgspec.Raw(part.opaque.encode())
        if part.signature is None:
            self._omissions.foreign(
                "a thought without a signature", "only signed ones are taken back"
            )
            return None
        signed = {"text": part.text, "signature": part.signature}
        return {"reasoningContent": {"reasoningText": signed}}

    def _replayed(self, part: ProviderPart, *, foreign: bool) -> WireBlock | None:
        if part.origin != self._origin or foreign:
            self._omissions.foreign(f"a {part.kind} of {part.origin}", "only its maker reads it")
            return None
        return msgspec.Raw(part.raw.encode())


def _cache_of(part: Part) -> PromptCache | None:
    if isinstance(part, TextPart | ImagePart | AudioPart | VideoPart | FilePart):
        return part.prompt_cache
    return None


def _cited(part: TextPart) -> Wire | None:
    """A text with its sources, if they can go back as they came."""
    raw = [msgspec.Raw(c.raw.encode()) for c in part.citations if c.raw is not None]
    if not raw or not part.text.strip():
        return None
    return {"citationsContent": {"content": [{"text": part.text}], "citations": raw}}


def _text(text: str, *, marked: bool = False) -> Wire | None:
    """A text block.

    One without a visible character says nothing, and many models refuse it. Where it carries a mark
    for the cache the caller knows better: behind a document nothing else may.
    """
    return {"text": text} if text.strip() or (marked and text) else None


def _append(turns: list[Turn], role: str, content: list[WireBlock]) -> None:
    if turns and turns[-1].role == role:
        turns[-1].content += content
    elif content:
        turns.append(Turn(role, content))


def _tagged(blocks: Iterable[WireBlock]) -> list[WireBlock]:
    return [
        {"text": f"<system>{block['text']}</system>"}
        if isinstance(block, dict) and "text" in block
        else block
        for block in blocks
    ]


def _introduced(blocks: list[WireBlock]) -> list[WireBlock]:
    """Documents need a text in the same message."""
    keys = {key for block in blocks if isinstance(block, dict) for key in block}
    if "document" in keys and "text" not in keys:
        return [{"text": ATTACHED}, *blocks]
    return blocks
