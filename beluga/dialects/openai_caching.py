"""How OpenAI is asked to cache prompts, on both of its wire formats."""

from __future__ import annotations

from typing import Final, Literal

from beluga.schema import PromptCache
from beluga.transport.dialect import Omissions

__all__ = ["BREAKPOINT_TTLS", "prompt_caching"]

BREAKPOINT_TTLS: Final = (None, "30m")
"""How long OpenAI keeps what a breakpoint marks."""

_RETENTIONS: Final = ("24h", "in_memory")


def prompt_caching(
    wish: Literal["auto", "off"] | PromptCache | None, omissions: Omissions
) -> dict[str, object]:
    """Return the keys of a request that say *wish*.

    OpenAI caches by itself, so that only a wish beyond that is written.
    """
    if wish is None or wish == "auto":
        return {}
    if wish == "off":
        return {"prompt_cache_options": {"mode": "explicit"}}
    if wish.ttl in _RETENTIONS:
        return {"prompt_cache_retention": wish.ttl}
    if wish.ttl not in BREAKPOINT_TTLS:
        why = "OpenAI keeps prompts for 30m, 24h or in_memory"
        omissions.unsupported(f"prompt_cache ttl {wish.ttl!r}", why)
        return {}
    return {} if wish.ttl is None else {"prompt_cache_options": {"ttl": wish.ttl}}
