"""Gemini's token counts, in the library's terms."""

from __future__ import annotations

from beluga.dialects.gemini.wire import UsageWire
from beluga.schema import Usage

__all__ = ["counts", "usage_of"]


def counts(wire: UsageWire) -> bool:
    """Whether *wire* counts anything; Vertex sends some that only name a service tier."""
    return (
        wire.total_token_count is not None
        or wire.prompt_token_count is not None
        or wire.candidates_token_count is not None
    )


def usage_of(wire: UsageWire) -> Usage:
    """Return *wire* with what tools read inside the input, and thoughts inside the output.

    Gemini counts both beside prompt and candidates: its total is the sum of the four.
    """
    given = wire.prompt_token_count
    if given is not None:
        given += wire.tool_use_prompt_token_count or 0
    made, thoughts = wire.candidates_token_count, wire.thoughts_token_count
    if thoughts is not None:
        made = (made or 0) + thoughts
    total = wire.total_token_count
    if made is None and given is not None and total is not None:
        made = total - given
    if given is not None and made is not None:
        total = given + made
    return Usage(given, made, total, wire.cached_content_token_count, None, thoughts)
