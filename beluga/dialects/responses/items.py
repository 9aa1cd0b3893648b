"""Messages as the input items of a Responses request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias, assert_never

import msgspec

from beluga.dialects.media import data_url
from beluga.dialects.openai_caching import BREAKPOINT_TTLS
from beluga.schema import (
    AIMessage,
    FilePart,
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

__all__ = ["ItemEncoder"]

Wire: TypeAlias = dict[str, object]


class ItemEncoder:
    """Write messages as items.

    Args:
        provider: Whose server it is; opaque items of others are left out.
        omissions: Who is told of what cannot be written.
    """

    def __init__(self, provider: str, omissions: Omissions) -> None:
        self._provider, self._omissions = provider, omissions
        self._custom: set[str] = set()

    def encode(self, messages: Sequence[Message]) -> list[object]:
        """Return the items of *messages*, in order."""
        return [item for message in messages for item in self._items(message)]

    def _items(self, message: Message) -> list[object]:
        match message:
            case SystemMessage():
                return [self._said("system", message.parts)]
            case HumanMessage():
                return [self._said("user", message.parts)]
            case ToolMessage():
                return [self._result(message)]
            case AIMessage():
                return self._answer(message)
            case _:
                assert_never(message)

    def _said(self, role: str, parts: Sequence[Part]) -> Wire:
        return {"role": role, "content": self._content(parts, f"a {role} message")}

    def _result(self, message: ToolMessage) -> Wire:
        custom = message.tool_call_id in self._custom
        return {
            "type": "custom_tool_call_output" if custom else "function_call_output",
            "call_id": message.tool_call_id,
            "output": self._content(message.parts, "a tool's result"),
        }

    def _answer(self, message: AIMessage) -> list[object]:
        known = _known_messages(message) if message.provider == self._provider else ()
        items: list[object] = []
        texts = 0
        for part in message.parts:
            if isinstance(part, TextPart) and part.text:
                items.append(_text(part.text, known[texts] if texts < len(known) else {}))
                texts += 1
                continue
            item = self._answered(part, message)
            if item is not None:
                items.append(item)
        return items

    def _answered(self, part: Part, message: AIMessage) -> object | None:
        match part:
            case TextPart():
                return None  # it is empty
            case RefusalPart():
                return _text(part.text, {})
            case ToolCall():
                return self._call(part)
            case ReasoningPart(opaque=str(opaque)) if part.origin == self._provider:
                return msgspec.Raw(opaque.encode())
            case ProviderPart() if part.origin == self._provider:
                return msgspec.Raw(part.raw.encode())
            case ReasoningPart() | ProviderPart():
                what = f"{type(part).__name__} of {part.origin}"
                self._omissions.foreign(what, "only the provider that made it can read it")
                return None
            case ImagePart() if _is_drawn(message, self._provider):
                return None  # it goes back inside the item that drew it
            case _:
                self._refuse(part, "an answer")
                return None

    def _call(self, call: ToolCall) -> object:
        if call.signature is not None and call.origin == self._provider:
            self._custom.add(call.id)
            return msgspec.Raw(call.signature.encode())
        return {
            "type": "function_call",
            "call_id": call.id,
            "name": call.name,
            "arguments": call.arguments or "{}",
        }

    def _content(self, parts: Sequence[Part], where: str) -> str | list[Wire]:
        plain = all(isinstance(p, TextPart) and p.prompt_cache is None for p in parts)
        if plain and len(parts) < 2:
            return "".join([part.text for part in parts if isinstance(part, TextPart)])
        written = [self._part(part, where) for part in parts]
        return [part for part in written if part is not None] or ""

    def _part(self, part: Part, where: str) -> Wire | None:
        match part:
            case TextPart():
                wire: Wire = {"type": "input_text", "text": part.text}
            case ImagePart():
                wire = {"type": "input_image", "detail": part.detail or "auto"}
                wire |= {"file_id": part.id} if part.id else {"image_url": data_url(part)}
            case FilePart():
                wire = {"type": "input_file", **_file(part)}
            case _:
                self._refuse(part, where)
                return None
        if part.prompt_cache is not None:
            if part.prompt_cache.ttl not in BREAKPOINT_TTLS:
                why = "how long is said for the whole request, by the option prompt_cache"
                self._omissions.unsupported(f"the ttl {part.prompt_cache.ttl!r} of a part", why)
            wire["prompt_cache_breakpoint"] = {"mode": "explicit"}
        return wire

    def _refuse(self, part: Part, where: str) -> None:
        what = f"{type(part).__name__} in {where}"
        self._omissions.unsupported(what, "the Responses wire has no place for it")


def _text(text: str, known: Mapping[str, object]) -> Wire:
    """What the model said. With the id that the server gave it, it is the item that it was."""
    phase = {} if known.get("phase") is None else {"phase": known["phase"]}
    if known.get("id") is None:
        return {"role": "assistant", "content": text, **phase}
    return {
        "type": "message",
        "id": known["id"],
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": text, "annotations": []}],
        **phase,
    }


def _file(part: FilePart) -> Wire:
    if part.id is not None:
        return {"file_id": part.id}
    if part.url is not None:
        return {"file_url": part.url}
    return {"filename": part.name or "file", "file_data": data_url(part)}


def _known_messages(message: AIMessage) -> Sequence[Mapping[str, object]]:
    """What the server said of the items that the texts of an answer came from."""
    known = message.metadata.get("messages")
    if not isinstance(known, list | tuple):
        return ()
    return [item if isinstance(item, Mapping) else {} for item in known]


def _is_drawn(message: AIMessage, provider: str) -> bool:
    return any(
        isinstance(part, ProviderPart)
        and part.origin == provider
        and part.kind == "image_generation_call"
        for part in message.parts
    )
