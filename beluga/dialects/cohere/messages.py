"""Messages to Cohere: content, and beside it the plan and the calls of a past answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias, assert_never

import msgspec

from beluga.dialects.cohere.wire import Plan
from beluga.dialects.media import data_url
from beluga.schema import (
    AIMessage,
    FilePart,
    HumanMessage,
    ImagePart,
    JsonValue,
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

_IMAGES: Final = "Cohere takes images from a user, as bytes or by URL"
_FILES: Final = "Cohere takes texts, in a tool's result or as extra={'documents': [...]}"

_decode_plan: Final = msgspec.json.Decoder(Plan).decode


class MessageEncoder:
    """Write messages for Cohere.

    Args:
        provider: Whose server it is; the thoughts of others are left out.
        omissions: Who is told of what cannot be written.
    """

    def __init__(self, provider: str, omissions: Omissions) -> None:
        self._provider, self._omissions = provider, omissions

    def encode(self, messages: Sequence[Message]) -> list[Wire]:
        """Return *messages* in wire form."""
        return [self._message(message) for message in messages]

    def _message(self, message: Message) -> Wire:
        match message:
            case SystemMessage():
                return {"role": "system", "content": self._content(message, {TextPart})}
            case HumanMessage():
                return {"role": "user", "content": self._content(message, {TextPart, ImagePart})}
            case ToolMessage():
                # What tells an error from another result is its text: the wire has no mark for it.
                content = self._content(message, {TextPart, FilePart})
                return {"role": "tool", "tool_call_id": message.tool_call_id, "content": content}
            case AIMessage():
                return self._answer(message)
            case _:
                assert_never(message)

    def _content(self, message: Message, allowed: set[type[Part]]) -> str | list[object]:
        blocks: list[object] = []
        for part in message.parts:
            if isinstance(part, ProviderPart) and part.origin != self._provider:
                self._leave(part)
            elif type(part) in allowed:
                blocks += self._block(part)
            else:
                self._refuse(part)
        return _plain(blocks)

    def _block(self, part: Part) -> list[object]:
        self._check_mark(part)
        match part:
            case TextPart() | RefusalPart():
                return [{"type": "text", "text": part.text}] if part.text else []
            case ImagePart():
                return self._image(part)
            case FilePart():
                return self._document(part)
            case _:
                return []

    def _image(self, part: ImagePart) -> list[object]:
        if part.id is not None:
            self._refuse(part)
            return []
        detail = {} if part.detail is None else {"detail": part.detail}
        return [{"type": "image_url", "image_url": {"url": data_url(part), **detail}}]

    def _document(self, part: FilePart) -> list[object]:
        """A text file is a document, which the model can cite by its name."""
        text = _text_of(part)
        if text is None:
            self._refuse(part)
            return []
        name = {} if part.name is None else {"id": part.name}
        document = {"data": {"text": text}, **name}
        return [{"type": "document", "document": document}]

    def _answer(self, message: AIMessage) -> Wire:
        wire: Wire = {"role": "assistant"}
        blocks: list[object] = []
        plans: list[str] = []
        calls: list[Wire] = []
        for part in message.parts:
            match part:
                case TextPart() | RefusalPart():
                    blocks += self._block(part)
                case ReasoningPart() if part.origin == self._provider:
                    plan = _plan_in(part)
                    if plan is None:
                        blocks.append(_thinking(part))
                    else:
                        plans.append(plan)
                case ToolCall():
                    calls.append(_call(part))
                case ReasoningPart() | ProviderPart() if part.origin != self._provider:
                    self._leave(part)
                case _:
                    self._refuse(part)
        if blocks or not (plans or calls):
            wire["content"] = _plain(blocks)
        if plans:
            wire["tool_plan"] = "".join(plans)
        if calls:
            wire["tool_calls"] = calls
        return wire

    def _check_mark(self, part: Part) -> None:
        """Cohere caches the beginning of a prompt by itself, with or without a mark."""
        mark = getattr(part, "prompt_cache", None)
        if mark is not None and mark.ttl is not None:
            what = f"ttl of the prompt_cache of a {type(part).__name__}"
            self._omissions.unsupported(what, "Cohere decides how long it keeps a prompt")

    def _leave(self, part: ReasoningPart | ProviderPart) -> None:
        self._omissions.foreign(f"{type(part).__name__} of {part.origin}", "another made it")

    def _refuse(self, part: Part) -> None:
        why = _WHY.get(type(part), "this message has no place for it")
        self._omissions.unsupported(type(part).__name__, why)


_WHY: Final[dict[type[Part], str]] = {ImagePart: _IMAGES, FilePart: _FILES}


def _plain(blocks: list[object]) -> str | list[object]:
    """Content that is one text, or nothing, is a string."""
    match blocks:
        case []:
            return ""
        case [{"type": "text", "text": str(text)}]:
            return text
        case _:
            return blocks


def _plan_in(part: ReasoningPart) -> str | None:
    if part.opaque is None:
        return None
    try:
        return _decode_plan(part.opaque).tool_plan
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return None


def _thinking(part: ReasoningPart) -> object:
    if part.opaque is not None:
        return msgspec.Raw(part.opaque.encode())
    return {"type": "thinking", "thinking": part.text}


def _call(call: ToolCall) -> Wire:
    function: dict[str, JsonValue] = {"name": call.name, "arguments": call.arguments or "{}"}
    return {"id": call.id, "type": "function", "function": function}


def _text_of(part: FilePart) -> str | None:
    """The text in a file, if it holds any."""
    kind = part.media_type or ""
    if part.data is None or not (kind.startswith("text/") or kind == "application/json"):
        return None
    try:
        return part.data.decode()
    except UnicodeDecodeError:
        return None
