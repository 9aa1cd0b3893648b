"""Where the server may cache the prompt up to: four marks, the caller's and chosen ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from beluga.dialects.anthropic.blocks import Wire, WireBlock
from beluga.dialects.anthropic.messages import Prompt
from beluga.schema import GenerateOptions, PromptCache
from beluga.transport.dialect import Omissions

__all__ = ["place_marks"]

MOST: Final = 4
TTLS: Final = ("5m", "1h")
KEY: Final = "cache_control"

_UNMARKABLE: Final = frozenset({"thinking", "redacted_thinking"})


def place_marks(
    options: GenerateOptions, tools: Sequence[WireBlock], prompt: Prompt, omissions: Omissions
) -> None:
    """Put breakpoints on blocks, or take them off, as the options and the caller's own marks say.

    Chosen ones are, as far as the caller's leave room: the end of the conversation, the system
    prompt, the tools, and the end of the turn before, up to which the last request was cached.
    """
    written = [block for block in _in_order(tools, prompt) if isinstance(block, dict)]
    wish = options.prompt_cache
    if wish == "off":
        for block in written:
            block.pop(KEY, None)
        return
    marked = [block for block in written if KEY in block]
    for block in marked[:-MOST]:
        omissions.unsupported("a fifth mark for the prompt cache", "the server takes the last 4")
        del block[KEY]
    if wish is not None:
        ttl = wish.ttl if isinstance(wish, PromptCache) else None
        chosen = [b for b in _chosen(tools, prompt) if b is not None and KEY not in b]
        for block in chosen[: max(0, MOST - len(marked))]:
            block[KEY] = {"type": "ephemeral"} if ttl is None else {"type": "ephemeral", "ttl": ttl}
    _settle([block for block in written if KEY in block], omissions)


def _in_order(tools: Iterable[WireBlock], prompt: Prompt) -> Iterator[WireBlock]:
    """All blocks, in the order in which the server reads them."""
    yield from tools
    yield from prompt.system
    for turn in prompt.turns:
        for block in turn.content:
            if isinstance(block, dict) and isinstance(inner := block.get("content"), list):
                yield from inner
            yield block


def _chosen(tools: Sequence[WireBlock], prompt: Prompt) -> Iterator[Wire | None]:
    asked = [turn for turn in prompt.turns if turn.role != "assistant"]
    yield _last(prompt.turns[-1].content)
    yield _last(prompt.system)
    yield _last(tools)
    yield next((_last(turn.content) for turn in reversed(asked[:-1])), None)


def _last(blocks: Sequence[WireBlock]) -> Wire | None:
    """The last block that can carry a mark."""
    for block in reversed(blocks):
        if isinstance(block, dict) and block.get("type") not in _UNMARKABLE:
            return block
    return None


def _settle(marked: Sequence[Wire], omissions: Omissions) -> None:
    """See that every life is one that the server knows, and that none outlives one before it."""
    longer = False
    for block in reversed(marked):
        control = block[KEY]
        assert isinstance(control, dict)
        ttl = control.get("ttl")
        if ttl is not None and ttl not in TTLS:
            omissions.unsupported(f"a prompt cache for {ttl}", "the server knows 5m and 1h")
            del control["ttl"]
        longer = longer or ttl == "1h"
        if longer:
            control["ttl"] = "1h"
