"""What was mended in an answer on this side, as data."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

__all__ = ["Repair", "RepairKind"]

RepairKind: TypeAlias = Literal[
    "byte_order_mark",
    "thinking",
    "fence",
    "prose",
    "comment",
    "trailing_comma",
    "single_quotes",
    "unquoted_key",
    "python_constant",
    "control_character",
    "escape",
    "json_in_a_string",
    "bare_word",
    "other_calls",
]
"""What an answer had that JSON has not, or around it."""


class Repair(msgspec.Struct, frozen=True):
    """Say what was mended in an answer, and how often."""

    kind: RepairKind
    count: int = 1
