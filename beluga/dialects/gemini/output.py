"""Parts of an answer that are neither text nor calls: media, and what Google's own tools did."""

from __future__ import annotations

from typing import Final

import msgspec

from beluga.dialects.gemini.wire import PartWire
from beluga.dialects.media import MediaPart, decode_base64
from beluga.schema import AudioPart, FilePart, ImagePart, ProviderPart, VideoPart

__all__ = ["ORIGIN", "media_part", "provider_part"]

ORIGIN: Final = "google"
"""Whose signatures, thoughts and tools they are: the Gemini API's and Vertex AI's alike."""

_CLASSES: Final[dict[str, type[MediaPart]]] = {
    "image": ImagePart,
    "audio": AudioPart,
    "video": VideoPart,
}

# Keys of a part that say something about it and not what it is.
_ABOUT: Final = frozenset(
    {"thought", "thoughtSignature", "mediaResolution", "videoMetadata", "partMetadata"}
)

_READABLE: Final = ("code", "output")


def media_part(wire: PartWire) -> MediaPart | None:
    """Return the image, sound, film or file that a part holds, if it holds one.

    Raises:
        ValueError: Its bytes are not in base64.
    """
    if wire.inline_data is not None:
        kind, data = wire.inline_data.mime_type, decode_base64(wire.inline_data.data or "")
        return _class(kind)(data, media_type=kind)
    if wire.file_data is not None and wire.file_data.file_uri is not None:
        kind = wire.file_data.mime_type
        return _class(kind)(url=wire.file_data.file_uri, media_type=kind)
    return None


def provider_part(raw: msgspec.Raw) -> ProviderPart | None:
    """Return a part that only Google understands as it came; `None` if there is nothing in it."""
    item = msgspec.json.decode(raw, type=dict[str, object])
    kind = next((key for key in item if key not in _ABOUT), None)
    if kind is None:
        return None
    inner = item[kind]
    texts = [inner.get(key) for key in _READABLE] if isinstance(inner, dict) else []
    text = next((text for text in texts if isinstance(text, str)), None)
    return ProviderPart(kind, ORIGIN, bytes(raw).decode(), text)


def _class(media_type: str | None) -> type[MediaPart]:
    return _CLASSES.get((media_type or "").partition("/")[0], FilePart)
