"""Media on a wire: base64, data URLs, and what kind of file some bytes are."""

from __future__ import annotations

import base64
import binascii
from typing import Final, TypeAlias, TypeVar
from urllib.parse import unquote_to_bytes

import msgspec

from beluga.errors import invalid_input
from beluga.schema import AudioPart, FilePart, ImagePart, VideoPart

__all__ = ["MediaPart", "base64_text", "data_url", "decode_base64", "inlined", "media_type_of"]

MediaPart: TypeAlias = ImagePart | AudioPart | VideoPart | FilePart

PartT = TypeVar("PartT", ImagePart, AudioPart, VideoPart, FilePart)

# The first bytes of a file, where in it they stand, and what they say.
_SIGNATURES: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (4, b"ftyp", "video/mp4"),
)


def media_type_of(part: MediaPart) -> str:
    """Return the media type of *part*: as given, or as its first bytes tell.

    Raises:
        InvalidInputError: Nothing tells it.
    """
    if part.media_type is not None:
        return part.media_type
    for offset, signature, media_type in _SIGNATURES:
        if part.data is not None and part.data[offset:].startswith(signature):
            return media_type
    name = type(part).__name__
    raise invalid_input(f"the bytes of this {name} do not tell what they are; give media_type")


def base64_text(data: bytes) -> str:
    """Return *data* in base64."""
    return base64.b64encode(data).decode("ascii")


def decode_base64(text: str) -> bytes:
    """Return the bytes that *text* stands for, in the standard or the URL-safe alphabet.

    Raises:
        ValueError: It is no base64.
    """
    plain = text.translate({0x2D: "+", 0x5F: "/"})
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError(f"not base64: {error}") from None


def data_url(part: MediaPart) -> str:
    """Return the part's URL, or its bytes as a `data:` URL."""
    if part.url is not None:
        return part.url
    return f"data:{media_type_of(part)};base64,{base64_text(part.data or b'')}"


def inlined(part: PartT) -> PartT:
    """Return *part* with the bytes of its `data:` URL (RFC 2397), if its URL is one.

    Raises:
        InvalidInputError: The URL cannot be read.
    """
    if part.url is None or not part.url.startswith("data:"):
        return part
    head, found, text = part.url.removeprefix("data:").partition(",")
    media_type, *parameters = head.split(";")
    unreadable = invalid_input(f"the data URL of this {type(part).__name__} cannot be read")
    if not found:
        raise unreadable
    try:
        data = decode_base64(text) if "base64" in parameters else unquote_to_bytes(text)
    except ValueError:
        raise unreadable from None
    known = part.media_type or media_type or None
    return msgspec.structs.replace(part, url=None, data=data, media_type=known)
