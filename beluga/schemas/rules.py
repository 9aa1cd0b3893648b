"""What each provider can hold a model to, as data.

Sources, read in November 2026: OpenAI's guide "Structured model outputs", supported schemas;
Anthropic's "Structured outputs", JSON Schema limitations, and `transform_schema` of its SDK; the
reference of `responseJsonSchema` in Google's `GenerationConfig`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

import msgspec

__all__ = ["RULES", "Limits", "Rules", "SchemaDialect"]

SchemaDialect: TypeAlias = Literal["openai", "anthropic", "gemini", "plain"]


class Limits(msgspec.Struct, frozen=True):
    """The most of each thing that one schema may have; `None` is no limit that is known.

    Attributes:
        properties: Properties in all.
        depth: Objects within objects.
        choices: Values of all enumerations.
        letters: Characters of all names and values together.
        long_choice: Characters of the values of one enumeration that has more than 250.
        optional: Properties that may be absent.
        unions: Properties of more than one type.
    """

    properties: int | None = None
    depth: int | None = None
    choices: int | None = None
    letters: int | None = None
    long_choice: int | None = None
    optional: int | None = None
    unions: int | None = None


class Rules(msgspec.Struct, frozen=True):
    """What a provider takes of JSON Schema.

    Attributes:
        keywords: Constraints that it enforces.
        formats: Formats of strings that it knows.
        least_items: The highest `minItems` that it enforces.
        all_required: Whether every property must be required; one that is optional becomes
            nullable.
        maps: Whether an object may have keys that its schema does not name.
        tuples: Whether it knows `prefixItems`.
        anything: Whether a place may be without a type.
        recursion: What stands where a type holds itself: a reference; a reference, but only in
            properties that may be absent; JSON text.
        constants: Whether it knows `const`.
        choices: The JSON types of which an enumeration may be.
        limits: Of a whole schema.
    """

    keywords: frozenset[str]
    formats: frozenset[str]
    least_items: int | None = None
    all_required: bool = False
    maps: bool = False
    tuples: bool = False
    anything: bool = False
    recursion: Literal["reference", "optional", "text"] = "reference"
    constants: bool = True
    choices: frozenset[str] = frozenset({"string", "integer", "number", "boolean"})
    limits: Limits = Limits()


_FORMATS: Final = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
)
_BOUNDS: Final = frozenset({"minimum", "maximum"})
_COUNTS: Final = frozenset({"minItems", "maxItems"})

RULES: Final[Mapping[SchemaDialect, Rules]] = {
    "openai": Rules(
        keywords=_BOUNDS
        | _COUNTS
        | {"pattern", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
        formats=_FORMATS,
        all_required=True,
        limits=Limits(properties=5000, depth=10, choices=1000, letters=120_000, long_choice=15_000),
    ),
    "anthropic": Rules(
        keywords=frozenset({"minItems"}),
        formats=_FORMATS | {"uri"},
        least_items=1,
        recursion="text",
        limits=Limits(optional=24, unions=16),
    ),
    "gemini": Rules(
        keywords=_BOUNDS | _COUNTS,
        formats=frozenset({"date-time", "date", "time"}),
        maps=True,
        tuples=True,
        anything=True,
        recursion="optional",
        constants=False,
        choices=frozenset({"string", "integer", "number"}),
    ),
}
"""Of `"plain"` there are none: the schema goes out as it is, its root an object."""
