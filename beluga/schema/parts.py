"""What a message is made of: text, media, reasoning, refusals, tool calls.

All parts are frozen and tagged by `type`, so that a message survives a JSON round trip.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from beluga.schema.json import JsonValue

__all__ = [
    "AudioPart",
    "Citation",
    "FilePart",
    "ImagePart",
    "Part",
    "PromptCache",
    "ProviderPart",
    "ReasoningPart",
    "RefusalPart",
    "TextPart",
    "ToolCall",
    "VideoPart",
    "load_object",
]


class PromptCache(msgspec.Struct, frozen=True):
    """Mark where a provider may cache the prompt up to.

    Attributes:
        ttl: How long the provider should keep it, in the provider's words (`"5m"`, `"1h"`).
    """

    ttl: str | None = None


class Citation(msgspec.Struct, frozen=True, kw_only=True):
    """Name a source that a text rests on.

    Attributes:
        url: Where the source is, if it has an address.
        title: Its title.
        text: The words quoted from it.
        start: First character in the part's text that it supports.
        end: One past the last such character.
        raw: The provider's own JSON for it, byte for byte.
    """

    url: str | None = None
    title: str | None = None
    text: str | None = None
    start: int | None = None
    end: int | None = None
    raw: str | None = None


class _Text(msgspec.Struct, frozen=True):
    text: str


class TextPart(_Text, frozen=True, tag="text", kw_only=True):
    """Hold plain text, with the sources it cites."""

    citations: tuple[Citation, ...] = ()
    prompt_cache: PromptCache | None = None

    def __post_init__(self) -> None:
        _as_text(self, self.text)
        if not isinstance(self.citations, tuple):
            msgspec.structs.force_setattr(self, "citations", tuple(self.citations))


class _Media(msgspec.Struct, frozen=True):
    data: bytes | None = None
    url: str | None = None
    media_type: str | None = None

    def _check_source(self, id: str | None) -> None:
        given = [
            n for n, v in (("data", self.data), ("url", self.url), ("id", id)) if v is not None
        ]
        if len(given) != 1:
            found = " and ".join(given) if given else "none of them"
            raise ValueError(
                f"{type(self).__name__} takes exactly one of data, url and id; got {found}"
            )
        self._settle_data(self.data)

    def _settle_data(self, data: object) -> None:
        if isinstance(data, bytearray | memoryview):
            msgspec.structs.force_setattr(self, "data", bytes(data))
        elif data is not None and not isinstance(data, bytes):
            kind, got = type(self).__name__, type(data).__name__
            raise ValueError(f"{kind} takes data as bytes, an address as url=…; got {got}")


class ImagePart(_Media, frozen=True, tag="image", kw_only=True):
    """Show an image: its bytes, a URL, or the id of a file that the provider holds.

    Attributes:
        detail: How closely to look, in the provider's words (`"low"`, `"high"`, `"auto"`).

    Raises:
        ValueError: Unless exactly one of `data`, `url` and `id` is given.
    """

    id: str | None = None
    detail: str | None = None
    prompt_cache: PromptCache | None = None

    def __post_init__(self) -> None:
        self._check_source(self.id)


class AudioPart(_Media, frozen=True, tag="audio", kw_only=True):
    """Play a sound: its bytes, a URL, or the id of a file that the provider holds.

    Attributes:
        transcript: The words spoken in it, where the provider gave them.

    Raises:
        ValueError: Unless exactly one of `data`, `url` and `id` is given.
    """

    id: str | None = None
    detail: str | None = None
    transcript: str | None = None
    prompt_cache: PromptCache | None = None

    def __post_init__(self) -> None:
        self._check_source(self.id)


class VideoPart(_Media, frozen=True, tag="video", kw_only=True):
    """Show a film: its bytes, a URL, or the id of a file that the provider holds.

    Raises:
        ValueError: Unless exactly one of `data`, `url` and `id` is given.
    """

    id: str | None = None
    detail: str | None = None
    prompt_cache: PromptCache | None = None

    def __post_init__(self) -> None:
        self._check_source(self.id)


class FilePart(_Media, frozen=True, tag="file", kw_only=True):
    """Attach a document: its bytes, a URL, or the id of a file that the provider holds.

    Raises:
        ValueError: Unless exactly one of `data`, `url` and `id` is given.
    """

    id: str | None = None
    detail: str | None = None
    name: str | None = None
    prompt_cache: PromptCache | None = None

    def __post_init__(self) -> None:
        self._check_source(self.id)


class ReasoningPart(_Text, frozen=True, tag="reasoning", kw_only=True):
    """Hold what the model thought before it answered.

    Attributes:
        signature: The provider's proof of the text, replayed as it is.
        opaque: The provider's own JSON for the whole item, byte for byte.
        origin: Which provider made it; it is replayed to no other.
        key: The provider's name for it, where servers of one wire have several
            (`"reasoning_content"`).
    """

    signature: str | None = None
    opaque: str | None = None
    origin: str | None = None
    key: str | None = None

    def __post_init__(self) -> None:
        _as_text(self, self.text)


class RefusalPart(_Text, frozen=True, tag="refusal"):
    """Hold the words with which a model declined to answer."""

    def __post_init__(self) -> None:
        _as_text(self, self.text)


class _Call(msgspec.Struct, frozen=True):
    id: str
    name: str
    arguments: str


class ToolCall(_Call, frozen=True, tag="tool_call", kw_only=True):
    """Ask for a tool to be run.

    Attributes:
        id: Ties the result to the call.
        name: The tool's name.
        arguments: The raw JSON text of the arguments, as the model wrote it.
        signature: An opaque proof that its origin wants back with the call.
        origin: Which provider made the signature.

    Raises:
        ValueError: The arguments are no text.
    """

    signature: str | None = None
    origin: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.arguments, str):
            kind = type(self.arguments).__name__
            raise ValueError(f"ToolCall takes arguments as JSON text, not {kind}: json.dumps(…)")

    def parse(self) -> dict[str, JsonValue]:
        """Decode the arguments.

        Empty text and `null`, which several providers send for a tool without parameters, are `{}`.

        Raises:
            ValueError: The text is not a JSON object.
        """
        try:
            return load_object(self.arguments)
        except ValueError as error:
            raise ValueError(f"arguments of call {self.id!r} to {self.name!r}: {error}") from None


class ProviderPart(msgspec.Struct, frozen=True, tag="provider"):
    """Hold what a provider's own tool (a web search, a code run) said or did.

    Attributes:
        kind: The provider's name for it.
        origin: Which provider made it; it is replayed to no other.
        raw: The provider's own JSON for it, byte for byte.
        text: What of it a person can read, if anything.
    """

    kind: str
    origin: str
    raw: str
    text: str | None = None


Part: TypeAlias = (
    TextPart
    | ImagePart
    | AudioPart
    | VideoPart
    | FilePart
    | ReasoningPart
    | RefusalPart
    | ToolCall
    | ProviderPart
)


_decode_object = msgspec.json.Decoder(dict[str, object] | None).decode


def load_object(text: str) -> dict[str, JsonValue]:
    """Decode a JSON object; empty text and `null` are the empty object.

    Raises:
        ValueError: The text is no JSON, no object, or nested too deeply.
    """
    if not text.strip():
        return {}
    try:
        value: dict[str, JsonValue] | None = _decode_object(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise ValueError(f"not a JSON object: {error}") from None
    return value if value is not None else {}


def _as_text(part: msgspec.Struct, text: object) -> None:
    if not isinstance(text, str):
        raise ValueError(f"{type(part).__name__} takes text, not {type(text).__name__}")
