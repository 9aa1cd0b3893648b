"""Under which names the table may hold a model: pure rules, one for each way of writing names.

A rule names the same model in other words; it never goes from one model to a similar one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

__all__ = ["MAKERS", "Place", "places_of"]

MAKERS: Final = (
    "anthropic",
    "cohere",
    "deepseek",
    "google",
    "llama",
    "mistral",
    "openai",
    "perplexity",
    "qwen",
    "xai",
)
"""Providers of their own models: a bare name means theirs."""


class Place(NamedTuple):
    """Where to look.

    Attributes:
        place: A place of the table.
        name: The model's name there.
        priced: Whether the prices found there are what this one costs.
    """

    place: str
    name: str
    priced: bool = True


# us.anthropic.claude-…: an inference profile, which routes to several regions.
_PROFILE: Final = re.compile(r"(?:us|eu|apac|au|jp|ca|sa|me|il|us-gov|global)\.(?=[a-z0-9]+\.)")
_ARN: Final = re.compile(
    r"arn:aws[a-z-]*:bedrock:[a-z0-9-]*:\d*:(?:foundation-model|inference-profile)/"
)
_AT_HOME: Final = frozenset({None, "us-east-1", "us-east-2", "us-west-2"})
"""The regions whose prices Bedrock's plain names are listed with."""

_RESOURCE: Final = re.compile(
    r"(?:projects/[^/]+/locations/[^/]+/)?(?:publishers/(?P<publisher>[^/]+)/)?models/(?P<name>.+)"
)


def _bedrock(model: str, region: str | None) -> list[Place]:
    name = _ARN.sub("", model, count=1)
    if name.startswith("arn:"):
        return []  # what an account has made for itself, at prices of its own
    plain = _PROFILE.sub("", name, count=1)
    at_home = name != plain or region in _AT_HOME
    found = [] if region is None else [Place(f"bedrock/{region}", name)]
    found.append(Place("bedrock", name, at_home))
    return found if name == plain else [*found, Place("bedrock", plain, priced=False)]


def _google(model: str, region: str | None) -> list[Place]:
    resource = _RESOURCE.fullmatch(model)
    name, publisher = model, None
    if resource is not None:
        name, publisher = resource["name"], resource["publisher"]
    names = [name] if publisher in {None, "google"} else [f"{publisher}/{name}", name]
    if region is None:  # the Gemini API; what Vertex AI takes for Gemini may differ
        places = ["google"] if name.startswith("gemini") else ["google", "vertex"]
    else:
        places = ["vertex"] if region == "global" else ["vertex/regional", "vertex"]
    return [Place(place, name) for place in places for name in names]


def _openai(model: str, _: str | None) -> list[Place]:
    if not model.startswith("ft:"):
        return [Place("openai", model)]
    return [Place("openai", ":".join(model.split(":")[:2]))]  # ft:gpt-4o-mini-2024-07-18:my-org::id


_RULES: Final[Mapping[str, Callable[[str, str | None], list[Place]]]] = {
    "bedrock": _bedrock,
    "google": _google,
    "openai": _openai,
}


def places_of(provider: str, model: str, region: str | None = None) -> list[Place]:
    """Return where the table may hold a model, the likeliest place first.

    Args:
        provider: Who serves it.
        model: The name that a request would carry.
        region: Where it is served, if that may change the price: a region of Bedrock's, a location
            of Vertex AI's.
    """
    rule = _RULES.get(provider)
    return [Place(provider, model)] if rule is None else rule(model, region)
