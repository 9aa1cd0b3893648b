"""What OpenAI's models refuse, by generation: for both of its wire formats."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from beluga.schema import GenerateOptions

__all__ = ["refused_options", "thinks"]

_ALWAYS_THINKS: Final = re.compile(r"(?:^|/)o[1-9]")
_TAKES_STOP: Final = re.compile(r"(?:^|/)(?:o1|o3-mini)")
# Azure writes GPT-3.5 as gpt-35.
_GPT: Final = re.compile(r"(?:^|/)gpt-(?!35)(\d+)(?:\.(\d+))?(?!.*chat)")
_WHY: Final = "OpenAI's reasoning models take no sampling options while they reason"
_SAMPLING: Final = ("temperature", "top_p", "presence_penalty", "frequency_penalty")


def thinks(model: str, options: GenerateOptions) -> bool:
    """Whether a model will reason: GPT-5, GPT-5.5 and later do by default, 5.1 to 5.4 if asked."""
    effort = options.reasoning.effort if options.reasoning is not None else None
    if _ALWAYS_THINKS.search(model):
        return True
    match = _GPT.search(model)
    if match is None or int(match[1]) < 5:
        return False
    if effort is not None:
        return effort != "none"
    generation = (int(match[1]), int(match[2] or 0))
    return not (5, 1) <= generation <= (5, 4)


def refused_options(model: str, options: GenerateOptions) -> Mapping[str, str]:
    """Return the options that a model refuses as it is asked, and why.

    Source: OpenAI's guide to reasoning models; the generations as of 2026.
    """
    if not thinks(model, options):
        return {}
    refused = dict.fromkeys(_SAMPLING, _WHY)
    if not _TAKES_STOP.search(model):
        refused["stop"] = "OpenAI's reasoning models since o3 take no stop"
    return refused
