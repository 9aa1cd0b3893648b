"""The blocks of an answer, as they grow out of deltas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias

import msgspec

from beluga.dialects.calls import synthetic_id
from beluga.dialects.converse.wire import CitationWire, Delta, ResultStart, Text, is_given
from beluga.dialects.media import base64_text, decode_base64
from beluga.schema import (
    AudioPart,
    Citation,
    Emission,
    ImagePart,
    PartDone,
    ProviderPart,
    ReasoningDelta,
    ReasoningPart,
    TextDelta,
    TextPart,
    ToolCall,
    ToolCallDelta,
)
from beluga.schema.parts import load_object

__all__ = [
    "CallBlock",
    "MediaBlock",
    "Numbers",
    "OpenBlock",
    "ResultBlock",
    "ServedCallBlock",
    "TextBlock",
    "ThoughtBlock",
    "citation_of",
    "readable",
]

Kind: TypeAlias = Literal["text", "reasoning", "call", "other"]

_decode_citation = msgspec.json.Decoder(CitationWire, strict=False).decode
_decode_text = msgspec.json.Decoder(Text, strict=False).decode


class Numbers:
    """Count the parts of an answer within their kinds. Only what is emitted gets a number.

    Args:
        origin: Whose reasoning and tools it is.
        seed: What tells this answer from others.
    """

    def __init__(self, origin: str, seed: str) -> None:
        self.origin = origin
        self._seed = seed
        self._counts: Counter[Kind] = Counter()
        self._call_ids: set[str] = set()

    def next(self, kind: Kind) -> int:
        """Return the number of a new part."""
        number = self._counts[kind]
        self._counts[kind] += 1
        return number

    def call_id(self, given: str | None, number: int) -> str:
        """Return the id of a call: as given, but for one that is missing or taken."""
        own = given or synthetic_id(self._seed, number)
        own = own if own not in self._call_ids else f"{own}_{number}"
        self._call_ids.add(own)
        return own

    @property
    def total(self) -> int:
        """How many parts there are."""
        return self._counts.total()


class OpenBlock(Protocol):
    """A block that has begun."""

    def take(self, delta: Delta, chunks: list[Emission], /) -> None:
        """Take in a piece and append what is to be emitted of it."""

    def close(self, chunks: list[Emission], /) -> None:
        """Append the whole part, where it says more than its deltas did."""


class TextBlock:
    """Text, and the sources it rests on."""

    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers
        self._index: int | None = None
        self._pieces: list[str] = []
        self._citations: list[Citation] = []

    def take(self, delta: Delta, chunks: list[Emission]) -> None:
        """Take in text or a citation."""
        if delta.text:
            self._pieces.append(delta.text)
            chunks.append(TextDelta(delta.text, self._number()))
        if is_given(delta.citation):
            self._citations.append(citation_of(delta.citation))

    def close(self, chunks: list[Emission]) -> None:
        """Append the text with its citations, if it has any."""
        if self._citations:
            part = TextPart("".join(self._pieces), citations=tuple(self._citations))
            chunks.append(PartDone(self._number(), part))

    def _number(self) -> int:
        if self._index is None:
            self._index = self._numbers.next("text")
        return self._index


class ThoughtBlock:
    """Reasoning: text with a signature, or what only the model's maker can read.

    Args:
        numbers: Who counts.
        opaque: The JSON text of a block that came whole and is not to be read.
    """

    def __init__(self, numbers: Numbers, opaque: str | None = None) -> None:
        self._numbers, self._opaque = numbers, opaque
        self._index: int | None = None
        self._pieces: list[str] = []
        self._signature: list[str] = []
        self._redacted: list[str] = []

    def take(self, delta: Delta, chunks: list[Emission]) -> None:
        """Take in text, a signature or redacted content."""
        thought = delta.reasoning_content
        if thought is None:
            return
        if thought.text:
            self._pieces.append(thought.text)
            chunks.append(ReasoningDelta(thought.text, self._number()))
        if thought.signature:
            self._signature.append(thought.signature)
        if thought.redacted_content:
            self._redacted.append(thought.redacted_content)

    def close(self, chunks: list[Emission]) -> None:
        """Append the reasoning with its proof, if it has one."""
        opaque = self._opaque or self._hidden()
        if self._signature or opaque is not None:
            part = ReasoningPart(
                "".join(self._pieces),
                signature="".join(self._signature) or None,
                opaque=opaque,
                origin=self._numbers.origin,
            )
            chunks.append(PartDone(self._number(), part))

    def _hidden(self) -> str | None:
        if not self._redacted:
            return None
        content = {"redactedContent": _joined_base64(self._redacted)}
        return msgspec.json.encode({"reasoningContent": content}).decode()

    def _number(self) -> int:
        if self._index is None:
            self._index = self._numbers.next("reasoning")
        return self._index


class CallBlock:
    """A tool call."""

    def __init__(
        self, numbers: Numbers, chunks: list[Emission], id: str | None = None, name: str = ""
    ) -> None:
        self._index = numbers.next("call")
        self._id = numbers.call_id(id, self._index)
        self._name = name
        self._pieces: list[str] = []
        chunks.append(ToolCallDelta(self._index, self._id, self._name))

    def take(self, delta: Delta, chunks: list[Emission]) -> None:
        """Take in a fragment of the arguments."""
        piece = delta.tool_use.input if delta.tool_use is not None else None
        if piece:
            self._pieces.append(piece)
            chunks.append(ToolCallDelta(self._index, arguments=piece))

    def close(self, chunks: list[Emission]) -> None:
        """Append the call."""
        call = ToolCall(self._id, self._name, "".join(self._pieces))
        chunks.append(PartDone(self._index, call))


class ServedCallBlock:
    """A call that the provider answers itself."""

    def __init__(self, numbers: Numbers, head: dict[str, str]) -> None:
        self._numbers, self._head = numbers, head
        self._pieces: list[str] = []

    def take(self, delta: Delta, _: list[Emission]) -> None:
        """Take in a fragment of the input."""
        if delta.tool_use is not None and delta.tool_use.input:
            self._pieces.append(delta.tool_use.input)

    def close(self, chunks: list[Emission]) -> None:
        """Append the call, as it goes back to the provider; a broken one could not."""
        given = "".join(self._pieces).strip() or "{}"
        try:
            load_object(given)
        except ValueError:
            return
        block = {"toolUse": {**self._head, "input": msgspec.Raw(given.encode())}}
        _append_served(self._numbers, chunks, self._head.get("type", "toolUse"), block, None)


class ResultBlock:
    """What a tool of the provider's own gave back."""

    def __init__(self, numbers: Numbers, head: ResultStart) -> None:
        self._numbers, self._head = numbers, head
        self._content: list[msgspec.Raw] = []

    def take(self, delta: Delta, _: list[Emission]) -> None:
        """Take in pieces of the result."""
        self._content += delta.tool_result or ()

    def close(self, chunks: list[Emission]) -> None:
        """Append the result, as it goes back to the provider."""
        head = self._head
        named = {"toolUseId": head.tool_use_id, "status": head.status, "type": head.type}
        known = {key: value for key, value in named.items() if value is not None}
        block = {"toolResult": {**known, "content": self._content}}
        _append_served(
            self._numbers, chunks, head.type or "toolResult", block, readable(self._content)
        )


