"""Messages on the chat-completions wire."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import assert_never

import msgspec

from beluga.dialects.chat.parts import PartEncoder, Wire
from beluga.dialects.chat.quirks import Media, Quirks
from beluga.schema import (
    AIMessage,
    AudioPart,
    HumanMessage,
    Message,
    Part,
    ProviderPart,
    ReasoningPart,
    RefusalPart,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
)
from beluga.transport.dialect import Omissions

__all__ = ["MessageEncoder"]


class MessageEncoder:
    """Write messages for one server.

    Args:
        provider: Whose it is; opaque parts of others are left out.
        quirks: How it differs.
        omissions: Who is told of what cannot be written.
    """

    def __init__(self, provider: str, quirks: Quirks, omissions: Omissions) -> None:
        self._provider, self._quirks, self._omissions = provider, quirks, omissions
        self._parts = PartEncoder(quirks, omissions)

    def encode(self, messages: Sequence[Message]) -> list[Wire]:
        """Return *messages* in wire form."""
        written = [self._message(message) for message in messages]
        return _merged(written) if self._quirks.merge_turns else written

    def _message(self, message: Message) -> Wire:
        match message:
            case SystemMessage():
                return self._said("system", message.parts, frozenset())
            case HumanMessage():
                return self._said("user", message.parts, self._quirks.media)
            case ToolMessage():
                return self._result(message)
            case AIMessage():
                return self._answer(message)
            case _:
                assert_never(message)

    def _said(self, role: str, parts: Sequence[Part], media: frozenset[Media]) -> Wire:
        return {"role": role, "content": self._parts.content(parts, f"a {role} message", media)}

    def _result(self, message: ToolMessage) -> Wire:
        where, media = "a tool's result", self._quirks.result_media
        wire: Wire = {
            "role": "tool",
            "tool_call_id": self._call_id(message.tool_call_id),
            "content": self._parts.content(message.parts, where, media),
        }
        if message.name is not None and self._quirks.tool_names:
            wire["name"] = message.name
        return wire

    def _answer(self, message: AIMessage) -> Wire:
        texts = [text for part in message.parts if (text := self._text_of(part)) is not None]
        thoughts = [p for p in message.parts if isinstance(p, ReasoningPart) and self._is_own(p)]
        calls = [self._call(call) for call in message.tool_calls]
        content = self._parts.content(texts, "an answer")
        if self._quirks.parts == "mistral" and thoughts:
            spoken: list[Wire] = [{"type": "text", "text": text.text} for text in texts]
            content = [*map(self._parts.thinking, thoughts), *spoken]
        wire: Wire = {"role": "assistant", "content": content if texts or not calls else None}
        wire.update(self._thoughts(thoughts))
        refusal = "".join([p.text for p in message.parts if isinstance(p, RefusalPart)])
        if refusal and self._quirks.parts == "openai":
            wire["refusal"] = refusal
            wire["content"] = content if texts else None
        if calls:
            wire["tool_calls"] = calls
        return wire

    def _thoughts(self, thoughts: Sequence[ReasoningPart]) -> Wire:
        """Reasoning as the server wants it back."""
        quirks = self._quirks
        opaque = [part.opaque for part in thoughts if part.opaque is not None]
        if quirks.details and opaque:
            return {"reasoning_details": msgspec.Raw(opaque[-1].encode())}
        replay = quirks.reasoning_replay
        if replay is None and thoughts and quirks.parts != "mistral":
            self._omissions.foreign(f"reasoning of {self._provider}", "it takes none back")
        if replay is None or not (thoughts or quirks.replay_blank):
            return {}
        keys = [part.key for part in thoughts if part.key is not None]
        key = (keys[-1] if keys else "reasoning_content") if replay == "as_sent" else replay
        return {key: "".join([part.text for part in thoughts])}

    def _is_own(self, part: ReasoningPart | ProviderPart) -> bool:
        """Whether this server made *part*; if not, observers are told that it is left out."""
        if part.origin == self._provider:
            return True
        self._omissions.foreign(f"{type(part).__name__} of {part.origin}", "another made it")
        return False

    def _text_of(self, part: Part) -> TextPart | None:
        """What of a past answer goes back as text; calls and refusals have their own places."""
        match part:
            case TextPart():
                return part if part.text else None
            case AudioPart() if part.transcript:
                return TextPart(part.transcript)
            case RefusalPart() if self._quirks.parts == "mistral":
                return TextPart(part.text)
            case ToolCall() | RefusalPart() | ReasoningPart():
                return None
            case ProviderPart():
                if self._is_own(part):
                    self._parts.refuse(part, "an answer")
                return None
            case _:
                self._parts.refuse(part, "an answer")
                return None

    def _call(self, call: ToolCall) -> Wire:
        function = {"name": call.name, "arguments": call.arguments or "{}"}
        return {"id": self._call_id(call.id), "type": "function", "function": function}

    def _call_id(self, call_id: str) -> str:
        length = self._quirks.call_id_length
        if length is None or re.fullmatch(rf"[A-Za-z0-9]{{{length}}}", call_id):
            return call_id
        return blake2b(call_id.encode(), digest_size=16).hexdigest()[:length]


def _merged(messages: Sequence[Wire]) -> list[Wire]:
    """Join consecutive messages of one user, or of one system, for servers that want turns."""
    merged: list[Wire] = []
    for message in messages:
        last = merged[-1] if merged else None
        if (
            last is None
            or last["role"] != message["role"]
            or message["role"] not in ("user", "system")
        ):
            merged.append(dict(message))
            continue
        last["content"] = [*_as_list(last["content"]), *_as_list(message["content"])]
    return merged


def _as_list(content: object) -> Sequence[object]:
    return content if isinstance(content, list) else [{"type": "text", "text": content}]
