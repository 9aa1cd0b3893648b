"""Content blocks as they grow into parts: one class a kind."""

from __future__ import annotations

from typing import Final, Protocol

import msgspec

from beluga.dialects.anthropic.wire import Block, BlockDelta, CitationWire
from beluga.dialects.calls import synthetic_id
from beluga.schema import (
    Citation,
    Emission,
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

__all__ = ["Growing", "Numbering", "grow"]

_DIRECTLY: Final = Block(type="direct")


class Numbering:
    """Number the parts of one answer, and give every call an id of its own.

    Attributes:
        seed: What tells the answer from others, for calls to which the provider gives no id.
    """

    def __init__(self) -> None:
        self.seed = ""
        self._counts: dict[str, int] = {}
        self._call_ids: set[str] = set()

    def next(self, kind: str) -> int:
        """Return the next index of a kind of part."""
        index = self._counts.get(kind, 0)
        self._counts[kind] = index + 1
        return index

    def call_id(self, given: str | None, index: int) -> str:
        """Return the id that a call goes by."""
        own = given or synthetic_id(self.seed, index)
        unique = own if own not in self._call_ids else f"{own}_{index}"
        self._call_ids.add(unique)
        return unique


class Growing(Protocol):
    """A block that has begun."""

    def open(self) -> list[Emission]:
        """Return what its beginning says."""

    def add(self, delta: BlockDelta, /) -> list[Emission]:
        """Take in a piece."""

    def close(self) -> list[Emission]:
        """Return what its end tells."""

    def proven(self) -> list[Emission]:
        """Return what had to wait until something showed that the block was not cut off."""


def grow(raw: msgspec.Raw, numbers: Numbering, origin: str) -> Growing:
    """Return the block that begins with *raw*, which may be all of it.

    Args:
        raw: Its JSON.
        numbers: Who numbers the answer's parts.
        origin: Whose opaque parts they are.
    """
    block = msgspec.json.decode(raw, type=Block)
    match block.type:
        case "text":
            return _Text(block, numbers)
        case "thinking":
            return _Thought(block, numbers, origin)
        case "redacted_thinking":
            return _Redacted(bytes(raw).decode(), numbers, origin)
        case "tool_use":
            return _Call(block, numbers, origin)
        case _:
            return _Other(bytes(raw).decode(), block, numbers, origin)


class _Plain:
    """A block that has nothing to say."""

    def open(self) -> list[Emission]:
        return []

    def add(self, _: BlockDelta, /) -> list[Emission]:
        return []

    def close(self) -> list[Emission]:
        return []

    def proven(self) -> list[Emission]:
        return []


class _Text(_Plain):
    """Text, and the sources it cites."""

    def __init__(self, block: Block, numbers: Numbering) -> None:
        self._numbers, self._start = numbers, block.text or ""
        self._index: int | None = None
        self._pieces: list[str] = []
        self._citations = [_citation(raw) for raw in block.citations or ()]

    def open(self) -> list[Emission]:
        return self._say(self._start)

    def add(self, delta: BlockDelta, /) -> list[Emission]:
        if delta.citation:
            self._citations.append(_citation(delta.citation))
        return self._say(delta.text or "")

    def close(self) -> list[Emission]:
        if not self._citations or self._index is None:
            return []
        part = TextPart("".join(self._pieces), citations=tuple(self._citations))
        return [PartDone(self._index, part)]

    def _say(self, text: str) -> list[Emission]:
        if not text:
            return []
        if self._index is None:
            self._index = self._numbers.next("text")
        self._pieces.append(text)
        return [TextDelta(text, self._index)]


class _Thought(_Plain):
    """A thought, and its signature; its words may be kept from the caller."""

    def __init__(self, block: Block, numbers: Numbering, origin: str) -> None:
        self._numbers, self._origin = numbers, origin
        self._start, self._signature = block.thinking or "", block.signature or None
        self._index: int | None = None
        self._pieces: list[str] = []

    def open(self) -> list[Emission]:
        return self._think(self._start)

    def add(self, delta: BlockDelta, /) -> list[Emission]:
        self._signature = delta.signature or self._signature
        return self._think(delta.thinking or "")

    def close(self) -> list[Emission]:
        if self._signature is None:
            return []
        index = self._numbers.next("reasoning") if self._index is None else self._index
        text, signature = "".join(self._pieces), self._signature
        return [PartDone(index, ReasoningPart(text, signature=signature, origin=self._origin))]

    def _think(self, text: str) -> list[Emission]:
        if not text:
            return []
        if self._index is None:
            self._index = self._numbers.next("reasoning")
        self._pieces.append(text)
        return [ReasoningDelta(text, self._index)]


class _Redacted(_Plain):
    """A thought that only the provider can read. It comes whole."""

    def __init__(self, raw: str, numbers: Numbering, origin: str) -> None:
        self._raw, self._numbers, self._origin = raw, numbers, origin

    def close(self) -> list[Emission]:
        part = ReasoningPart("", opaque=self._raw, origin=self._origin)
        return [PartDone(self._numbers.next("reasoning"), part)]


class _Call(_Plain):
    """A call of one of the caller's tools.

    Its beginning holds `{}`, or all arguments if code of the model's makes the call; they stand if
    no fragment follows.
    """

    def __init__(self, block: Block, numbers: Numbering, origin: str) -> None:
        self._index, self._origin = numbers.next("call"), origin
        self._id = numbers.call_id(block.id, self._index)
        self._name = block.name or ""
        self._start = bytes(block.input).decode() or "{}"
        self._signature = _caller(block)
        self._pieces: list[str] = []

    def open(self) -> list[Emission]:
        return [ToolCallDelta(self._index, self._id, self._name)]

    def add(self, delta: BlockDelta, /) -> list[Emission]:
        if not delta.partial_json:
            return []
        self._pieces.append(delta.partial_json)
        return [ToolCallDelta(self._index, arguments=delta.partial_json)]

    def proven(self) -> list[Emission]:
        rest: list[Emission] = []
        if not self._pieces:
            self._pieces.append(self._start)
            rest.append(ToolCallDelta(self._index, arguments=self._start))
        signature = self._signature
        call = ToolCall(
            self._id,
            self._name,
            "".join(self._pieces),
            signature=signature,
            origin=None if signature is None else self._origin,
        )
        return [*rest, PartDone(self._index, call)]


class _Other(_Plain):
    """What a tool of the provider's was told or said, and every block not known here."""

    def __init__(self, raw: str, block: Block, numbers: Numbering, origin: str) -> None:
        self._raw, self._block = raw, block
        self._numbers, self._origin = numbers, origin
        self._input: list[str] = []
        self._content: list[str] = []
        self._encrypted: str | None = None

    def add(self, delta: BlockDelta, /) -> list[Emission]:
        if delta.partial_json:
            self._input.append(delta.partial_json)
        if delta.content is not None:
            self._content.append(delta.content)
        self._encrypted = delta.encrypted_content or self._encrypted
        return []

    def close(self) -> list[Emission]:
        """Return the part; one whose input was cut off says nothing that could be sent back."""
        added: dict[str, object] = {}
        if self._content:
            added["content"] = "".join(self._content)
        if self._encrypted is not None:
            added["encrypted_content"] = self._encrypted
        if arguments := "".join(self._input):
            try:
                load_object(arguments)
            except ValueError:
                return []
            added["input"] = msgspec.Raw(arguments.encode())
        text = "".join(self._content) or _readable(self._block.content)
        part = ProviderPart(self._block.type, self._origin, self._with(added), text)
        return [PartDone(self._numbers.next("other"), part)]

    def _with(self, added: dict[str, object]) -> str:
        if not added:
            return self._raw
        fields = msgspec.json.decode(self._raw, type=dict[str, msgspec.Raw])
        return msgspec.json.encode({**fields, **added}).decode()


def _citation(raw: msgspec.Raw) -> Citation:
    wire = msgspec.json.decode(raw, type=CitationWire)
    source = wire.source if (wire.source or "").startswith(("http://", "https://")) else None
    return Citation(
        url=wire.url or source,
        title=wire.title or wire.document_title,
        text=wire.cited_text,
        raw=bytes(raw).decode(),
    )


def _caller(block: Block) -> str | None:
    """What must go back with a call that was not made directly: who made it, and of which set."""
    fields: dict[str, object] = {}
    caller = msgspec.json.decode(block.caller or b"null", type=Block | None)
    if caller not in (None, _DIRECTLY):
        fields["caller"] = block.caller
    if block.toolset_name is not None:
        fields["toolset_name"] = block.toolset_name
    return msgspec.json.encode(fields).decode() if fields else None


def _readable(content: object) -> str | None:
    """What a person can read of a tool's result: its texts or its output, wherever they stand."""
    if isinstance(content, str):
        return content or None
    texts: list[str] = []
    for item in content if isinstance(content, list) else [content]:
        if isinstance(item, dict):
            texts += [v for key in ("text", "stdout") if isinstance(v := item.get(key), str)]
    return "".join(texts) or None