class MediaBlock:
    """An image or a sound that the model made."""

    def __init__(self, numbers: Numbers, format: str | None = None) -> None:
        self._numbers, self._format = numbers, format
        self._is_sound = False
        self._pieces: list[str] = []
        self._uri: str | None = None

    def take(self, delta: Delta, _: list[Emission]) -> None:
        """Take in bytes, or a place in S3."""
        media = delta.image or delta.audio
        if media is None:
            return
        self._is_sound = delta.image is None
        self._format = media.format or self._format
        if media.source is not None and media.source.bytes:
            self._pieces.append(media.source.bytes)
        if media.source is not None and media.source.s3_location is not None:
            self._uri = media.source.s3_location.uri

    def close(self, chunks: list[Emission]) -> None:
        """Append what was made."""
        if not self._pieces and self._uri is None:
            return
        made = AudioPart if self._is_sound else ImagePart
        genus = "audio" if self._is_sound else "image"
        kind = f"{genus}/{self._format}" if self._format else None
        data = decode_base64(_joined_base64(self._pieces)) if self._pieces else None
        part = made(data, self._uri if data is None else None, kind)
        chunks.append(PartDone(self._numbers.next("other"), part))


def readable(content: Sequence[msgspec.Raw]) -> str | None:
    """Return what a person can read of a tool's result."""
    return "".join([_decode_text(piece).text or "" for piece in content]) or None


def citation_of(raw: msgspec.Raw) -> Citation:
    """Return a citation in the library's form."""
    wire = _decode_citation(raw)
    web = wire.location.web if wire.location is not None else None
    url = web.url if web is not None else None
    if url is None and wire.source is not None and "://" in wire.source:
        url = wire.source
    quoted = "".join([piece.text or "" for piece in wire.source_content or ()])
    return Citation(url=url, title=wire.title, text=quoted or None, raw=bytes(raw).decode())


def _append_served(
    numbers: Numbers, chunks: list[Emission], kind: str, block: object, text: str | None
) -> None:
    raw = msgspec.json.encode(block).decode()
    chunks.append(PartDone(numbers.next("other"), ProviderPart(kind, numbers.origin, raw, text)))


def _joined_base64(pieces: list[str]) -> str:
    """One piece stays as it is; of several, each may end in padding of its own."""
    if len(pieces) == 1:
        return pieces[0]
    return base64_text(b"".join([decode_base64(piece) for piece in pieces]))
