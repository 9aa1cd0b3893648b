"""Content blocks on the Messages wire."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import Final, TypeAlias

import msgspec

from beluga.dialects.calls import argument_object
from beluga.dialects.media import MediaPart, base64_text, inlined, media_type_of
from beluga.errors import invalid_input
from beluga.schema import (
    AudioPart,
    Citation,
    FilePart,
    ImagePart,
    Part,
    PromptCache,
    ProviderPart,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCall,
)
from beluga.transport.dialect import Omissions

__all__ = ["BlockEncoder", "Replay", "Wire", "WireBlock", "call_id"]

Wire: TypeAlias = dict[str, object]
Replay: TypeAlias = msgspec.Raw
WireBlock: TypeAlias = Wire | Replay
"""A block that was written here, or one that goes back as it came."""

_IMAGES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_TEXTS: Final = frozenset({"application/json", "application/xml", "application/x-yaml"})
_CALL_ID: Final = re.compile(r"[A-Za-z0-9_-]+")


class BlockEncoder:
    """Write parts as blocks.

    Args:
        origin: Whose opaque parts may go back.
        omissions: Who is told of what cannot be written.
    """

    has_file_ids: bool

    def __init__(self, origin: str, omissions: Omissions) -> None:
        self._origin, self._omissions = origin, omissions
        self.has_file_ids = False

    def given(self, part: Part, where: str) -> WireBlock | None:
        """Write a part of what the model is given, if it has a place there.

        Args:
            part: What to write.
            where: In what it stands, for the text of a refusal.
        """
        match part:
            case TextPart():
                return _text(part)
            case ImagePart():
                return self._image(part, where)
            case FilePart():
                return self._file(part, where)
            case ProviderPart():
                return self._replayed(part, part.raw)
            case _:
                self._refuse(part, where)
                return None

    def said(self, part: Part, *, citations: bool) -> WireBlock | None:
        """Write a part of what the model said.

        Args:
            part: What to write.
            citations: Whether this wire's model made them, so that it can read them.
        """
        match part:
            case TextPart():
                return _text(part, part.citations if citations else ())
            case RefusalPart(text):
                return _text(TextPart(text))
            case ReasoningPart():
                return self._thought(part)
            case ToolCall():
                return self._call(part)
            case ProviderPart():
                return self._replayed(part, part.raw)
            case AudioPart() if part.transcript:
                return _text(TextPart(part.transcript))
            case _:
                self._refuse(part, "an answer")
                return None

    def _thought(self, part: ReasoningPart) -> WireBlock | None:
        if part.origin != self._origin or part.opaque is not None:
            return self._replayed(part, part.opaque or "")
        if part.signature is None:
            self._omissions.foreign("a thought without a signature", "only signed ones go back")
            return None
        return {"type": "thinking", "thinking": part.text, "signature": part.signature}

    def _replayed(self, part: ReasoningPart | ProviderPart, raw: str) -> Replay | None:
        if part.origin != self._origin:
            what = f"a {type(part).__name__} of {part.origin or 'unknown origin'}"
            self._omissions.foreign(what, "only its maker reads it")
            return None
        return msgspec.Raw(raw.encode())

    def _call(self, call: ToolCall) -> Wire:
        block: Wire = {
            "type": "tool_use",
            "id": call_id(call.id),
            "name": call.name,
            "input": argument_object(call.arguments),
        }
        if call.signature is not None:
            block |= self._caller(call, call.signature)
        return block

    def _caller(self, call: ToolCall, proof: str) -> Mapping[str, object]:
        """Who made a call, where that was not the model itself."""
        if call.origin != self._origin:
            self._omissions.foreign(f"the proof of call {call.id}", "only its maker reads it")
            return {}
        try:
            return msgspec.json.decode(proof, type=dict[str, msgspec.Raw])
        except msgspec.MsgspecError:
            raise invalid_input(f"the signature of call {call.id!r} is not as it was") from None

    def _image(self, part: ImagePart, where: str) -> Wire | None:
        if part.detail not in (None, "auto"):
            self._omissions.unsupported(f"image detail {part.detail!r}", "there is only one")
        image = inlined(part)
        if image.data is not None and media_type_of(image) not in _IMAGES:
            kind = media_type_of(image)
            self._omissions.unsupported(f"{kind} in {where}", "images are PNG, JPEG, GIF or WebP")
            return None
        return self._block("image", image, self._source(image))

    def _file(self, part: FilePart, where: str) -> Wire | None:
        file = inlined(part)
        kind = (media_type_of(file) if file.data is not None else file.media_type) or ""
        kind = kind.partition(";")[0].strip().lower()
        if kind in _IMAGES:
            return self._block("image", file, self._source(file))
        is_text = kind.startswith("text/") or kind in _TEXTS
        if file.id is not None or kind == "application/pdf" or (file.url is not None and not kind):
            source: Wire | None = self._source(file)
        elif is_text and file.data is not None:
            source = _plain(file.data)
        else:
            source = None
        if source is None:
            why = "documents are PDF or text in UTF-8, and only PDF is fetched by URL"
            self._omissions.unsupported(f"a file of type {kind} in {where}", why)
            return None
        block = self._block("document", file, source)
        return {**block, "title": part.name} if part.name else block

    def _source(self, part: MediaPart) -> Wire:
        identity = getattr(part, "id", None)
        if identity is not None:
            self.has_file_ids = True
            return {"type": "file", "file_id": identity}
        if part.url is not None:
            return {"type": "url", "url": part.url}
        data = base64_text(part.data or b"")
        return {"type": "base64", "media_type": media_type_of(part), "data": data}

    def _block(self, kind: str, part: ImagePart | FilePart, source: Wire) -> Wire:
        return {"type": kind, "source": source, **_mark(part.prompt_cache)}

    def _refuse(self, part: Part, where: str) -> None:
        what = f"{type(part).__name__} in {where}"
        self._omissions.unsupported(what, "the Messages API has no place for it")


def call_id(given: str) -> str:
    """Return an id in the letters that the wire allows; another provider's may have others."""
    if _CALL_ID.fullmatch(given):
        return given
    digest = blake2b(given.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{re.sub(r'[^A-Za-z0-9_-]', '_', given)}_{digest}"


def _text(part: TextPart, citations: tuple[Citation, ...] = ()) -> Wire | None:
    """A text block; one without a visible character is refused by the server and says nothing."""
    if not part.text.strip():
        return None
    block: Wire = {"type": "text", "text": part.text, **_mark(part.prompt_cache)}
    raw = [msgspec.Raw(c.raw.encode()) for c in citations if c.raw is not None]
    return {**block, "citations": raw} if raw else block


def _mark(cache: PromptCache | None) -> Wire:
    if cache is None:
        return {}
    ttl: Mapping[str, str] = {} if cache.ttl is None else {"ttl": cache.ttl}
    return {"cache_control": {"type": "ephemeral", **ttl}}


def _plain(data: bytes) -> Wire | None:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return {"type": "text", "media_type": "text/plain", "data": text}
