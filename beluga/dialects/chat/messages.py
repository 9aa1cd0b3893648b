"""Messages on the chat-completions wire."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import TypeAlias, assert_never

import msgspec

from beluga.dialects.chat.quirks import Quirks
from beluga.dialects.media import MediaPart, base64_text, data_url, media_type_of
from beluga.schema import (
    AIMessage,
    AudioPart,
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
    VideoPart,
)
from beluga.transport.dialect import Omissions

__all__ = ["MessageEncoder"]

Wire: TypeAlias = dict[str, object]

_AUDIO_FORMATS: Mapping[str, str] = {
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
}


class MessageEncoder:
    """Write messages for one server.

    Args:
        provider: Whose it is; opaque parts of others are left out.
        quirks: How it differs.
        omissions: Who is told of what cannot be written.
    """

    def __init__(self, provider: str, quirks: Quirks, omissions: Omissions) -> None:
        self._provider, self._quirks, self._omissions = provider, quirks, omissions

    def encode(self, messages: Sequence[Message]) -> list[Wire]:
        """Return *messages* in wire form."""
        written = [self._message(message) for message in messages]
        return _merged(written) if self._quirks.merge_turns else written

    def _message(self, message: Message) -> Wire:
        match message:
            case SystemMessage():
                return self._said("system", message.parts)
            case HumanMessage():
                return self._said("user", message.parts)
            case ToolMessage():
                return self._result(message)
            case AIMessage():
                return self._answer(message)
            case _:
                assert_never(message)

    def _said(self, role: str, parts: Sequence[Part]) -> Wire:
        return {"role": role, "content": self._content(parts, f"a {role} message")}

    def _result(self, message: ToolMessage) -> Wire:
        texts: list[Part] = []
        for part in message.parts:
            if isinstance(part, TextPart):
                texts.append(part)
            else:
                self._refuse(part, "a tool's result")
        wire: Wire = {
            "role": "tool",
            "tool_call_id": self._call_id(message.tool_call_id),
            "content": self._content(texts, "a tool's result"),
        }
        if message.name is not None and self._quirks.tool_names:
            wire["name"] = message.name
        return wire

    def _answer(self, message: AIMessage) -> Wire:
        wire: Wire = {"role": "assistant"}
        texts = [text for part in message.parts if (text := self._text_of(part)) is not None]
        thoughts = [p for p in message.parts if isinstance(p, ReasoningPart) and self._is_own(p)]
        refusals = [p.text for p in message.parts if isinstance(p, RefusalPart)]
        calls = [self._call(call) for call in message.tool_calls]
        wire["content"] = self._content(texts, "an answer") if texts or not calls else None
        if self._quirks.content_thinking and thoughts:
            spoken = [self._part(text, "an answer") for text in texts]
            wire["content"] = [*map(_thinking, thoughts), *spoken]
        wire.update(self._thoughts(thoughts))
        if refusals:
            wire["refusal"] = "".join(refusals)
            if not texts:
                wire["content"] = None
        if calls:
            wire["tool_calls"] = calls
        return wire

    def _thoughts(self, thoughts: Sequence[ReasoningPart]) -> Wire:
        """Reasoning as the server wants it back."""
        quirks = self._quirks
        opaque = [part.opaque for part in thoughts if part.opaque is not None]
        if quirks.details and opaque:
            return {"reasoning_details": msgspec.Raw(opaque[-1].encode())}
        key = quirks.reasoning_replay
        if key is None or not (thoughts or quirks.replay_blank):
            return {}
        return {key: "".join([part.text for part in thoughts])}

    def _is_own(self, part: ReasoningPart | ProviderPart) -> bool:
        """Whether this server made *part*; if not, observers are told that it is left out."""
        if part.origin == self._provider:
            return True
        self._omissions.foreign(f"{type(part).__name__} of {part.origin}", "another made it")
        return False

    def _text_of(self, part: Part) -> TextPart | None:
        """What of a past answer goes back as text; calls and refusals have their own places."""
        match part:
            case TextPart():
                return part if part.text else None
            case AudioPart() if part.transcript:
                return TextPart(part.transcript)
            case ToolCall() | RefusalPart() | ReasoningPart():
                return None
            case ProviderPart():
                if self._is_own(part):
                    self._refuse(part, "an answer")
                return None
            case _:
                self._refuse(part, "an answer")
                return None

    def _refuse(self, part: Part, where: str) -> None:
        what = f"{type(part).__name__} in {where}"
        self._omissions.unsupported(what, "this wire has no place for it")

    def _content(self, parts: Sequence[Part], where: str) -> str | list[Wire]:
        plain = all(isinstance(p, TextPart) and p.prompt_cache is None for p in parts)
        if plain and len(parts) < 2:
            return "".join([part.text for part in parts if isinstance(part, TextPart)])
        written = [self._part(part, where) for part in parts]
        return [part for part in written if part is not None]

    def _part(self, part: Part, where: str) -> Wire | None:
        kind = _KINDS.get(type(part))
        media = self._quirks.media
        allowed = kind == "text" or kind in media
        if not allowed and not (kind == "file" and media & {"file_url", "document_url"}):
            self._refuse(part, where)
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
                wire = {"type": "video_url", "video_url": {"url": self._url(part)}}
            case _:
                wire = None
        return None if wire is None else {**wire, **self._mark(part)}

    def _mark(self, part: Part) -> Wire:
        cache = getattr(part, "prompt_cache", None)
        if cache is None or self._quirks.cache == "none":
            return {}
        if self._quirks.cache == "openai":
            return {"prompt_cache_breakpoint": {"mode": "explicit"}}
        ttl = {} if cache.ttl is None else {"ttl": cache.ttl}
        return {"cache_control": {"type": "ephemeral", **ttl}}

    def _image(self, part: ImagePart) -> Wire:
        url: Wire = {"url": self._url(part)}
        if part.detail is not None:
            url["detail"] = part.detail
        return {"type": "image_url", "image_url": url}

    def _audio(self, part: AudioPart) -> Wire | None:
        form = _AUDIO_FORMATS.get(media_type_of(part)) if part.data is not None else None
        if form is None or part.data is None:
            self._omissions.unsupported("this AudioPart", "the wire takes the bytes of WAV or MP3")
            return None
        data = data_url(part) if self._quirks.audio_url else base64_text(part.data)
        return {"type": "input_audio", "input_audio": {"data": data, "format": form}}

    def _file(self, part: FilePart) -> Wire | None:
        if "document_url" in self._quirks.media and part.id is None:
            named = {} if part.name is None else {"document_name": part.name}
            return {"type": "document_url", "document_url": data_url(part), **named}
        if part.id is not None:
            return {"type": "file", "file": {"file_id": part.id}}
        if part.url is not None:
            if "file_url" not in self._quirks.media:
                self._omissions.unsupported("a FilePart by URL", "send its bytes or a file id")
                return None
            return {
                "type": "file",
                "file": {"filename": part.name or "file", "file_data": part.url},
            }
        name = part.name or f"file.{media_type_of(part).rpartition('/')[2]}"
        return {"type": "file", "file": {"filename": name, "file_data": data_url(part)}}

    def _url(self, part: MediaPart) -> str:
        if part.id is not None:
            self._omissions.unsupported(
                f"{type(part).__name__} by id", "this wire takes bytes and URLs"
            )
        return data_url(part)

    def _call(self, call: ToolCall) -> Wire:
        function = {"name": call.name, "arguments": call.arguments or "{}"}
        return {"id": self._call_id(call.id), "type": "function", "function": function}

    def _call_id(self, call_id: str) -> str:
        length = self._quirks.call_id_length
        if length is None or re.fullmatch(rf"[A-Za-z0-9]{{{length}}}", call_id):
            return call_id
        return blake2b(call_id.encode(), digest_size=16).hexdigest()[:length]


_KINDS: Mapping[type[Part], str] = {
    TextPart: "text",
    ImagePart: "image",
    AudioPart: "audio",
    FilePart: "file",
    VideoPart: "video",
}


def _thinking(part: ReasoningPart) -> Wire:
    return {"type": "thinking", "thinking": [{"type": "text", "text": part.text}]}


def _merged(messages: Sequence[Wire]) -> list[Wire]:
    """Join consecutive messages of one user, or of one system, for servers that want turns."""
    merged: list[Wire] = []
    for message in messages:
        last = merged[-1] if merged else None
        if (
            last is None
            or last["role"] != message["role"]
            or message["role"] not in ("user", "system")
        ):
            merged.append(dict(message))
            continue
        last["content"] = [*_as_list(last["content"]), *_as_list(message["content"])]
    return merged


def _as_list(content: object) -> Sequence[object]:
    return content if isinstance(content, list) else [{"type": "text", "text": content}]
