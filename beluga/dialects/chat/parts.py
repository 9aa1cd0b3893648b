"""The parts of a message's content on the chat-completions wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from beluga.dialects.chat.quirks import Media, Quirks
from beluga.dialects.media import MediaPart, base64_text, data_url, media_type_of
from beluga.dialects.openai_caching import BREAKPOINT_TTLS
from beluga.schema import (
    AudioPart,
    FilePart,
    ImagePart,
    Part,
    ReasoningPart,
    TextPart,
    VideoPart,
)
from beluga.transport.dialect import Omissions

__all__ = ["PartEncoder", "Wire"]

Wire: TypeAlias = dict[str, object]

_KINDS: Final[Mapping[type[Part], Media]] = {
    ImagePart: "image",
    AudioPart: "audio",
    FilePart: "file",
    VideoPart: "video",
}
_AUDIO_FORMATS: Final[Mapping[str, str]] = {
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
}


class PartEncoder:
    """Write parts for one server."""

    def __init__(self, quirks: Quirks, omissions: Omissions) -> None:
        self._quirks, self._omissions = quirks, omissions

    def content(
        self, parts: Sequence[Part], where: str, media: frozenset[Media] = frozenset()
    ) -> str | list[Wire]:
        """Return a content: a plain text as such, anything else as a list.

        Args:
            parts: What to write.
            where: What it is the content of, for who is told of an omission.
            media: What it may hold besides text.
        """
        plain = all(isinstance(p, TextPart) and p.prompt_cache is None for p in parts)
        if plain and len(parts) < 2:
            return "".join([part.text for part in parts if isinstance(part, TextPart)])
        written = [self.part(part, where, media) for part in parts]
        return [part for part in written if part is not None] or ""

    def part(self, part: Part, where: str, media: frozenset[Media]) -> Wire | None:
        """Return one part, or `None` if it was refused and the caller goes on without it."""
        kind = _KINDS.get(type(part))
        if kind is not None and kind not in media:
            self.refuse(part, where)
            return None
        match part:
            case TextPart():
                wire: Wire | None = {"type": "text", "text": part.text}
            case ImagePart():
                wire = self._image(part)
            case AudioPart():
                wire = self._audio(part)
            case FilePart():
                wire = self._file(part)
            case VideoPart():
                url = self._url(part)
                wire = None if url is None else {"type": "video_url", "video_url": {"url": url}}
            case _:
                self.refuse(part, where)
                return None
        return None if wire is None else {**wire, **self._mark(part)}

    def thinking(self, part: ReasoningPart) -> Wire:
        """Return reasoning as a part of the content."""
        wire: Wire = {"type": "thinking", "thinking": [{"type": "text", "text": part.text}]}
        return wire if part.signature is None else {**wire, "signature": part.signature}

    def refuse(self, part: Part, where: str) -> None:
        """Tell that *part* has no place there."""
        what = f"{type(part).__name__} in {where}"
        self._omissions.unsupported(what, "this wire has no place for it")

    def _mark(self, part: TextPart | MediaPart) -> Wire:
        cache = part.prompt_cache
        if cache is None or self._quirks.cache == "none":
            return {}
        if self._quirks.cache == "openai":
            if cache.ttl not in BREAKPOINT_TTLS:
                why = "how long is said for the whole request, by the option prompt_cache"
                self._omissions.unsupported(f"the ttl {cache.ttl!r} of a part", why)
            return {"prompt_cache_breakpoint": {"mode": "explicit"}}
        ttl = {} if cache.ttl is None else {"ttl": cache.ttl}
        return {"cache_control": {"type": "ephemeral", **ttl}}

    def _image(self, part: ImagePart) -> Wire | None:
        address = self._url(part)
        if address is None:
            return None
        url: Wire = {"url": address}
        if part.detail is not None:
            url["detail"] = part.detail
        return {"type": "image_url", "image_url": url}

    def _audio(self, part: AudioPart) -> Wire | None:
        if self._quirks.parts == "mistral":
            sound = part.url or (base64_text(part.data) if part.data is not None else None)
            return None if sound is None else {"type": "input_audio", "input_audio": sound}
        form = _AUDIO_FORMATS.get(media_type_of(part)) if part.data is not None else None
        if form is None or part.data is None:
            self._omissions.unsupported("this AudioPart", "the wire takes the bytes of WAV or MP3")
            return None
        data = data_url(part) if self._quirks.audio_url else base64_text(part.data)
        return {"type": "input_audio", "input_audio": {"data": data, "format": form}}

    def _file(self, part: FilePart) -> Wire | None:
        if self._quirks.parts == "mistral":
            return _mistral_file(part)
        if part.id is not None:
            return {"type": "file", "file": {"file_id": part.id}}
        if part.url is not None and not self._quirks.file_urls:
            self._omissions.unsupported("a FilePart by URL", "send its bytes or a file id")
            return None
        name = part.name or "file"
        if part.name is None and part.data is not None:
            name = f"file.{media_type_of(part).rpartition('/')[2]}"
        return {"type": "file", "file": {"filename": name, "file_data": data_url(part)}}

    def _url(self, part: ImagePart | VideoPart) -> str | None:
        if part.id is None:
            return data_url(part)
        what = f"{type(part).__name__} by id"
        self._omissions.unsupported(what, "this wire takes bytes and URLs")
        return None


def _mistral_file(part: FilePart) -> Wire:
    if part.id is not None:
        return {"type": "file", "file_id": part.id}
    named: Wire = {} if part.name is None else {"document_name": part.name}
    return {"type": "document_url", "document_url": data_url(part), **named}
