"""Requests of which it is known what their provider billed for the input.

They stand beside the repository, in `../shared/data`, or wherever `BELUGA_DATA` says. Those of one
recording belong together: by its name they are parted into a half to fit by and one kept back.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import msgspec

from beluga.errors import ModelError
from beluga.schema import (
    GenerateOptions,
    OptionLayer,
    ReasoningPart,
    RefusalPart,
    Request,
    TextPart,
    ToolCall,
    ToolSpec,
)
from beluga.tokens import Family, family_of
from tests.architecture.source import ROOT
from tests.conformance.readers import READERS, UnreadableError
from tests.conformance.reasons import Wire

if TYPE_CHECKING:
    from beluga.schema import Options

__all__ = ["Bill", "bills", "family_of_bill"]

_WIRES: Final[Mapping[str, Wire]] = {
    "messages": "anthropic",
    "count_tokens": "anthropic",
    "converse": "bedrock",
    "generateContent": "google",
    "countTokens": "google",
    "responses": "responses",
    "responses_input_tokens": "responses",
}
_OWN_CHAT: Final[Mapping[str, Wire]] = {"mistral": "mistral", "cohere": "cohere"}

_ELSEWHERE: Final = frozenset(
    {
        "previous_response_id",
        "conversation",
        "cachedContent",
        "mcp_servers",
        "preset",
        "context_management",
    }
)
"""What puts something into the prompt, or takes it out, that the request does not hold."""


class _Row(msgspec.Struct):
    provider: str
    api: str
    model: str
    input_tokens: int
    media: int
    file: str
    i: int
    request: dict[str, object]


class Bill(msgspec.Struct, frozen=True):
    """A request, and the tokens of input that were billed for it.

    Attributes:
        provider: Who was asked.
        api: By which wire: `"chat"`, `"responses"`, `"messages"` and so on.
        model: The model that answered.
        request: What was asked.
        tokens: What was billed.
        recording: Which recording it is of.
        place: Where it stands in there.
    """

    provider: str
    api: str
    model: str
    request: Request
    tokens: int
    recording: str
    place: int

    @property
    def kept_back(self) -> bool:
        """Whether nothing was fitted by it."""
        return hashlib.sha256(self.recording.encode()).digest()[0] % 2 == 1

    @property
    def tools(self) -> tuple[ToolSpec, ...]:
        """What was offered to call."""
        return tuple([t for t in self.request.options.tools or () if isinstance(t, ToolSpec)])

    @property
    def is_plain(self) -> bool:
        """Whether it is text and tools alone, without what a provider's own tools did."""
        return len(self.tools) == len(self.request.options.tools or ()) and all(
            isinstance(part, TextPart | ToolCall | RefusalPart | ReasoningPart)
            for message in self.request.messages
            for part in message.parts
        )

    @property
    def has_reasoning(self) -> bool:
        """Whether what a model thought before is sent again."""
        return any(
            isinstance(part, ReasoningPart) or (isinstance(part, ToolCall) and part.signature)
            for message in self.request.messages
            for part in message.parts
        )


def bills() -> list[Bill]:
    """Return all that can be read and holds its whole prompt; none where the data is absent."""
    folder = Path(os.environ.get("BELUGA_DATA") or ROOT.parent / "shared" / "data")
    path = folder / "tokens" / "usage_truth.jsonl"
    if not path.exists():
        return []
    rows = [msgspec.json.decode(line, type=_Row) for line in path.read_bytes().splitlines()]
    return [bill for row in rows if (bill := _bill(row)) is not None]


def family_of_bill(bill: Bill) -> Family:
    """Return the family of the model that was asked, by the wire it was asked by."""
    api = "vertex" if bill.provider == "vertex" else bill.api
    return family_of(bill.model, bill.provider, api)


def _bill(row: _Row) -> Bill | None:
    chat = _OWN_CHAT.get(row.provider, "chat") if row.api == "chat" else None
    wire = _WIRES.get(row.api) or chat
    if wire is None or row.media or not row.input_tokens or _ELSEWHERE & row.request.keys():
        return None
    try:
        asked = READERS[wire].read(row.request, row.provider)
        options = _options(asked.options)
    except (UnreadableError, ModelError, KeyError, ValueError):
        return None
    request = Request(tuple(asked.messages), options)
    return Bill(row.provider, row.api, row.model, request, row.input_tokens, row.file, row.i)


def _options(read: Mapping[str, object]) -> GenerateOptions:
    names = ("tools", "tool_choice", "response_format", "reasoning")
    given = {name: read[name] for name in names if read.get(name) is not None}
    extra = read.get("extra")
    if isinstance(extra, Mapping) and isinstance(extra.get("reasoning"), Mapping):
        given.setdefault("reasoning", "medium")
    return OptionLayer.of(cast("Options", given)).options  # readers give what a user would
