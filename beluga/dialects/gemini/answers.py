"""Past answers on Gemini's wire, with each signature on the part it came with."""

from __future__ import annotations

from typing import Final, TypeAlias, assert_never

import msgspec

from beluga.dialects.calls import argument_object, is_synthetic
from beluga.dialects.gemini.blobs import blob
from beluga.dialects.gemini.output import ORIGIN
from beluga.dialects.gemini.thinking import generation_of
from beluga.schema import (
    AIMessage,
    AudioPart,
    FilePart,
    ImagePart,
    Part,
    ProviderPart,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCall,
    VideoPart,
)
from beluga.transport.dialect import Omissions

__all__ = ["AnswerEncoder"]

Wire: TypeAlias = dict[str, object]

UNSIGNED: Final = "skip_thought_signature_validator"
"""What Google documents for calls that none of its models has signed."""


class AnswerEncoder:
    """Write answers for one model.

    Args:
        model: The model that will read them.
        omissions: Who is told of what is left out.
    """

    def __init__(self, model: str, omissions: Omissions) -> None:
        self._generation, self._omissions = generation_of(model), omissions
        named_new = self._generation is None and "gemini" in model
        self._wants_signatures = named_new or (self._generation or (0, 0)) >= (3, 0)

    def encode(self, message: AIMessage) -> list[object]:
        """Return the parts of *message*; none, if nothing of it can be said here."""
        parts: list[object] = []
        for part in message.parts:
            self._take(part, parts)
        if self._wants_signatures:
            _sign_first_call(parts)
        return parts

    def _take(self, part: Part, parts: list[object]) -> None:
        match part:
            case TextPart(text) | RefusalPart(text):
                if text:
                    parts.append({"text": text})
            case ReasoningPart():
                if self._is_own(part, part.origin):
                    _think(part, parts)
            case ToolCall():
                parts.append(self._call(part))
            case ProviderPart():
                if self._is_own(part, part.origin):
                    parts.append(msgspec.Raw(part.raw.encode()))
            case ImagePart() | AudioPart() | VideoPart() | FilePart():
                parts.append(blob(part, self._generation, self._omissions))
            case _:
                assert_never(part)

    def _call(self, call: ToolCall) -> Wire:
        function: Wire = {"name": call.name, "args": argument_object(call.arguments)}
        if call.id and not is_synthetic(call.id):
            function["id"] = call.id
        wire: Wire = {"functionCall": function}
        if call.signature is not None and self._is_own(call, call.origin):
            wire["thoughtSignature"] = call.signature
        return wire

    def _is_own(self, part: Part, origin: str | None) -> bool:
        """Whether Google made it; what others made is left out, and observers are told."""
        if origin == ORIGIN:
            return True
        what = "the signature of a call" if isinstance(part, ToolCall) else type(part).__name__
        self._omissions.foreign(f"{what} of {origin}", "another made it")
        return False


def _think(part: ReasoningPart, parts: list[object]) -> None:
    if part.opaque is not None:
        parts.append(msgspec.Raw(part.opaque.encode()))
    elif part.text:
        signed = {} if part.signature is None else {"thoughtSignature": part.signature}
        parts.append({"text": part.text, "thought": True, **signed})
    elif part.signature is not None:
        last = parts[-1] if parts else None
        if isinstance(last, dict) and "thoughtSignature" not in last:
            last["thoughtSignature"] = part.signature
        else:
            parts.append({"text": "", "thoughtSignature": part.signature})


def _sign_first_call(parts: list[object]) -> None:
    """Gemini 3 refuses history whose first call of a step has no signature."""
    calls = [part for part in parts if isinstance(part, dict) and "functionCall" in part]
    if calls:
        calls[0].setdefault("thoughtSignature", UNSIGNED)
