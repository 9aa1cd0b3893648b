"""How much a model of Bedrock's thinks, and what it cannot be asked for while it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, assert_never

import msgspec

from beluga.dialects.claude_models import Generation
from beluga.dialects.claude_thinking import refused_options, signed_throughout, thinking_of
from beluga.dialects.converse.content import Wire
from beluga.dialects.converse.families import Family
from beluga.schema import GenerateOptions, Message, ReasoningConfig
from beluga.transport.dialect import Omissions

__all__ = ["Thinking", "thinking_in"]

_NOVA_HIGH: Final = dict.fromkeys(
    ("max_tokens", "temperature", "top_p"), "Nova takes none with a high reasoning effort"
)


class Thinking(msgspec.Struct, frozen=True):
    """What is written of thinking.

    Attributes:
        fields: Keys of the model's own.
        refused: Options that the model does not take beside it, and why.
        kind: Of Claude's thinking, its type.
    """

    fields: Mapping[str, object] = {}
    refused: Mapping[str, str] = {}
    kind: str | None = None


def thinking_in(
    messages: Sequence[Message],
    options: GenerateOptions,
    family: Family,
    like: Generation,
    omissions: Omissions,
    *,
    origin: str,
) -> Thinking:
    """Return what to write of thinking.

    Args:
        messages: The conversation.
        options: What was asked for.
        family: What models of that maker take.
        like: What the model takes, if it is one of Claude's.
        omissions: Who is told of what cannot be written.
        origin: Whose signatures the model accepts.
    """
    if family.reasoning == "claude":
        return _claudes(messages, options, like, omissions, origin)
    wanted = options.reasoning
    if wanted is None:
        return Thinking()
    if wanted.summary is not None:
        omissions.unsupported("reasoning summary", "this model tells of its thoughts what it likes")
    if wanted.budget_tokens:
        omissions.unsupported("reasoning budget_tokens", "only Anthropic's models take a budget")
    off = wanted.effort == "none" or wanted.budget_tokens == 0
    return _others(off, wanted, family, omissions)


def _others(off: bool, wanted: ReasoningConfig, family: Family, omissions: Omissions) -> Thinking:
    word = family.efforts.get("none" if off else wanted.effort or "medium")
    match family.reasoning:
        case "nova":
            return _novas(None if off else word)
        case "effort" | "level":
            if word is None:
                omissions.unsupported("reasoning effort 'none'", "this model always thinks")
            key = "reasoning_effort" if family.reasoning == "effort" else "reasoning_config"
            return Thinking({key: word}) if word else Thinking()
        case "always":
            omissions.unsupported("option reasoning", "this model always thinks, as it likes")
        case "none" if not off:
            omissions.unsupported("option reasoning", "this model does not think")
        case "unknown":
            why = "how to tell this model is not known; give settings base_model, or use extra"
            omissions.unsupported("option reasoning", why)
        case "none" | "claude":
            pass
        case _:
            assert_never(family.reasoning)
    return Thinking()


def _novas(effort: str | None) -> Thinking:
    if effort is None:
        return Thinking({"reasoningConfig": {"type": "disabled"}})
    fields = {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": effort}}
    return Thinking(fields, _NOVA_HIGH if effort == "high" else {})


def _claudes(
    messages: Sequence[Message],
    options: GenerateOptions,
    like: Generation,
    omissions: Omissions,
    origin: str,
) -> Thinking:
    thinking = thinking_of(options, like, omissions)
    if thinking.kind == "enabled" and not signed_throughout(messages, origin):
        why = "the last calls were made without signed thoughts, which this model wants back"
        omissions.unsupported("option reasoning", why)
        unthinking = msgspec.structs.replace(options, reasoning=None)
        thinking = thinking_of(unthinking, like, omissions)
    fields: Wire = {} if thinking.wire is None else {"thinking": thinking.wire}
    if thinking.effort is not None:
        fields["output_config"] = {"effort": thinking.effort}
    return Thinking(fields, refused_options(options, like, thinking), thinking.kind)
