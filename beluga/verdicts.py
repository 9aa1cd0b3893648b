"""What may be said of something that wants to pass: a guard's verdict, a person's answer."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from beluga.schema import ToolCall

__all__ = ["Allow", "Block", "Change", "Verdict"]


class Allow(msgspec.Struct, frozen=True, tag="allow"):
    """Let it pass as it is."""


class Change(msgspec.Struct, frozen=True, tag="change"):
    """Let this pass in its place: a text for a text, a call for a call."""

    value: str | ToolCall


class Block(msgspec.Struct, frozen=True, tag="block"):
    """Stop it, for this reason."""

    reason: str


Verdict: TypeAlias = Allow | Change | Block
