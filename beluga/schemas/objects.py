"""Objects as a provider takes them: closed, with every property required, keys as values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from beluga.schemas.building import Builder, Built, Words, child, free
from beluga.schemas.merging import Raw
from beluga.schemas.records import Entries, Field, Record
from beluga.schemas.shapes import Leaf, MapOf
from beluga.schemas.walk import Shape

__all__ = ["build_object", "field_of", "nullable", "object_wire"]

_UNSAID: Final = (
    "dependencies", "dependentRequired", "dependentSchemas", "unevaluatedProperties",
)  # fmt: skip
_SIZES: Final = {"minProperties": "minItems", "maxProperties": "maxItems"}


def build_object(builder: Builder, schema: Raw, words: Words, at: str, depth: int) -> Built:
    """Build an object."""
    for keyword in _UNSAID:
        if keyword in schema:
            builder.move(words, keyword, schema[keyword], at)
    others = _others(builder, schema, words, at)
    if "properties" not in schema and others is not None:
        return _build_map(builder, schema, others, words, at, depth)
    for keyword in ("propertyNames", *_SIZES):
        if keyword in schema:
            builder.move(words, keyword, schema[keyword], at)
    return _build_record(builder, schema, others, words, at, depth)


def object_wire(properties: Raw, required: Sequence[str] | None) -> Raw:
    """Return the schema of an object that has *properties* and no others."""
    demands: Raw = {} if required is None else {"required": list(required)}
    return {
        "type": "object",
        "properties": properties,
        **demands,
        "additionalProperties": False,
    }


def nullable(wire: Raw) -> Raw:
    """Return a schema that takes null too; the words stay outside."""
    if wire.get("type") == "null":
        return wire
    if wire.keys() <= {"anyOf", "title", "description"}:
        options = wire["anyOf"]
        known = any(option.get("type") == "null" for option in options)
        return wire if known else {**wire, "anyOf": [*options, {"type": "null"}]}
    words = {k: v for k, v in wire.items() if k in ("title", "description")}
    inner = {k: v for k, v in wire.items() if k not in words}
    return {**words, "anyOf": [inner, {"type": "null"}]}


def _others(builder: Builder, schema: Raw, words: Words, at: str) -> Any | None:
    """Return the schema of values under keys that are not named; `None` if there are none such."""
    given = schema.get("additionalProperties")
    patterns = schema.get("patternProperties")
    if patterns:
        builder.move(words, "patternProperties", list(patterns), at)
        options = list(patterns.values()) + ([given] if isinstance(given, dict) else [])
        return options[0] if len(options) == 1 else {"anyOf": options}
    if "properties" in schema or (schema.get("required") and not isinstance(given, dict)):
        if given is True:
            builder.move(words, "additionalProperties", True, at)
        return given if isinstance(given, dict) else None
    return None if given is False else {} if given in (None, True) else given


def _build_map(
    builder: Builder, schema: Raw, others: Any, words: Words, at: str, depth: int
) -> Built:
    if schema.get("required"):
        builder.move(words, "required", schema["required"], at)
    value = builder.build(others, child(at, "additionalProperties"), depth + 1)
    if builder.rules.maps:
        for keyword in ("propertyNames", *_SIZES):
            if keyword in schema:
                builder.move(words, keyword, schema[keyword], at)
        extra = {"additionalProperties": value.wire or True}
        return Built({"type": "object", **extra, **words.keywords()}, MapOf(value.shape))
    built = _entries(builder, schema.get("propertyNames"), value, at, depth)
    wire = dict(built.wire)
    for keyword, of_items in _SIZES.items():
        if keyword not in schema:
            continue
        size = schema[keyword]
        least = builder.rules.least_items
        fits = least is None or size <= least
        if of_items in builder.rules.keywords and fits:
            wire[of_items] = size
        else:
            builder.move(words, keyword, size, at)
    return Built({**wire, **words.keywords()}, built.shape)


def _entries(builder: Builder, names: Any, value: Built, at: str, depth: int) -> Built:
    raw = {**names, "type": "string"} if isinstance(names, dict) and "$ref" not in names else names
    key = Built({"type": "string"}, Leaf("string"))
    if raw:
        key = builder.build(raw, child(at, "propertyNames"), depth + 1)
    entry = object_wire({"key": key.wire, "value": value.wire}, ("key", "value"))
    return Built({"type": "array", "items": entry}, Entries(key.shape, value.shape))


def _build_record(
    builder: Builder, schema: Raw, others: Any | None, words: Words, at: str, depth: int
) -> Built:
    rules = builder.rules
    required = set(schema.get("required") or ())
    raws = {key: raw for key, raw in (schema.get("properties") or {}).items() if raw is not False}
    raws.update({key: {} for key in schema.get("required") or () if key not in raws})
    properties: Raw = {}
    fields: dict[str, Field] = {}
    missing: set[str] = set()
    for key, raw in raws.items():
        place = child(at, "properties", key)
        built, free_to_miss = builder.build_property(raw, place, depth + 1)
        if free_to_miss and key in required:
            builder.move(words, "required", [key], place)
        fields[key] = field = field_of(builder, raw, built.shape, key in required, place)
        properties[key] = nullable(built.wire) if field.nullable else built.wire
        if free_to_miss:
            missing.add(key)
    wanted = dict.fromkeys([*(schema.get("required") or ()), *(raws if rules.all_required else ())])
    demanded = [key for key in wanted if key not in missing]
    if others is None and rules.maps and schema.get("additionalProperties") is not False:
        wire = {"type": "object", "properties": properties, **_demanding(demanded)}
        return Built({**wire, **words.keywords()}, Record(fields, open=Leaf()))
    if others is None:
        wire = object_wire(properties, demanded if rules.all_required or demanded else None)
        return Built({**wire, **words.keywords()}, Record(fields))
    value = builder.build(others, child(at, "additionalProperties"), depth + 1)
    if rules.maps:
        wire = {"type": "object", "properties": properties, **_demanding(demanded)}
        wire["additionalProperties"] = value.wire or True
        return Built({**wire, **words.keywords()}, Record(fields, open=value.shape))
    rest = _entries(builder, None, value, at, depth)
    name = free("additional_properties", fields)
    wire = object_wire({**properties, name: rest.wire}, [*demanded, name])
    return Built({**wire, **words.keywords()}, Record(fields, rest=(name, rest.shape)))


def _demanding(required: Sequence[str]) -> Raw:
    return {"required": list(required)} if required else {}


def field_of(builder: Builder, raw: Any, shape: Shape, required: bool, at: str) -> Field:
    """Return what is known of a property or a position, and note where its absence gets lost."""
    if required or not builder.rules.all_required:
        return Field(shape, required)
    takes_null = builder.takes_null(raw)
    default = raw.get("default", msgspec.UNSET) if isinstance(raw, dict) else msgspec.UNSET
    if takes_null and default is msgspec.UNSET:
        builder.move(Words({}), "required", False, at)
    return Field(shape, required, nullable=True, takes_null=takes_null, default=default)
