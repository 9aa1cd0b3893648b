"""What Claude's generations take and refuse.

Source: Anthropic's model pages, migration guides and guides to thinking, effort and tool choice, as
of late 2026. A name that is not here is given the benefit of the doubt.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from beluga.schema import Effort
from beluga.schemas import SchemaDialect

__all__ = ["Generation", "codec_of", "generation_of"]

Version: TypeAlias = tuple[int, int]


class Generation(msgspec.Struct, frozen=True, kw_only=True):
    """Say what one generation of models is like.

    Attributes:
        max_output: The most tokens of one answer.
        thinking: Whether it is told how many tokens to think, decides itself, or can do either.
        off: How thinking is switched off: it is off unless asked for, by a word, or not at all.
        efforts: The efforts it knows, from the least to the most.
        sampling: Whether temperature, `top_p` and `top_k` may be set, or only one of the first two.
        forced_tools: Whether it can be made to call a tool.
        late_system: Whether a system message may stand in the middle of a conversation.
        continues: Whether it continues an answer that the caller has begun.
        schemas: Whether answers and calls can be held to a schema.
    """

    max_output: int
    thinking: Literal["no", "budget", "either", "adaptive"]
    off: Literal["unasked", "disabled", "between_tools", "never"] = "unasked"
    efforts: tuple[Effort, ...] = ()
    sampling: Literal["free", "one", "no"] = "free"
    forced_tools: bool = True
    late_system: bool = False
    continues: bool = True
    schemas: bool = True


_FOUR: Final[tuple[Effort, ...]] = ("low", "medium", "high", "max")
_FIVE: Final[tuple[Effort, ...]] = ("low", "medium", "high", "xhigh", "max")

_CLAUDE_3: Final = Generation(max_output=4096, thinking="no", schemas=False)
_CLAUDE_3_5: Final = msgspec.structs.replace(_CLAUDE_3, max_output=8192)
_SONNET_3_7: Final = Generation(max_output=64_000, thinking="budget", schemas=False)
_OPUS_4: Final = msgspec.structs.replace(_SONNET_3_7, max_output=32_000)
_OPUS_4_1: Final = Generation(max_output=32_000, thinking="budget", sampling="one")
_CLAUDE_4_5: Final = msgspec.structs.replace(_OPUS_4_1, max_output=64_000)
_OPUS_4_5: Final = msgspec.structs.replace(_CLAUDE_4_5, efforts=("low", "medium", "high"))
_CLAUDE_4_6: Final = Generation(
    max_output=128_000, thinking="either", efforts=_FOUR, sampling="one", continues=False
)
_OPUS_4_7: Final = Generation(
    max_output=128_000, thinking="adaptive", efforts=_FIVE, sampling="no", continues=False
)
_OPUS_4_8: Final = msgspec.structs.replace(_OPUS_4_7, late_system=True)
_CLAUDE_5: Final = msgspec.structs.replace(_OPUS_4_8, off="disabled")
_SONNET_5_5: Final = msgspec.structs.replace(_CLAUDE_5, off="between_tools", forced_tools=False)
_ALWAYS_THINKING: Final = msgspec.structs.replace(_CLAUDE_5, off="never", forced_tools=False)

_NOT_YET_KNOWN: Final = Generation(
    max_output=128_000, thinking="either", off="disabled", efforts=_FIVE, late_system=True
)
_NOT_CLAUDE: Final = Generation(max_output=8192, thinking="budget", off="disabled")

# From which version on a family's models are of a generation.
_FAMILIES: Final[Mapping[str, Sequence[tuple[Version, Generation]]]] = {
    "opus": (
        ((0, 0), _CLAUDE_3),
        ((4, 0), _OPUS_4),
        ((4, 1), _OPUS_4_1),
        ((4, 5), _OPUS_4_5),
        ((4, 6), _CLAUDE_4_6),
        ((4, 7), _OPUS_4_7),
        ((4, 8), _OPUS_4_8),
        ((5, 0), _CLAUDE_5),
        ((5, 5), _ALWAYS_THINKING),
        ((6, 0), _NOT_YET_KNOWN),
    ),
    "sonnet": (
        ((0, 0), _CLAUDE_3),
        ((3, 5), _CLAUDE_3_5),
        ((3, 7), _SONNET_3_7),
        ((4, 5), _CLAUDE_4_5),
        ((4, 6), _CLAUDE_4_6),
        ((5, 0), _CLAUDE_5),
        ((5, 5), _SONNET_5_5),
        ((6, 0), _NOT_YET_KNOWN),
    ),
    "haiku": (
        ((0, 0), _CLAUDE_3),
        ((3, 5), _CLAUDE_3_5),
        ((4, 5), _CLAUDE_4_5),
        ((5, 0), _CLAUDE_5),
        ((6, 0), _NOT_YET_KNOWN),
    ),
    "fable": (((0, 0), _ALWAYS_THINKING), ((6, 0), _NOT_YET_KNOWN)),
    "mythos": (((0, 0), _ALWAYS_THINKING), ((6, 0), _NOT_YET_KNOWN)),
}

# claude-opus-4-5-20251101, claude-3-5-sonnet-latest, claude-mythos-preview, claude-opus-4.8@default
_NAME: Final = re.compile(
    r"claude(?:-(?P<family>[a-z]+))?"
    r"(?:-(?P<major>\d{1,2})(?!\d)(?:[-.](?P<minor>\d{1,2})(?!\d))?)?"
    r"(?:-(?P<late>[a-z]+))?"
)


def codec_of(model: str) -> SchemaDialect:
    """Return whose subset of JSON Schema a strict schema must keep to."""
    return "anthropic" if generation_of(model).schemas else "plain"


def generation_of(model: str) -> Generation:
    """Return what the model of that name is like, wherever it is served."""
    match = _NAME.search(model.lower())
    if match is None:
        return _NOT_CLAUDE
    unnumbered = 0 if match["late"] == "preview" else 99
    version = (int(match["major"] or unnumbered), int(match["minor"] or 0))
    rows = _FAMILIES.get(match["family"] or "") or _FAMILIES.get(match["late"] or "")
    if rows is None:
        return _CLAUDE_3 if 0 < version[0] < 4 else _NOT_YET_KNOWN
    return next(row for since, row in reversed(rows) if since <= version)
