"""What each provider's own count of tokens means, in this library's terms.

Input includes what was cached and written to a cache, output includes reasoning, and the total is
their sum. Providers differ in what they count where: each function here says how one does, and was
written from what was measured on the recordings, not from the decoders.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias

from beluga.schema import Usage
from tests.conformance.corpus import Json

__all__ = ["Counting", "reported_cost", "usage_of"]

Counting: TypeAlias = Literal[
    "chat",
    "chat, reasoning apart",
    "responses",
    "anthropic",
    "google",
    "bedrock",
    "cohere",
    "ollama",
]

TICKS_PER_DOLLAR: Final = 10_000_000_000


def usage_of(counting: Counting, raw: Json | None) -> Usage:
    """Return the usage that a provider's own count stands for; unknown where it says nothing."""
    return Usage() if raw is None else _COUNTINGS[counting](raw)


def reported_cost(raw: Json | None) -> float | None:
    """Return what the provider itself says that the answer cost, in US dollars.

    OpenRouter tells apart what it charges itself, and what the provider behind it charges to a key
    of the user's own: with one, the cost is both.
    """
    if raw is None:
        return None
    ticks, dollars = raw.get("cost_in_usd_ticks"), raw.get("cost")
    if isinstance(ticks, int | float):
        return ticks / TICKS_PER_DOLLAR
    if not isinstance(dollars, int | float):
        return None
    upstream = _within(raw, "cost_details").get("upstream_inference_cost")
    if raw.get("is_byok") is True and isinstance(upstream, int | float):
        return float(dollars) + float(upstream)
    return float(dollars)


def _chat(raw: Json) -> Usage:
    prompt, completion = _count(raw, "prompt_tokens"), _count(raw, "completion_tokens")
    details = _within(raw, "prompt_tokens_details")
    return Usage(
        prompt,
        completion,
        _sum(prompt, completion),
        _first(
            _count(details, "cached_tokens"),
            _count(raw, "prompt_cache_hit_tokens"),
            _count(raw, "num_cached_tokens"),
            _count(raw, "cached_tokens"),
        ),
        _count(details, "cache_write_tokens"),
        _count(_within(raw, "completion_tokens_details"), "reasoning_tokens"),
    )


def _chat_reasoning_apart(raw: Json) -> Usage:
    """Completion tokens leave out the reasoning, which only the total counts."""
    plain, total = _chat(raw), _count(raw, "total_tokens")
    assert total is not None
    assert plain.input_tokens is not None
    return Usage(
        plain.input_tokens,
        total - plain.input_tokens,
        total,
        plain.cached_tokens,
        plain.cache_write_tokens,
        plain.reasoning_tokens,
    )


def _responses(raw: Json) -> Usage:
    given, made = _count(raw, "input_tokens"), _count(raw, "output_tokens")
    details = _within(raw, "input_tokens_details")
    return Usage(
        given,
        made,
        _sum(given, made),
        _count(details, "cached_tokens"),
        _count(details, "cache_write_tokens"),
        _count(_within(raw, "output_tokens_details"), "reasoning_tokens"),
    )


def _anthropic(raw: Json) -> Usage:
    """Input tokens leave out what was read from the cache and what was written to it."""
    read = _count(raw, "cache_read_input_tokens")
    written = _count(raw, "cache_creation_input_tokens")
    given = _sum(_count(raw, "input_tokens"), read or 0, written or 0)
    made = _count(raw, "output_tokens")
    thinking = _count(_within(raw, "output_tokens_details"), "thinking_tokens")
    return Usage(given, made, _sum(given, made), read, written, thinking)


def _bedrock(raw: Json) -> Usage:
    """As Anthropic's; only the total includes the cache."""
    read, written = _count(raw, "cacheReadInputTokens"), _count(raw, "cacheWriteInputTokens")
    given = _sum(_count(raw, "inputTokens"), read or 0, written or 0)
    made = _count(raw, "outputTokens")
    return Usage(given, made, _sum(given, made), read, written, None)


def _google(raw: Json) -> Usage:
    """Thoughts stand beside the candidates, and what tools read beside the prompt.

    A count that is absent where the total leaves nothing for it is none.
    """
    prompt, tools = _count(raw, "prompt_token_count"), _count(raw, "tool_use_prompt_token_count")
    answer, thoughts = _count(raw, "candidates_token_count"), _count(raw, "thoughts_token_count")
    total = _count(raw, "total_token_count")
    given = None if prompt is None else prompt + (tools or 0)
    made = None if answer is None and thoughts is None else (answer or 0) + (thoughts or 0)
    if made is None and given is not None and total is not None:
        made = total - given
    cached = _count(raw, "cached_content_token_count")
    return Usage(given, made, _sum(given, made), cached, None, thoughts)


def _cohere(raw: Json) -> Usage:
    tokens = _within(raw, "tokens")
    given, made = _count(tokens, "input_tokens"), _count(tokens, "output_tokens")
    return Usage(given, made, _sum(given, made), _count(raw, "cached_tokens"))


def _ollama(raw: Json) -> Usage:
    given, made = _count(raw, "prompt_eval_count"), _count(raw, "eval_count")
    return Usage(given, made, _sum(given, made))


_COUNTINGS: Final[Mapping[Counting, Callable[[Json], Usage]]] = {
    "chat": _chat,
    "chat, reasoning apart": _chat_reasoning_apart,
    "responses": _responses,
    "anthropic": _anthropic,
    "google": _google,
    "bedrock": _bedrock,
    "cohere": _cohere,
    "ollama": _ollama,
}


def _count(raw: Json, name: str) -> int | None:
    value = raw.get(name)
    return int(value) if isinstance(value, int | float) else None


def _within(raw: Json, name: str) -> Json:
    value = raw.get(name)
    return value if isinstance(value, dict) else {}


def _first(*counts: int | None) -> int | None:
    return next((count for count in counts if count is not None), None)


def _sum(*counts: int | None) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None
