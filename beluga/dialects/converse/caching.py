"""Where Bedrock may cache the prompt up to: four marks, some of the caller's, the rest chosen.

Source: Amazon Bedrock's user guide, "Prompt caching for faster model inference".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from beluga.dialects.converse.content import WireBlock, mark_of, marked
from beluga.dialects.converse.families import Cacheable
from beluga.dialects.converse.messages import Prompt
from beluga.schema import PromptCache, PromptCacheMode
from beluga.transport.dialect import Omissions

__all__ = ["place_marks"]

MOST: Final = 4
TTLS: Final = ("5m", "1h")


class _Place(msgspec.Struct):
    """A run of blocks that may hold marks."""

    kind: Cacheable
    blocks: list[WireBlock]


def place_marks(
    wish: PromptCacheMode | PromptCache | None,
    cacheable: frozenset[Cacheable],
    tools: list[WireBlock],
    prompt: Prompt,
    omissions: Omissions,
) -> None:
    """Put marks between blocks, or take them out, as the option and the caller's own marks say.

    Chosen ones are, as far as the caller's leave room: the end of the conversation, the system
    prompt, the tools, and the end of the turn before, up to which the last request was cached.

    Args:
        wish: The option.
        cacheable: What the model caches.
        tools: The tools, as they will be written.
        prompt: What the model is given to read.
        omissions: Who is told of what cannot be written.
    """
    asked = [turn.content for turn in prompt.turns if turn.role == "user"]
    places = [_Place("tools", tools), _Place("system", prompt.system)]
    places += [_Place("messages", turn.content) for turn in prompt.turns]
    if wish == "off":
        _take_out(places, frozenset(), None)
        return
    _take_out(places, cacheable, omissions)
    given = list(_marks(places))
    for place, mark in given[:-MOST]:
        omissions.unsupported("more than 4 marks for the prompt cache", "the server takes 4")
        place.blocks.remove(mark)
    if wish is not None:
        ends = [_Place("messages", content) for content in asked[-1:]]
        ends += [places[1], places[0], *[_Place("messages", content) for content in asked[-2:-1]]]
        open_ends = [p for p in ends if p.blocks and mark_of(p.blocks[-1]) is None]
        cache = wish if isinstance(wish, PromptCache) else PromptCache()
        for place in [p for p in open_ends if p.kind in cacheable][: max(0, MOST - len(given))]:
            place.blocks += marked(cache, place.blocks[-1])
    _settle(places, omissions)


def _take_out(
    places: Sequence[_Place], cacheable: frozenset[Cacheable], omissions: Omissions | None
) -> None:
    """Take out marks where the model has no cache."""
    for place, mark in list(_marks(places)):
        if place.kind not in cacheable:
            place.blocks.remove(mark)
            if omissions is not None:
                what = f"a mark for the prompt cache in {place.kind}"
                omissions.foreign(what, "this model has none there")


def _marks(places: Sequence[_Place]) -> Iterator[tuple[_Place, WireBlock]]:
    for place in places:
        for block in place.blocks:
            if mark_of(block) is not None:
                yield place, block


def _settle(places: Sequence[_Place], omissions: Omissions) -> None:
    """See that every life is one that the server knows, and that none outlives one before it."""
    longer = False
    for _, block in reversed(list(_marks(places))):
        mark = mark_of(block)
        assert mark is not None
        ttl = mark.get("ttl")
        if ttl is not None and ttl not in TTLS:
            omissions.unsupported(f"a prompt cache for {ttl}", "the server knows 5m and 1h")
            del mark["ttl"]
        longer = longer or ttl == "1h"
        if longer:
            mark["ttl"] = "1h"
