"""Arrays and tuples as a provider takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from beluga.schemas.building import Builder, Built, Words, child, free
from beluga.schemas.merging import Raw
from beluga.schemas.objects import field_of, nullable, object_wire
from beluga.schemas.records import Field, Positions
from beluga.schemas.shapes import ListOf
from beluga.schemas.tuples import Tuple
from beluga.schemas.walk import Shape

__all__ = ["build_array"]

_UNSAID: Final = ("uniqueItems", "contains", "minContains", "maxContains", "unevaluatedItems")


def build_array(builder: Builder, schema: Raw, words: Words, at: str, depth: int) -> Built:
    """Build an array, or a tuple."""
    for keyword in _UNSAID:
        if schema.get(keyword, False) is not False:
            builder.move(words, keyword, schema[keyword], at)
    prefix, items = schema.get("prefixItems"), schema.get("items", True)
    if isinstance(items, list):  # draft 7
        prefix, items = items, schema.get("additionalItems", True)
    if prefix:
        parts = [
            builder.build(p, child(at, "prefixItems", i), depth + 1) for i, p in enumerate(prefix)
        ]
        rest = None
        if isinstance(items, dict):
            rest = builder.build(items, child(at, "items"), depth + 1)
        if builder.rules.tuples:
            return _kept(schema, parts, rest, words)
        return _as_object(builder, schema, prefix, parts, rest, words, at)
    return _build_list(builder, schema, items, words, at, depth)


def _build_list(
    builder: Builder, schema: Raw, items: Any, words: Words, at: str, depth: int
) -> Built:
    wire: Raw = {"type": "array"}
    rules = builder.rules
    item = builder.build(items, child(at, "items"), depth + 1)
    if item.wire:
        wire["items"] = item.wire
    if items is False:
        schema = {**schema, "maxItems": 0}
    for keyword in ("minItems", "maxItems"):
        if keyword not in schema:
            continue
        value = schema[keyword]
        if keyword not in rules.keywords:
            builder.move(words, keyword, value, at)
        elif keyword == "minItems" and rules.least_items is not None and value > rules.least_items:
            wire[keyword] = rules.least_items
            builder.move(words, keyword, value, at)
        else:
            wire[keyword] = value
    return Built({**wire, **words.keywords()}, ListOf(item.shape))


def _kept(schema: Raw, parts: Sequence[Built], rest: Built | None, words: Words) -> Built:
    wire: Raw = {"type": "array", "prefixItems": [part.wire for part in parts]}
    wire["minItems"] = schema.get("minItems", 0)
    if rest is not None:
        wire["items"] = rest.wire
    if rest is None:
        wire["maxItems"] = min(schema.get("maxItems", len(parts)), len(parts))
    elif "maxItems" in schema:
        wire["maxItems"] = schema["maxItems"]
    shape = Tuple([part.shape for part in parts], None if rest is None else rest.shape)
    return Built({**wire, **words.keywords()}, shape)


def _as_object(
    builder: Builder,
    schema: Raw,
    prefix: Sequence[Any],
    parts: Sequence[Built],
    rest: Built | None,
    words: Words,
    at: str,
) -> Built:
    least = schema.get("minItems", 0)
    fields: dict[str, Field] = {}
    properties: Raw = {}
    demanded: list[str] = []
    for position, (name, raw, part) in enumerate(zip(_names(prefix), prefix, parts, strict=True)):
        place = child(at, "prefixItems", position)
        field = field_of(builder, raw, part.shape, position < least, place)
        fields[name] = field
        properties[name] = nullable(part.wire) if field.nullable else part.wire
        if field.required or field.nullable:
            demanded.append(name)
    if schema.get("maxItems", len(parts)) < len(parts) or (rest and "maxItems" in schema):
        builder.move(words, "maxItems", schema["maxItems"], at)
    if least > len(parts):
        builder.move(words, "minItems", least, at)
    words.note("an array of these, in this order")
    others: tuple[str, Shape] | None = None
    if rest is not None:
        name = free("more", fields)
        properties[name] = {"type": "array", "items": rest.wire}
        demanded.append(name)
        others = (name, ListOf(rest.shape))
    wire = object_wire(properties, demanded)
    return Built({**wire, **words.keywords()}, Positions(fields, others))


def _names(prefix: Sequence[Any]) -> list[str]:
    """Name positions by their titles, where all have their own; else count them."""
    titles = [raw.get("title") if isinstance(raw, dict) else None for raw in prefix]
    named = [title for title in titles if isinstance(title, str) and title.isidentifier()]
    if len(set(named)) == len(prefix):
        return named
    return [f"item{number}" for number in range(len(prefix))]
