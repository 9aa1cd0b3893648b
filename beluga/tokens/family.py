"""How a family of models counts: its encoding, and what stands around messages and tools."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from beluga.tokens.encodings import EncodingName
from beluga.tokens.images import Crops, Flat, Patches, Tiles

__all__ = ["Family", "Reasoning", "Schemas", "Sealed", "Tools"]

Reasoning: TypeAlias = Literal["recent", "all", "none"]
"""Which reasoning in a history is billed again: what follows the last human turn, all, or none."""


class Tools(msgspec.Struct, frozen=True, kw_only=True):
    """Say what tools cost in a prompt.

    Attributes:
        form: How they read: as functions in TypeScript, or each as JSON.
        factor: Tokens of the model for a token of the encoding.
        prompt: Tokens of what the provider says of tools in general, without showing it.
        each: Tokens around every tool.
        described: Tokens more for each tool with a description.
        taking: Tokens more for each tool that takes arguments.
        beside_system: Tokens more where there are instructions too.
        forced: Tokens more where a call is required.
    """

    form: Literal["typescript", "json"] = "json"
    factor: float = 1.0
    prompt: int = 0
    each: int = 0
    described: int = 0
    taking: int = 0
    beside_system: int = 0
    forced: int = 0


class Schemas(msgspec.Struct, frozen=True, kw_only=True):
    """Say what the schema of an answer costs: `prompt`, and `factor` for a token of its JSON."""

    prompt: int = 0
    factor: float = 0.0


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """Say how many tokens of thought are in a sealed text: one in so many characters.

    Attributes:
        around: Characters that hold no thought.
        each: Characters of a token.
    """

    around: int = 0
    each: float = 5.5


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """Describe models that count alike.

    Attributes:
        name: What the family is called.
        model: A pattern of their names; it is looked for where a name or a part of it begins.
        providers: Who serves them; none means anybody.
        apis: By which of the provider's wires; none means any.
        encoding: What their text is encoded with, or what comes near it.
        exact: Whether the provider counts by this encoding and these rules.
        factor: Tokens of the model for a token of the encoding.
        request: Tokens around a request.
        message: Tokens around a message.
        system: Tokens around an instruction; `None` for those around any message.
        call: Tokens around a tool's call and its result, beside those of two messages' text.
        names: How often a call and its result name the tool.
        wrapped: Whether several calls of one answer are sent as one call of several.
        tools: What tools cost.
        schemas: What the schema of an answer costs.
        thinking: Tokens more where the model is asked to think.
        reasoning: Which reasoning in a history is billed again.
        strips_thoughts: Whether what an answer has between `<think>` and `</think>` is left out.
        sealed: What sealed reasoning costs, where it is; `None` for nothing.
        images: What pictures cost.
    """

    name: str
    model: str
    providers: tuple[str, ...] = ()
    apis: tuple[str, ...] = ()
    encoding: EncodingName = "o200k"
    exact: bool = False
    factor: float = 1.0
    request: int = 0
    message: int = 0
    system: int | None = None
    call: int = 0
    names: int = 1
    wrapped: bool = False
    tools: Tools = Tools()
    schemas: Schemas = Schemas()
    thinking: int = 0
    reasoning: Reasoning = "recent"
    strips_thoughts: bool = False
    sealed: Sealed | None = None
    images: Tiles | Crops | Patches | Flat = Flat(1024)
