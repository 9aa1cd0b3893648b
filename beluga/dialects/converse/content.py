"""Content blocks of Converse: media, documents, calls and what goes back as it came."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import PurePosixPath
from typing import Final, TypeAlias

import msgspec

from beluga.dialects.media import MediaPart, base64_text, inlined, media_type_of
from beluga.schema import AudioPart, FilePart, ImagePart, PromptCache, VideoPart
from beluga.transport.dialect import Omissions

__all__ = ["MediaEncoder", "Wire", "WireBlock", "call_id", "mark_of", "marked"]

Wire: TypeAlias = dict[str, object]
WireBlock: TypeAlias = Wire | msgspec.Raw
"""A block that was written here, or one that goes back as it came."""

AFTER_ATTACHMENT: Final = "(end of the attachment)"
"""Stands between a document or a film and a mark for the cache, which may not follow at once."""

LONGEST_NAME: Final = 200
LONGEST_ID: Final = 64

_IMAGES: Final[Mapping[str, str]] = {
    "image/png": "png",
    "image/jpeg": "jpeg",
    "image/jpg": "jpeg",
    "image/gif": "gif",
    "image/webp": "webp",
}
_SOUNDS: Final[Mapping[str, str]] = {
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/opus": "opus",
    "audio/aac": "aac",
    "audio/flac": "flac",
    "audio/x-flac": "flac",
    "audio/ogg": "ogg",
    "audio/mp4": "mp4",
    "audio/m4a": "m4a",
    "audio/x-m4a": "m4a",
    "audio/webm": "webm",
    "audio/x-matroska": "mka",
    "audio/pcm": "pcm",
}
_FILMS: Final[Mapping[str, str]] = {
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "video/x-matroska": "mkv",
    "video/x-flv": "flv",
    "video/mpeg": "mpeg",
    "video/x-ms-wmv": "wmv",
    "video/3gpp": "three_gp",
}
_DOCUMENTS: Final[Mapping[str, str]] = {
    "application/pdf": "pdf",
    "text/csv": "csv",
    "text/html": "html",
    "text/markdown": "md",
    "text/plain": "txt",
    "application/json": "txt",
    "application/xml": "txt",
    "application/x-yaml": "txt",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}
_SEEN_AND_HEARD: Final = {"image": _IMAGES, "video": _FILMS, "audio": _SOUNDS}

_ENDINGS: Final[Mapping[str, str]] = {
    "3gp": "three_gp",
    "htm": "html",
    "jpg": "jpeg",
    "markdown": "md",
    "mpg": "mpeg",
}
_EXTENSIONS: Final = frozenset({*_DOCUMENTS.values(), "mov", "mkv", "flv", "wmv", "mp4", "webm"})

_CALL_ID: Final = re.compile(rf"[A-Za-z0-9_.:-]{{1,{LONGEST_ID}}}")
_PLAIN_CALL_ID: Final = re.compile(rf"[A-Za-z0-9_-]{{1,{LONGEST_ID}}}")


class MediaEncoder:
    """Write media for one request, in which no two documents may have one name.

    Args:
        omissions: Who is told of what cannot be written.
    """

    def __init__(self, omissions: Omissions) -> None:
        self._omissions = omissions
        self._names: set[str] = set()

    def encode(self, part: MediaPart, where: str) -> Wire | None:
        """Return *part* as a block, if it can be one.

        Args:
            part: What to write.
            where: In what it stands, for the text of a refusal.
        """
        match part:
            case ImagePart():
                if part.detail not in {None, "auto"}:
                    what = f"image detail {part.detail!r}"
                    self._omissions.unsupported(what, "there is only one")
                return self._block("image", inlined(part), _IMAGES, where)
            case AudioPart():
                return self._block("audio", inlined(part), _SOUNDS, where)
            case VideoPart():
                return self._block("video", inlined(part), _FILMS, where)
            case FilePart():
                return self._file(inlined(part), where)

    def _file(self, part: FilePart, where: str) -> Wire | None:
        """A document, or whatever else a file turns out to be."""
        media_type = _kind_of(part)
        for kind, formats in _SEEN_AND_HEARD.items():
            if _format_of(media_type, formats) is not None:
                return self._block(kind, part, formats, where)
        block = self._block("document", part, _DOCUMENTS, where)
        if block is not None:
            document = block["document"]
            assert isinstance(document, dict)
            document["name"] = self._name(part.name)
        return block

    def _block(
        self, kind: str, part: MediaPart, formats: Mapping[str, str], where: str
    ) -> Wire | None:
        name = f"{type(part).__name__} in {where}"
        source = _source_of(part)
        if source is None:
            why = "Converse takes bytes, and addresses that begin with s3://"
            self._omissions.unsupported(f"{name} by address or id", why)
            return None
        media_type = _kind_of(part)
        form = _format_of(media_type, formats)
        if form is None:
            known = ", ".join(sorted(set(formats.values())))
            self._omissions.unsupported(f"{name} of type {media_type}", f"it may be {known}")
            return None
        return {kind: {"format": form, "source": source}}

    def _name(self, given: str | None) -> str:
        """A name in the letters that the wire allows, unlike that of any other document."""
        path = PurePosixPath(given or "")
        stem = path.stem if path.suffix[1:].lower() in _EXTENSIONS else path.name
        plain = re.sub(r"[^A-Za-z0-9\s()\[\]-]+", "-", stem)
        name = re.sub(r"\s+", " ", plain).strip(" -") or "document"
        unique, count = name[:LONGEST_NAME], 1
        while unique.lower() in self._names:
            count += 1
            suffix = f" ({count})"
            unique = name[: LONGEST_NAME - len(suffix)] + suffix
        self._names.add(unique.lower())
        return unique


def call_id(given: str, maker: str) -> str:
    """Return an id in the letters that the wire allows; another provider's may have others.

    Claude allows fewer than Converse does.
    """
    allowed = _PLAIN_CALL_ID if maker == "anthropic" else _CALL_ID
    if allowed.fullmatch(given):
        return given
    return f"call_{blake2b(given.encode('utf-8', 'surrogatepass'), digest_size=12).hexdigest()}"


def marked(cache: PromptCache | None, after: WireBlock) -> list[WireBlock]:
    """Return what to write behind a block so that the prompt is cached up to it.

    Args:
        cache: For how long; `None` writes nothing.
        after: The block.
    """
    if cache is None:
        return []
    mark: Wire = {"type": "default"}
    if cache.ttl is not None:
        mark["ttl"] = cache.ttl
    point: Wire = {"cachePoint": mark}
    attached = isinstance(after, dict) and ("document" in after or "video" in after)
    return [{"text": AFTER_ATTACHMENT}, point] if attached else [point]


def mark_of(block: WireBlock) -> Wire | None:
    """Return what a mark for the cache says, if *block* is one that was written here."""
    mark = block.get("cachePoint") if isinstance(block, dict) else None
    return mark if isinstance(mark, dict) else None


def _kind_of(part: MediaPart) -> str:
    """The media type: as given, as the ending of the name or address tells, or as the bytes do."""
    given = (part.media_type or "").partition(";")[0].strip().lower()
    if given:
        return given
    name = (part.name if isinstance(part, FilePart) else None) or _address_of(part) or ""
    ending = PurePosixPath(name.partition("?")[0]).suffix[1:].lower()
    if part.data is None or _format_of(ending, _DOCUMENTS) is not None:
        return ending
    return media_type_of(part)


def _format_of(media_type: str, formats: Mapping[str, str]) -> str | None:
    """The format that a media type, an ending, or a kind of text that is not listed stands for."""
    form = formats.get(media_type) or _ENDINGS.get(media_type, media_type)
    if form in formats.values():
        return form
    return "txt" if media_type.startswith("text/") and "txt" in formats.values() else None


def _address_of(part: MediaPart) -> str | None:
    return part.url if part.url is not None else part.id


def _source_of(part: MediaPart) -> Wire | None:
    """Bytes, or an object in S3; `?bucketOwner=` behind its address names another account."""
    if part.data is not None:
        return {"bytes": base64_text(part.data)}
    uri, _, owner = (_address_of(part) or "").partition("?bucketOwner=")
    if not uri.startswith("s3://"):
        return None
    location: Wire = {"uri": uri}
    return {"s3Location": {**location, "bucketOwner": owner} if owner else location}
