"""A model among which a router chooses, and what is known of it."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from beluga.errors import invalid_input
from beluga.health.record import Health
from beluga.model import ChatModel
from beluga.schema import Capabilities, ModelInfo, OptionLayer, Options, Prices

__all__ = ["Candidate"]

_KNOWN: Final = Capabilities.__struct_fields__


class _Of(msgspec.Struct, frozen=True):
    model: ChatModel


class Candidate(_Of, frozen=True, kw_only=True, eq=False, repr_omit_defaults=True):
    """Offer a model to a router, with what the router shall know of it.

    What is given here goes before what the model tells of itself.

    Attributes:
        model: The model.
        name: What it is called in events, and by what its health and what is learnt of it are
            kept; by default its `model_id`. Within a router each name is there once.
        weight: Its share of requests, where a strategy goes by shares.
        quality: How good its answers are, 0 to 1, by whatever measure the candidates share.
        input_price: US dollars per million tokens of input.
        output_price: US dollars per million tokens of output.
        capabilities: What it can do; given as names (`{"tools", "images"}`) they are all it can.
        context_window: Tokens of input and output together.
        tags: What a request's `metadata` may ask for, as `"region=eu"` or as a bare `"eu"`.
        options: Options that go before those of a request; `UNSET` takes one out of it. A `timeout`
            bounds each attempt at it, inside the time of the whole answer.
        health: How it fares, where a strategy is asked to choose; the router fills it in.

    Raises:
        InvalidInputError: A number is out of its range, or a name is none.
    """

    name: str | None = None
    weight: float = 1.0
    quality: float | None = None
    input_price: float | None = None
    output_price: float | None = None
    capabilities: Capabilities | Collection[str] | None = None
    context_window: int | None = None
    tags: Sequence[str] = ()
    options: Options | None = None
    health: Health = Health()

    def __post_init__(self) -> None:
        if not isinstance(self.model, ChatModel):
            raise invalid_input(f"Candidate takes a model; got {self.model!r:.80}")
        if self.name is not None and not (isinstance(self.name, str) and self.name):
            raise invalid_input(f"a candidate's name is a text; got {self.name!r:.80}")
        self._check("weight", self.weight, math.ulp(0.0))
        self._check("quality", self.quality, 0.0, 1.0)
        self._check("input_price", self.input_price, 0.0)
        self._check("output_price", self.output_price, 0.0)
        self._check("context_window", self.context_window, 1.0)
        if not isinstance(self.context_window, int | None):
            raise invalid_input(
                f"candidate {self.label!r}: context_window is in whole tokens; "
                f"got {self.context_window!r}"
            )
        if not isinstance(self.options, Mapping | None):
            raise invalid_input(
                f"candidate {self.label!r}: options stand in a dict, as in "
                f"options={{'temperature': 0.5}}; got {self.options!r:.80}"
            )
        self._settle_tags()
        msgspec.structs.force_setattr(self, "capabilities", _capabilities(self.capabilities))
        _ = self.overlay

    @property
    def label(self) -> str:
        """Its name, given or not."""
        return self.model.model_id if self.name is None else self.name

    @property
    def info(self) -> ModelInfo:
        """What is known of the model, with what is given here in front."""
        known = self.model.info
        given = (self.context_window, self.input_price, self.output_price, self.capabilities)
        if given == (None, None, None, None):
            return known
        window = known.context_window if self.context_window is None else self.context_window
        return msgspec.structs.replace(
            known,
            context_window=window,
            prices=self._prices_over(known.prices),
            capabilities=_laid_over(known.capabilities, _capabilities(self.capabilities)),
        )

    @property
    def overlay(self) -> OptionLayer:
        """The options that go before those of a request."""
        try:
            return OptionLayer() if self.options is None else OptionLayer.of(self.options)
        except ValueError as error:
            raise invalid_input(f"candidate {self.label!r}: {error}") from None

    def __eq__(self, other: object) -> bool:
        """Whether both are the same model under the same name, however they fare."""
        if not isinstance(other, Candidate):
            return NotImplemented
        return self.model is other.model and self.name == other.name

    def __hash__(self) -> int:
        return hash((id(self.model), self.name))

    def _check(self, field: str, value: float | None, low: float, high: float = math.inf) -> None:
        if value is None:
            return
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or not low <= value <= high:
            bounds = f"{low:g} or more" if high == math.inf else f"from {low:g} to {high:g}"
            wanted = "above 0" if field == "weight" else bounds
            raise invalid_input(
                f"candidate {self.label!r}: {field} is a number, {wanted}; got {value!r}"
            )

    def _prices_over(self, known: Prices) -> Prices:
        told = {"input": self.input_price, "output": self.output_price}
        given = {name: price for name, price in told.items() if price is not None}
        # A price of one's own holds for requests of any length.
        return msgspec.structs.replace(known, **given, tiers=()) if given else known

    def _settle_tags(self) -> None:
        given: object = self.tags
        texts = isinstance(given, Iterable) and not isinstance(given, str)
        tags = tuple(self.tags) if texts else ()
        if not texts or not all(isinstance(tag, str) and tag for tag in tags):
            raise invalid_input(
                f"candidate {self.label!r}: tags are texts, as in tags=['eu']; got {given!r:.80}"
            )
        msgspec.structs.force_setattr(self, "tags", tags)


def _capabilities(given: Capabilities | Collection[str] | None) -> Capabilities | None:
    if given is None or isinstance(given, Capabilities):
        return given
    if not isinstance(given, Iterable):
        raise invalid_input(f"capabilities stand by name, as in {{'tools'}}; got {given!r:.80}")
    names = {given} if isinstance(given, str) else set(given)
    unknown = sorted(names.difference(_KNOWN))
    if unknown:
        raise invalid_input(f"no capability {unknown[0]!r}; there are {', '.join(_KNOWN)}")
    return Capabilities(**{name: name in names for name in _KNOWN})


def _laid_over(known: Capabilities, given: Capabilities | None) -> Capabilities:
    """Return what is known with what is given in front."""
    if given is None:
        return known
    told = {n: value for n in given.__struct_fields__ if (value := getattr(given, n)) is not None}
    return msgspec.structs.replace(known, **told)
