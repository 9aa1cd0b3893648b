"""What a provider's word for the end of an answer means, written from the providers' references."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from beluga.schema import FinishReason

__all__ = ["Wire", "reasons_of"]

Wire: TypeAlias = Literal[
    "chat", "responses", "anthropic", "google", "bedrock", "cohere", "mistral", "ollama"
]

_FILTERED = (
    "SAFETY RECITATION BLOCKLIST PROHIBITED_CONTENT SPII IMAGE_SAFETY IMAGE_PROHIBITED_CONTENT "
    "IMAGE_RECITATION MODEL_ARMOR"
)
_FAILED = (
    "MALFORMED_FUNCTION_CALL UNEXPECTED_TOOL_CALL TOO_MANY_TOOL_CALLS MISSING_THOUGHT_SIGNATURE "
    "MALFORMED_RESPONSE LANGUAGE NO_IMAGE IMAGE_OTHER"
)

_CHAT: Final[Mapping[str, FinishReason]] = {
    "stop": "stop",
    "eos": "stop",
    "length": "length",
    "model_length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "error": "error",
    "insufficient_system_resource": "error",
}

_REASONS: Final[Mapping[Wire, Mapping[str, FinishReason]]] = {
    "chat": _CHAT,
    "mistral": _CHAT,
    "responses": {
        "completed": "stop",
        "complete": "stop",
        "max_output_tokens": "length",
        "content_filter": "content_filter",
        "failed": "error",
        "cancelled": "error",
        "queued": "unknown",
        "in_progress": "unknown",
    },
    "anthropic": {
        "end_turn": "stop",
        "stop_sequence": "stop",
        "max_tokens": "length",
        "model_context_window_exceeded": "length",
        "tool_use": "tool_calls",
        "pause_turn": "pause",
        "refusal": "content_filter",
    },
    "google": {
        "STOP": "stop",
        "MAX_TOKENS": "length",
        **dict.fromkeys(_FILTERED.split(), "content_filter"),
        **dict.fromkeys(_FAILED.split(), "error"),
        "OTHER": "unknown",
    },
    "bedrock": {
        "end_turn": "stop",
        "stop_sequence": "stop",
        "max_tokens": "length",
        "model_context_window_exceeded": "length",
        "tool_use": "tool_calls",
        "guardrail_intervened": "content_filter",
        "content_filtered": "content_filter",
        "malformed_model_output": "error",
        "malformed_tool_use": "error",
    },
    "cohere": {
        "COMPLETE": "stop",
        "STOP_SEQUENCE": "stop",
        "MAX_TOKENS": "length",
        "TOOL_CALL": "tool_calls",
        "ERROR": "error",
        "TIMEOUT": "error",
    },
    "ollama": {"stop": "stop", "length": "length"},
}

_SILENT_ON_CALLS: Final[frozenset[Wire]] = frozenset({"responses", "google", "ollama"})
"""Wires that have no word for an answer that ends in calls."""


def reasons_of(wire: Wire, word: str, *, calls: bool) -> tuple[FinishReason, ...]:
    """Return what *word* may be read as.

    Chat completions that are told which tool to call end in `stop`, and so may be read either way.

    Raises:
        KeyError: The word stands in no reference.
    """
    reason = _REASONS[wire][word]
    if not calls or reason != "stop":
        return (reason,)
    return ("tool_calls",) if wire in _SILENT_ON_CALLS else ("stop", "tool_calls")
