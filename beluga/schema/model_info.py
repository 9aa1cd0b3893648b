"""What is known of a model; whatever is not known is `None`."""

from __future__ import annotations

import msgspec

__all__ = ["Capabilities", "ModelInfo", "PriceTier", "Prices"]


class Capabilities(msgspec.Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
    """Say what a model can do. `None` is unknown, and counts as able."""

    tools: bool | None = None
    tool_choice: bool | None = None
    parallel_tool_calls: bool | None = None
    response_schema: bool | None = None
    reasoning: bool | None = None
    prompt_cache: bool | None = None
    streaming: bool | None = None
    images: bool | None = None
    audio: bool | None = None
    video: bool | None = None
    files: bool | None = None


class PriceTier(msgspec.Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
    """Give the prices of a request whose input is longer than so many tokens: of all its tokens.

    Attributes:
        above: Tokens of input, cached ones included.
    """

    above: int
    input: float | None = None
    output: float | None = None
    cached: float | None = None
    cache_write: float | None = None
    batch_input: float | None = None
    batch_output: float | None = None


class Prices(msgspec.Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
    """Give prices in US dollars per million tokens; `None` is unknown, never free.

    Attributes:
        input: Tokens of input that no cache was read or written for.
        output: Tokens of output, reasoning included.
        cached: Tokens of input that the provider read from its cache.
        cache_write: Tokens of input that it wrote to its cache, for its usual time.
        batch_input: Tokens of input of its batch interface.
        batch_output: Tokens of output of its batch interface.
        tiers: Other prices of long requests, the lowest bound first.
        extras: The provider charges for something besides (searches, sound, the hour of the day),
            so that no cost follows from tokens alone.
    """

    input: float | None = None
    output: float | None = None
    cached: float | None = None
    cache_write: float | None = None
    batch_input: float | None = None
    batch_output: float | None = None
    tiers: tuple[PriceTier, ...] = ()
    extras: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.tiers, tuple):
            msgspec.structs.force_setattr(self, "tiers", tuple(self.tiers))


class ModelInfo(msgspec.Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
    """Describe a model.

    Attributes:
        model: The name that its provider knows it by.
        provider: Who serves it.
        api: By which of its provider's wires it is asked, where there are several: `"chat"`,
            `"responses"`, `"vertex"`.
        context_window: Tokens of input and output together.
        max_input_tokens: The most tokens of input.
        max_output_tokens: The most tokens of output.
        prices: What it costs.
        capabilities: What it can do.
    """

    model: str | None = None
    provider: str | None = None
    api: str | None = None
    context_window: int | None = None
    max_input_tokens: int | None = None
    max_output_tokens: int | None = None
    prices: Prices = Prices()
    capabilities: Capabilities = Capabilities()
