"""What both lists are read into: one row a model, as the table keeps it."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

__all__ = ["NO_CHAT", "PRICED", "Row", "Rows", "answers_chats", "settled"]

Row: TypeAlias = dict[str, Any]
Rows: TypeAlias = dict[str, dict[str, Row]]
"""Rows by place (a provider, or a region of one) and name."""

PRICED: Final = ("input", "output", "cached", "cache_write", "batch_input", "batch_output")

NO_CHAT: Final = (
    "embed", "rerank", "tts", "whisper", "transcribe", "moderation", "-image", "imagen", "veo",
    "realtime", "-live", "dall-e", "sora", "guard", "decider", "container", "ocr", "lyria",
    "translate", "computer-use", "robotics", "audio", "nano-banana", "upscale",
)  # fmt: skip
"""Parts of the names of what answers no chat, or not with text."""


def answers_chats(name: str) -> bool:
    """Whether a model of that name answers chats with text."""
    return not any(part in name.lower() for part in NO_CHAT)


def settled(prices: Row, name: str) -> Row:
    """Return *prices* without what is none.

    A list that says nothing writes zero, and so does one of a free tier. An input or an output
    without a price leaves nothing to reckon with.
    """
    free = name.endswith(":free")
    if not free and not (prices.get("input") and prices.get("output")):
        return {}
    if (prices.get("cached") or 0.0) > (prices.get("input") or 0.0):
        return {}  # no provider charges more for what it need not read again
    kept = {key: prices[key] for key in PRICED if prices.get(key) or (free and key in prices)}
    kept |= {key: prices[key] for key in ("tiers", "extras") if prices.get(key)}
    return kept
