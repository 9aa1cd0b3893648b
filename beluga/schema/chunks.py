"""The pieces in which an answer arrives.

`index` counts within a kind: text, reasoning, calls, and everything else. `fold` turns chunks into
a message, `unfold` a message into chunks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Never, NoReturn, TypeAlias

import msgspec

from beluga.schema.failure import Failure
from beluga.schema.json import JsonValue
from beluga.schema.messages import FinishReason
from beluga.schema.parts import Part
from beluga.schema.usage import Spent, Usage

__all__ = [
    "Emission",
    "Finish",
    "PartDone",
    "ReasoningDelta",
    "Restarted",
    "StreamChunk",
    "TextDelta",
    "ToolCallDelta",
    "no_chunk",
]


class TextDelta(msgspec.Struct, frozen=True, tag="text", gc=False):
    """Carry a piece of text, as the provider cut it."""

    text: str
    index: int = 0


class ReasoningDelta(msgspec.Struct, frozen=True, tag="reasoning", gc=False):
    """Carry a piece of reasoning, as the provider cut it."""

    text: str
    index: int = 0


class ToolCallDelta(msgspec.Struct, frozen=True, tag="tool_call", gc=False):
    """Carry a fragment of a tool call; `arguments` are pieces of JSON text to be joined."""

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""


class PartDone(msgspec.Struct, frozen=True, tag="part"):
    """Carry a whole part, which replaces what the deltas of its kind and index built."""

    index: int
    part: Part


class Restarted(msgspec.Struct, frozen=True, tag="restarted"):
    """Declare everything before it void: the answer begins anew, after this failure."""

    failure: Failure


class Finish(msgspec.Struct, frozen=True, tag="finish", repr_omit_defaults=True):
    """Say how an answer ended. It comes exactly once, and last.

    Attributes:
        spent: Everything the answer took; filled in where the answer leaves the library.
    """

    reason: FinishReason
    raw_reason: str | None = None
    usage: Usage = Usage()
    model: str | None = None
    provider: str | None = None
    response_id: str | None = None
    metadata: Mapping[str, JsonValue] = {}
    spent: Spent = Spent()


Emission: TypeAlias = TextDelta | ReasoningDelta | ToolCallDelta | PartDone | Restarted
"""What a model emits while it answers: every chunk but `Finish`, which it returns."""

StreamChunk: TypeAlias = Emission | Finish


def no_chunk(given: Never) -> NoReturn:
    """Say what a model has emitted that is no chunk; the type checker sees that none is left out.

    Raises:
        TypeError: Always.
    """
    raise TypeError(f"emit takes chunks such as TextDelta('…'); it was given {given!r:.80}")
