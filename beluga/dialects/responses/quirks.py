"""How servers that speak Responses differ from each other, as data."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

__all__ = ["Quirks"]


class Quirks(msgspec.Struct, frozen=True, kw_only=True):
    """Describe one server's way with Responses. The defaults are OpenAI's.

    Attributes:
        missing: Options that the server has no place for, besides those that nobody has.
        encrypted: Ask for reasoning in encrypted form, so that nothing need be stored.
        openai_models: The server's models are OpenAI's, with their rules for sampling.
    """

    missing: Mapping[str, str] = {}
    encrypted: bool = True
    openai_models: bool = True
