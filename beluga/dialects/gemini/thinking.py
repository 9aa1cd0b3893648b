"""How a model is told to think: by generation.

Source: Google's guides to thinking. Gemini 2.5 counts tokens, Gemini 3 and later takes a level, and
what came before does not think. A name that tells no generation (`gemini-flash-latest`, a tuned
model) counts as a new one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, TypeAlias

from beluga.schema import ReasoningConfig
from beluga.transport.dialect import Omissions

__all__ = ["Generation", "generation_of", "thinking_config"]

Generation: TypeAlias = tuple[int, int] | None

_VERSION: Final = re.compile(r"gemini-(\d+)(?:\.(\d+))?")

# "max" is the most that every model of the third generation takes.
_LEVELS: Final[Mapping[str, str]] = {
    "minimal": "MINIMAL",
    "low": "LOW",
    "medium": "MEDIUM",
    "high": "HIGH",
    "xhigh": "XHIGH",
    "max": "HIGH",
}

# What Google's own OpenAI-compatible address takes an effort for; the most is Flash's, then Pro's.
_BUDGETS: Final[Mapping[str, int]] = {"minimal": 512, "low": 1024, "medium": 8192, "high": 24576}
_MOST: Final = 24576
_MOST_OF_PRO: Final = 32768


def generation_of(model: str) -> Generation:
    """Return a model's generation, such as `(2, 5)`; `None` if its name does not tell."""
    match = _VERSION.search(model)
    return None if match is None else (int(match[1]), int(match[2] or 0))


def thinking_config(
    model: str, wanted: ReasoningConfig | None, omissions: Omissions
) -> dict[str, object]:
    """Return the `thinkingConfig` for what is wanted; nothing where there is nothing to say."""
    if wanted is None:
        return {}
    generation = generation_of(model)
    off = wanted.effort == "none" or wanted.budget_tokens == 0
    if generation is not None and generation < (2, 5):
        if not off:
            omissions.unsupported("option reasoning", "Gemini before 2.5 does not think")
        return {}
    if off:
        return _without_thoughts(model, generation, omissions)
    if wanted.summary not in (None, "auto", "none"):
        why = "Gemini tells its thoughts ('auto') or does not ('none')"
        omissions.unsupported(f"reasoning summary {wanted.summary!r}", why)
    if generation is not None and generation < (3, 0):
        config = _budget(model, wanted)
    else:
        config = _level(wanted, omissions)
    return {**config, "includeThoughts": wanted.summary != "none"}


def _without_thoughts(
    model: str, generation: Generation, omissions: Omissions
) -> dict[str, object]:
    if generation is not None and (generation >= (3, 0) or "pro" in model):
        what = f"Gemini {generation[0]}" if generation >= (3, 0) else "Gemini 2.5 Pro"
        omissions.unsupported(
            "reasoning effort none", f"{what} always thinks; minimal is its least"
        )
        return {}
    return {"thinkingBudget": 0}


def _budget(model: str, wanted: ReasoningConfig) -> dict[str, object]:
    if wanted.budget_tokens is not None:
        return {"thinkingBudget": wanted.budget_tokens}
    if wanted.effort is None:
        return {}
    most = _MOST_OF_PRO if "pro" in model else _MOST
    return {"thinkingBudget": _BUDGETS.get(wanted.effort, most)}


def _level(wanted: ReasoningConfig, omissions: Omissions) -> dict[str, object]:
    if wanted.effort is not None:
        if wanted.budget_tokens is not None:
            omissions.unsupported(
                "reasoning budget_tokens beside an effort", "the wire takes one of the two"
            )
        return {"thinkingLevel": _LEVELS[wanted.effort]}
    if wanted.budget_tokens is not None:
        return {"thinkingBudget": wanted.budget_tokens}
    return {}
