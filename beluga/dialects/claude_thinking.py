"""How much a model of Claude's thinks, and what it cannot be asked for while it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from beluga.dialects.claude_models import Generation
from beluga.schema import (
    AIMessage,
    Effort,
    GenerateOptions,
    Message,
    ReasoningConfig,
    ReasoningPart,
    TextPart,
    ToolCall,
    ToolMessage,
)
from beluga.transport.dialect import Omissions

__all__ = ["Thinking", "refused_options", "signed_throughout", "thinking_of"]

Wire: TypeAlias = dict[str, object]

LEAST_BUDGET: Final = 1024
ROOM: Final = 32_000
"""Tokens of an answer, thoughts aside, where the caller sets no bound and the model has so many."""

_ORDER: Final[tuple[Effort, ...]] = ("minimal", "low", "medium", "high", "xhigh", "max")

# What an effort is in tokens, for models that count them.
_BUDGETS: Final[Mapping[Effort, int]] = {
    "minimal": 1024,
    "low": 4096,
    "medium": 10_240,
    "high": 20_480,
    "xhigh": 32_768,
    "max": 49_152,
}

# How the words of others for what is told of thoughts are said here.
_DISPLAYS: Final[Mapping[str, str]] = {
    "auto": "summarized",
    "concise": "summarized",
    "detailed": "summarized",
    "none": "omitted",
}


class Thinking(msgspec.Struct, frozen=True):
    """What is written of thinking.

    Attributes:
        wire: The value of `thinking`; `None` leaves it to the model.
        effort: That of `output_config`.
        max_tokens: The bound of the answer, thoughts included.
    """

    wire: Wire | None
    effort: Effort | None
    max_tokens: int

    @property
    def kind(self) -> str | None:
        """Its type."""
        return None if self.wire is None else str(self.wire["type"])


def thinking_of(options: GenerateOptions, like: Generation, omissions: Omissions) -> Thinking:
    """Return what to write of thinking for a model of that generation."""
    wanted = options.reasoning
    plain = Thinking(None, None, options.max_tokens or min(like.max_output, ROOM))
    if wanted is None:
        return plain
    if wanted.effort == "none" or wanted.budget_tokens == 0:
        return _off(plain, like, omissions)
    if like.thinking == "no":
        omissions.unsupported("option reasoning", "this model does not think")
        return plain
    if wanted.budget_tokens is not None or like.thinking == "budget":
        return _counted(plain, wanted, options, like, omissions)
    return _adaptive(plain, wanted, like)


def refused_options(
    options: GenerateOptions, like: Generation, thinking: Thinking
) -> Mapping[str, str]:
    """Return the options that the model refuses as it is asked, and why."""
    missing: dict[str, str] = {}
    if like.sampling == "no":
        missing |= dict.fromkeys(_SAMPLING, "this model takes no sampling options")
    elif thinking.kind in ("enabled", "adaptive"):
        missing |= dict.fromkeys(("temperature", "top_k"), "not while the model thinks")
        if options.top_p is not None and options.top_p < LEAST_THINKING_TOP_P:
            missing["top_p"] = f"at least {LEAST_THINKING_TOP_P} while the model thinks"
    elif like.sampling == "one" and options.temperature is not None:
        missing["top_p"] = "this model takes a temperature or a top_p, not both"
    if options.temperature == 1.0:  # what it is anyway
        missing.pop("temperature", None)
    return missing


LEAST_THINKING_TOP_P: Final = 0.95
_SAMPLING: Final = ("temperature", "top_p", "top_k")


def _off(plain: Thinking, like: Generation, omissions: Omissions) -> Thinking:
    if like.off == "never":
        omissions.unsupported("reasoning effort 'none'", "this model always thinks")
    if like.off in ("never", "unasked"):
        return plain
    return msgspec.structs.replace(plain, wire={"type": like.off})


def _adaptive(plain: Thinking, wanted: ReasoningConfig, like: Generation) -> Thinking:
    wire: Wire = {"type": "adaptive", **_display(wanted)}
    return msgspec.structs.replace(plain, wire=wire, effort=_effort(wanted.effort, like))


def _counted(
    plain: Thinking,
    wanted: ReasoningConfig,
    options: GenerateOptions,
    like: Generation,
    omissions: Omissions,
) -> Thinking:
    """Thinking with a budget, which is part of what the answer may take."""
    budget = wanted.budget_tokens
    if budget is not None and like.thinking == "adaptive":
        why = "this model decides itself how much to think; give an effort"
        omissions.unsupported("reasoning budget_tokens", why)
        return _adaptive(plain, wanted, like)
    if budget is None:
        budget = _BUDGETS[wanted.effort or "medium"]
        ceiling = options.max_tokens or min(like.max_output, ROOM + budget)
        budget = max(min(budget, ceiling * 3 // 4), LEAST_BUDGET)
    else:
        ceiling = options.max_tokens or min(like.max_output, ROOM + budget)
    if not LEAST_BUDGET <= budget < ceiling:
        why = f"a budget is at least {LEAST_BUDGET} and below max_tokens, which is {ceiling}"
        omissions.unsupported(f"{budget} tokens of reasoning", why)
        return plain
    wire: Wire = {"type": "enabled", "budget_tokens": budget, **_display(wanted)}
    return Thinking(wire, _effort(wanted.effort, like), ceiling)


def _effort(wanted: Effort | None, like: Generation) -> Effort | None:
    """The model's least effort that is no less than what is wanted, else its greatest."""
    if wanted is None or not like.efforts:
        return None
    least = _ORDER.index(wanted)
    return next((e for e in like.efforts if _ORDER.index(e) >= least), like.efforts[-1])


def _display(wanted: ReasoningConfig) -> Wire:
    if wanted.summary is None:
        return {}
    return {"display": _DISPLAYS.get(wanted.summary, wanted.summary)}


def signed_throughout(messages: Sequence[Message], origin: str) -> bool:
    """Whether the calls that wait to go on were made after thoughts that *origin* has signed.

    A model that is told how many tokens to think demands it of them.
    """
    answer: AIMessage | None = None
    waiting = False
    for message in reversed(messages):
        if isinstance(message, AIMessage):
            answer = message
            break
        waiting = waiting or isinstance(message, ToolMessage)
    if answer is None or not waiting:
        return True
    first = next((p for p in answer.parts if not isinstance(p, TextPart) or p.text), None)
    if isinstance(first, ReasoningPart):
        return first.origin == origin and (first.signature or first.opaque) is not None
    return not isinstance(first, ToolCall | TextPart)
