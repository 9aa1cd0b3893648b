"""Look a model up: what a user has registered first, the table after it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from functools import cache
from typing import Final

import msgspec

from beluga.catalog.names import MAKERS, places_of
from beluga.catalog.table import names, places, row
from beluga.errors import invalid_input
from beluga.schema import Capabilities, ModelInfo, Prices, PriceTier

__all__ = ["filled", "known_models", "model_info", "register_model"]

_NO_PRICES: Final = Prices()
_REMEMBERED: Final = 4096
"""Lookups; a program asks for few models, though anybody may make up names."""
_LIMITS: Final = ("context_window", "max_input_tokens", "max_output_tokens")
_PRICES: Final = ("input", "output", "cached", "cache_write", "batch_input", "batch_output")


class _Known:
    """What was registered, and what has been looked up since: replaced as one."""

    def __init__(self, registered: dict[tuple[str | None, str], ModelInfo]) -> None:
        self.registered = registered
        self.found: dict[tuple[ModelInfo, str | None], ModelInfo] = {}


_lock = threading.Lock()
_known = _Known({})


def register_model(info: ModelInfo) -> None:
    """Say what a model is like, before what the table says of it; also of models already made.

    What *info* leaves open stays as the table has it, but for prices: one that is given replaces
    all. Registering a model again replaces what was registered before.

    ```python
    register_model(
        ModelInfo(model="my-deployment", provider="azure", prices=Prices(input=2, output=8))
    )
    ```

    Args:
        info: What is known. Without a provider it holds for that name wherever it is served.

    Raises:
        InvalidInputError: There is no name, or a price or a limit is none.
    """
    _check(info)
    key = (info.provider, str(info.model))
    global _known  # noqa: PLW0603 - the one place where the catalogue changes
    with _lock:
        _known = _Known({**_known.registered, key: info})


def model_info(name: str) -> ModelInfo:
    """Return what is known of a model; whatever is not known is `None`.

    Args:
        name: `"provider:model"`, or a model's name alone: that of the one maker that serves a model
            under it.

    Raises:
        InvalidInputError: It is no text.
    """
    if not isinstance(name, str):
        raise invalid_input(f"a model's name is a text, as in openai:gpt-5-mini; got {name!r:.80}")
    provider, colon, model = name.partition(":")
    if colon and provider in _providers():
        return filled(ModelInfo(model=model, provider=provider))
    if (None, name) in _known.registered:
        return filled(ModelInfo(model=name))
    makers = [maker for maker in MAKERS if row(maker, name) is not None]
    return filled(ModelInfo(model=name, provider=makers[0] if len(makers) == 1 else None))


def filled(info: ModelInfo, region: str | None = None) -> ModelInfo:
    """Return *info* with what is known of that model besides.

    Args:
        info: Which model of which provider, and what is known of it already, which counts more.
        region: Where it is served, if that may change the price.
    """
    known, key = _known, (info, region)
    found = known.found.get(key)
    if found is None:
        found = _looked_up(known, info, region)
        if len(known.found) < _REMEMBERED:
            known.found[key] = found
    return found


def known_models() -> Iterator[ModelInfo]:
    """Give what is known of every model, by provider and name, at prices of no special region."""
    entries = {
        ("google" if place == "vertex" else place, name): "global" if place == "vertex" else None
        for place in sorted(places(), reverse=True)
        if "/" not in place
        for name in names(place)
    }
    entries |= {(provider or "", name): None for provider, name in _known.registered}
    for (provider, name), region in sorted(entries.items()):
        yield filled(ModelInfo(model=name, provider=provider or None), region)


def _providers() -> frozenset[str]:
    """Return the providers of whose models something is known."""
    return _listed() | {provider for provider, _ in _known.registered if provider is not None}


@cache
def _listed() -> frozenset[str]:
    return frozenset({place.partition("/")[0] for place in places()} - {"vertex"})


def _looked_up(known: _Known, info: ModelInfo, region: str | None) -> ModelInfo:
    provider, model = info.provider, info.model
    if model is None:
        return info
    found = ModelInfo() if provider is None else _row(provider, model, region) or ModelInfo()
    for key in ((None, model), (provider, model)):
        registered = known.registered.get(key)
        if registered is not None:
            found = _over(found, registered)
    return _over(found, info)


def _row(provider: str, model: str, region: str | None) -> ModelInfo | None:
    """Return what the table says, without prices where it is not certain that they hold."""
    for place, name, priced in places_of(provider, model, region):
        found = row(place, name)
        if found is not None:
            return found if priced else msgspec.structs.replace(found, prices=_NO_PRICES)
    return None


def _over(known: ModelInfo, given: ModelInfo) -> ModelInfo:
    """Return *known* with what is *given* in front; prices are given whole."""
    return msgspec.structs.replace(
        given,
        prices=known.prices if given.prices == _NO_PRICES else given.prices,
        capabilities=_laid_over(known.capabilities, given.capabilities),
        **{name: _first(getattr(given, name), getattr(known, name)) for name in _LIMITS},
    )


def _first(given: int | None, known: int | None) -> int | None:
    return known if given is None else given


def _laid_over(known: Capabilities, given: Capabilities) -> Capabilities:
    told = {n: value for n in given.__struct_fields__ if (value := getattr(given, n)) is not None}
    return msgspec.structs.replace(known, **told) if told else known


def _check(info: ModelInfo) -> None:
    if not isinstance(info, ModelInfo):
        raise invalid_input(f"register_model takes a ModelInfo; got {info!r:.80}")
    if not info.model or not isinstance(info.model, str):
        raise invalid_input("register_model needs the model's name: ModelInfo(model=…)")
    if info.provider is not None and not (isinstance(info.provider, str) and info.provider):
        raise invalid_input(f"a provider's name is a text; got {info.provider!r:.80}")
    for name in _LIMITS:
        _check_limit(info.model, name, getattr(info, name))
    for kind, given in ((Prices, info.prices), (Capabilities, info.capabilities)):
        if not isinstance(given, kind):
            raise invalid_input(f"{info.model}: {kind.__name__}(…) is wanted; got {given!r:.80}")
    _check_prices(info.model, info.prices)
    bounds = [tier.above for tier in info.prices.tiers]
    if bounds != sorted(set(bounds)):
        raise invalid_input(f"{info.model}: tiers begin with the lowest bound; got {bounds!r:.80}")
    for tier in info.prices.tiers:
        _check_limit(info.model, "tiers above", tier.above)
        _check_prices(info.model, tier)


def _check_limit(model: str, name: str, value: object) -> None:
    if value is None:
        return
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise invalid_input(f"{model}: {name} is a number of tokens, 1 or more; got {value!r:.80}")


def _check_prices(model: str, prices: Prices | PriceTier) -> None:
    for name in _PRICES:
        value: object = getattr(prices, name)
        if value is not None and not _is_price(value):
            raise invalid_input(
                f"{model}: price {name} is in US dollars per million tokens, 0 or more; "
                f"got {value!r:.80}"
            )


def _is_price(value: object) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return 0 <= value <= sys.float_info.max
