"""Media on Gemini's wire: bytes inline, everything else by its address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

from beluga.dialects.gemini.thinking import Generation
from beluga.dialects.media import MediaPart, base64_text, media_type_of
from beluga.transport.dialect import Omissions

__all__ = ["blob", "is_returnable", "media_kind"]

_FILES: Final = "https://generativelanguage.googleapis.com/v1beta/"

_ENDINGS: Final[Mapping[str, str]] = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "heic": "image/heic",
    "heif": "image/heif",
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "m4a": "audio/mp4",
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "mpeg": "video/mpeg",
    "mpg": "video/mpeg",
    "webm": "video/webm",
    "pdf": "application/pdf",
    "txt": "text/plain",
    "md": "text/markdown",
    "html": "text/html",
    "csv": "text/csv",
    "json": "application/json",
}

_DETAILS: Final[Mapping[str, str]] = {
    "low": "MEDIA_RESOLUTION_LOW",
    "medium": "MEDIA_RESOLUTION_MEDIUM",
    "high": "MEDIA_RESOLUTION_HIGH",
    "ultra_high": "MEDIA_RESOLUTION_ULTRA_HIGH",
}

# What a function's result may hold from the third generation on.
_RETURNABLE: Final = frozenset(
    {"image/png", "image/jpeg", "image/webp", "application/pdf", "text/plain"}
)


def blob(part: MediaPart, generation: Generation, omissions: Omissions) -> dict[str, object]:
    """Return *part* on the wire.

    Raises:
        InvalidInputError: Nothing tells what kind of file its bytes are.
    """
    wire = _source(part)
    if part.detail is not None and part.detail != "auto":
        level = _DETAILS.get(part.detail)
        if level is None:
            words = ", ".join(["auto", *_DETAILS])
            omissions.unsupported(f"detail {part.detail!r}", f"Gemini knows {words}")
        elif generation is not None and generation < (3, 0):
            why = "Gemini before 3 takes one mediaResolution for all, in extra's generationConfig"
            omissions.unsupported("detail of one part", why)
        else:
            wire["mediaResolution"] = {"level": level}
    return wire


def is_returnable(part: MediaPart, generation: Generation) -> bool:
    """Whether a function's result may hold *part* itself."""
    recent = generation is None or generation >= (3, 0)
    return recent and media_kind(part) in _RETURNABLE


def media_kind(part: MediaPart) -> str | None:
    """Return the media type of *part*, as far as it, its bytes or its address tell."""
    if part.data is not None:
        return media_type_of(part)
    if part.media_type is not None or part.url is None:
        return part.media_type
    if part.url.startswith("data:"):
        return part.url[5:].partition(",")[0].partition(";")[0] or None
    ending = urlsplit(part.url).path.rpartition(".")[2].lower()
    return _ENDINGS.get(ending)


def _source(part: MediaPart) -> dict[str, object]:
    kind = media_kind(part)
    if part.data is not None:
        return {"inlineData": {"mimeType": kind, "data": base64_text(part.data)}}
    if part.url is not None and part.url.startswith("data:"):
        head, _, data = part.url.partition(",")
        if not head.endswith(";base64"):
            data = base64_text(unquote_to_bytes(data))
        return {"inlineData": {"mimeType": kind or "text/plain", "data": data}}
    address = part.url if part.url is not None else _file(part.id or "")
    named = {} if kind is None else {"mimeType": kind}
    return {"fileData": {**named, "fileUri": address}}


def _file(name: str) -> str:
    """Return the address of a file that was uploaded: `files/abc`, `abc`, or the address itself."""
    if "://" in name:
        return name
    return f"{_FILES}{name if name.startswith('files/') else f'files/{name}'}"
