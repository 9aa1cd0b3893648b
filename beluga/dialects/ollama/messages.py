"""Messages to an Ollama server: text beside images, thoughts and calls beside both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from beluga.dialects.calls import argument_object, is_synthetic
from beluga.dialects.media import base64_text, inlined
from beluga.schema import (
    AIMessage,
    HumanMessage,
    ImagePart,
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

Wire: TypeAlias = dict[str, object]

_ROLES: Final[dict[type[Message], str]] = {
    SystemMessage: "system",
    HumanMessage: "user",
    AIMessage: "assistant",
    ToolMessage: "tool",
}


class MessageEncoder:
    """Write messages for one server.

    Args:
        provider: Whose it is; the thoughts of others are left out.
        omissions: Who is told of what cannot be written.
    """

    def __init__(self, provider: str, omissions: Omissions) -> None:
        self._provider, self._omissions = provider, omissions
        self._tool_names: dict[str, str] = {}

    def encode(self, messages: Sequence[Message]) -> list[Wire]:
        """Return *messages* in wire form."""
        return [self._message(message) for message in messages]

    def _message(self, message: Message) -> Wire:
        role = _ROLES[type(message)]
        texts: list[str] = []
        images: list[str] = []
        thoughts: list[str] = []
        calls: list[Wire] = []
        for part in message.parts:
            match part:
                case TextPart() | RefusalPart():
                    texts.append(self._text(part))
                case ImagePart():
                    images += self._image(part)
                case ReasoningPart() if role == "assistant":
                    thoughts += self._thought(part)
                case ToolCall() if role == "assistant":
                    calls.append(self._call(part))
                case ProviderPart() if part.origin != self._provider:
                    self._leave(part)
                case _:
                    self._refuse(part, f"role {role} has no place for it")
        wire: Wire = {"role": role, "content": "".join(texts)}
        beside = {"thinking": "".join(thoughts), "images": images, "tool_calls": calls}
        wire.update({key: value for key, value in beside.items() if value})
        # What tells an error from another result is its text: the wire has no mark for it.
        return wire | self._answered(message) if isinstance(message, ToolMessage) else wire

    def _answered(self, message: ToolMessage) -> Wire:
        """Which call a result answers: old servers go by the tool's name, new ones by ids too."""
        wire: Wire = {}
        name = message.name or self._tool_names.get(message.tool_call_id)
        if name is not None:
            wire["tool_name"] = name
        if not is_synthetic(message.tool_call_id):
            wire["tool_call_id"] = message.tool_call_id
        return wire

    def _text(self, part: TextPart | RefusalPart) -> str:
        if isinstance(part, TextPart):
            self._check_mark(part)
        return part.text

    def _image(self, part: ImagePart) -> list[str]:
        self._check_mark(part)
        if part.detail not in (None, "auto"):
            self._omissions.unsupported("detail of an image", "Ollama looks at all of it")
        data = inlined(part).data
        if data is not None:
            return [base64_text(data)]
        self._refuse(part, "Ollama takes the bytes of an image, no URL or id")
        return []

    def _thought(self, part: ReasoningPart) -> list[str]:
        if part.origin == self._provider:
            return [part.text]
        self._leave(part)
        return []

    def _call(self, call: ToolCall) -> Wire:
        self._tool_names[call.id] = call.name
        function = {"name": call.name, "arguments": argument_object(call.arguments)}
        return {"function": function} | ({} if is_synthetic(call.id) else {"id": call.id})

    def _check_mark(self, part: TextPart | ImagePart) -> None:
        """A server finds the beginning of a prompt again by itself, with or without a mark."""
        if part.prompt_cache is not None and part.prompt_cache.ttl is not None:
            what = f"ttl of the prompt_cache of a {type(part).__name__}"
            self._omissions.unsupported(what, "Ollama keeps a prompt as long as its model")

    def _leave(self, part: ReasoningPart | ProviderPart) -> None:
        self._omissions.foreign(f"{type(part).__name__} of {part.origin}", "another made it")

    def _refuse(self, part: Part, why: str) -> None:
        self._omissions.unsupported(type(part).__name__, why)
