"""What one answer cost: as its provider says, else by the model's prices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from beluga.catalog.pricing import cost_at
from beluga.schema import (
    AudioPart,
    Finish,
    JsonValue,
    ModelInfo,
    Part,
    PromptCache,
    ProviderTool,
    Request,
    Usage,
    VideoPart,
)
from beluga.schema.usage import COMPUTED, COST

__all__ = ["cost_so_far", "priced"]

_USUAL: Final[Mapping[str, frozenset[JsonValue]]] = {
    "service_tier": frozenset({"default", "standard", "auto", "on_demand"}),
    "speed": frozenset({"standard"}),
    "inference_geo": frozenset({"global", "not_available"}),
}
"""What an answer may say of itself where it is billed at the listed price."""

_USUAL_TTL: Final = frozenset({None, "5m"})
_CHARGED: Final = frozenset({"model", "plugins", "tools", "web_search_options"})
"""Keys of `extra` that may have the provider do what it charges for beside the tokens."""


def priced(finish: Finish, request: Request, info: ModelInfo) -> Finish:
    """Return *finish* with its cost in US dollars, if its provider has not told it.

    It is left out where it is not certain: where the request lets the provider do what it charges
    for besides, holds sound or video, or was served at another tier than the usual one.
    """
    if COST in finish.metadata or not _at_usual_prices(finish.metadata):
        return finish
    cost = cost_so_far(finish.usage, request, info)
    if cost is None:
        return finish
    return msgspec.structs.replace(finish, metadata={**finish.metadata, COST: cost, COMPUTED: True})


def cost_so_far(usage: Usage, request: Request, info: ModelInfo) -> float | None:
    """Return what *usage* costs, which is all of an answer that has ended, or a part of one."""
    if _charged_for_more(request) or (usage.cache_write_tokens and _kept_longer(request)):
        return None
    return cost_at(info.prices, usage)


def _at_usual_prices(metadata: Mapping[str, JsonValue]) -> bool:
    for key, usual in _USUAL.items():
        value = metadata.get(key)
        if value is not None and (not isinstance(value, str) or value.lower() not in usual):
            return False
    return True


def _charged_for_more(request: Request) -> bool:
    options = request.options
    if any(isinstance(tool, ProviderTool) for tool in options.tools or ()):
        return True
    if not _CHARGED.isdisjoint(options.extra or ()):
        return True
    # Sound is priced by itself, and no wire says in one way how much of the input it was.
    return any(_sounds(part) for message in request.messages for part in message.parts)


def _sounds(part: Part) -> bool:
    media_type = getattr(part, "media_type", None) or ""
    return isinstance(part, AudioPart | VideoPart) or media_type.startswith(("audio/", "video/"))


def _kept_longer(request: Request) -> bool:
    """Whether some of the prompt was to be cached for longer than usual, which costs more."""
    marks = [request.options.prompt_cache]
    marks += [getattr(part, "prompt_cache", None) for m in request.messages for part in m.parts]
    return any(isinstance(mark, PromptCache) and mark.ttl not in _USUAL_TTL for mark in marks)
