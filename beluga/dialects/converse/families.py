"""What the makers of Bedrock's models understand beyond what is common to all.

Source: Amazon Bedrock's user guide, "Inference request parameters and response fields for
foundation models", and Amazon Nova's user guide, as of late 2026. Of a name that is not here
nothing is known, and what it may not understand is refused with the way around it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

import msgspec

from beluga.dialects.claude_models import generation_of
from beluga.schema import Effort
from beluga.schemas import SchemaDialect

__all__ = ["Family", "ReasoningForm", "codec_of", "family_of"]

ReasoningForm: TypeAlias = Literal["claude", "nova", "effort", "level", "always", "none", "unknown"]
"""How thinking is asked for: as Anthropic has it; by Nova's `reasoningConfig`; by an effort of
three steps or a level of two; not at all, as it always thinks, or never does, or nobody knows."""

Cacheable: TypeAlias = Literal["tools", "system", "messages"]


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """Say what one maker's models take.

    Attributes:
        maker: Whose models they are; they do not read each other's reasoning.
        additional: Where options that Converse has no key for go, as a path of keys.
        reasoning: How thinking is asked for.
        efforts: What an effort is called there; one that is missing cannot be asked for.
        cacheable: What may be followed by a mark for the prompt cache.
        forced_tools: Whether they can be made to call a tool.
        tool_choice: Whether they take Anthropic's own `tool_choice`, which says more.
    """

    maker: str
    additional: Mapping[str, tuple[str, ...]] = {}
    reasoning: ReasoningForm = "none"
    efforts: Mapping[Effort, str] = {}
    cacheable: frozenset[Cacheable] = frozenset()
    forced_tools: bool = True
    tool_choice: bool = False


_STEPS: Final[Mapping[Effort, str]] = {
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "high",
    "max": "high",
}
_LEVELS: Final[Mapping[Effort, str]] = {**_STEPS, "medium": "high"}

_ALL: Final[frozenset[Cacheable]] = frozenset({"tools", "system", "messages"})

_UNKNOWN: Final = Family(maker="", reasoning="unknown", cacheable=_ALL)

_NOVA: Final = Family(
    maker="amazon",
    additional={"top_k": ("inferenceConfig", "topK")},
    cacheable=frozenset({"system", "messages"}),
)

# By how a model's name begins, once the region and what an ARN puts before it are gone.
_FAMILIES: Final[tuple[tuple[str, Family], ...]] = (
    (
        "anthropic.",
        Family(
            maker="anthropic",
            additional={"top_k": ("top_k",)},
            reasoning="claude",
            cacheable=_ALL,
            tool_choice=True,
        ),
    ),
    ("amazon.nova-2", msgspec.structs.replace(_NOVA, reasoning="nova", efforts=_STEPS)),
    ("amazon.nova", _NOVA),
    ("amazon.", Family(maker="amazon")),
    ("openai.", Family(maker="openai", reasoning="effort", efforts=_STEPS)),
    ("deepseek.r1", Family(maker="deepseek", reasoning="always")),
    ("deepseek.", Family(maker="deepseek", reasoning="effort", efforts={**_STEPS, "none": ""})),
    ("qwen.", Family(maker="qwen", reasoning="level", efforts=_LEVELS)),
    ("meta.", Family(maker="meta", forced_tools=False)),
    ("mistral.", Family(maker="mistral")),
    ("google.", Family(maker="google")),
    (
        "cohere.",
        Family(
            maker="cohere",
            additional={
                "top_k": ("k",),
                "seed": ("seed",),
                "presence_penalty": ("presence_penalty",),
                "frequency_penalty": ("frequency_penalty",),
            },
        ),
    ),
)

# us.anthropic.claude-…, arn:aws:bedrock:…:foundation-model/anthropic.claude-…, amazon.nova-…
_PREFIX: Final = re.compile(r"^(?:arn:.*/)?(?:[a-z-]+\.(?=[a-z0-9]+\.[a-z]))?")


def codec_of(model: str) -> SchemaDialect:
    """Return whose subset of JSON Schema is enforced; Bedrock's own is as Anthropic's for all."""
    is_claude = family_of(model).reasoning == "claude"
    return "plain" if is_claude and not generation_of(model).schemas else "anthropic"


def family_of(model: str) -> Family:
    """Return what the model of that name takes."""
    name = _PREFIX.sub("", model, count=1)
    return next((family for start, family in _FAMILIES if name.startswith(start)), _UNKNOWN)
