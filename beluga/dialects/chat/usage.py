"""Token counts on the chat-completions wire, in the library's terms."""

from __future__ import annotations

from beluga.dialects.chat.wire import UsageWire
from beluga.dialects.costs import reported_dollars
from beluga.schema import Usage

__all__ = ["cost_of", "usage_of"]


def usage_of(wire: UsageWire) -> Usage:
    """Return *wire* with reasoning inside the output.

    xAI and Google count reasoning beside the completion, Google without saying how much: there the
    total is more than prompt plus completion, and what is more is output.
    """
    prompt, completion, total = wire.prompt_tokens, wire.completion_tokens, wire.total_tokens
    details = wire.completion_tokens_details
    reasoning = wire.reasoning_tokens if details is None else details.reasoning_tokens
    if prompt is not None and completion is not None:
        completion = max(completion, (total or 0) - prompt)
        total = prompt + completion
    return Usage(prompt, completion, total, _cached(wire), _cache_written(wire), reasoning)


def cost_of(wire: UsageWire) -> float | None:
    """Return what the server says the answer cost, in US dollars."""
    return reported_dollars(
        wire.cost, wire.cost_in_usd_ticks, details=wire.cost_details, own_key=wire.is_byok
    )


def _cached(wire: UsageWire) -> int | None:
    details = wire.prompt_tokens_details
    named = (
        details.cached_tokens if details is not None else None,
        wire.prompt_cache_hit_tokens,
        wire.num_cached_tokens,
        wire.cached_tokens,
    )
    return next((count for count in named if count is not None), None)


def _cache_written(wire: UsageWire) -> int | None:
    details = wire.prompt_tokens_details
    return None if details is None else details.cache_write_tokens
