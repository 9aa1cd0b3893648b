"""One place of a schema brought into a form where one keyword at most says what stands there.

`allOf` is merged, `oneOf` becomes `anyOf`, several types become members of a union, and what stands
beside a union goes into its members. References are followed by whoever asks, through `Follow`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from beluga.schema import JsonValue

__all__ = ["ANNOTATIONS", "Follow", "Moved", "Raw", "flat", "types_of"]

Raw: TypeAlias = dict[str, Any]
Follow: TypeAlias = Callable[[str], Raw | None]
"""Returns what a reference leads to, flat; `None` if that is what is being made flat."""
Moved: TypeAlias = Callable[[str], None]
"""Is told of a keyword that could not be kept."""

ANNOTATIONS: Final = frozenset(
    {
        "$anchor", "$comment", "$defs", "$id", "$schema", "default", "definitions", "deprecated",
        "description", "discriminator", "example", "examples", "id", "readOnly", "title",
        "writeOnly", "$vocabulary", "$dynamicAnchor",
    }
)  # fmt: skip
_WHOLE: Final = ("required", "minProperties", "maxProperties", "dependentRequired", "not")
_LARGER: Final = frozenset(
    {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains"}
)
_SMALLER: Final = frozenset(
    {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains"}
)
_OBJECT: Final = frozenset(
    {"properties", "required", "additionalProperties", "patternProperties", "propertyNames"}
)
_ARRAY: Final = frozenset({"items", "prefixItems", "uniqueItems", "contains"})
_STRING: Final = frozenset({"pattern", "minLength", "maxLength", "format", "contentEncoding"})
_NUMBER: Final = frozenset({"minimum", "maximum", "multipleOf"})


def flat(schema: Raw, follow: Follow, moved: Moved) -> Raw:
    """Return *schema* without `allOf` and `oneOf`, and with nothing beside `anyOf` but words."""
    schema = dict(schema)
    schema = _unwrapped(schema)
    reference = schema.get("$ref")
    beside = [k for k in schema if k != "$ref" and k not in ANNOTATIONS]
    if isinstance(reference, str) and (beside or "allOf" in schema):
        del schema["$ref"]
        schema["allOf"] = [{"$ref": reference}, *_list(schema.get("allOf"))]
    schema = _without_all_of(schema, follow, moved)
    if "oneOf" in schema:
        one_of = schema.pop("oneOf")
        if "anyOf" in schema:
            moved("oneOf")
        else:
            schema["anyOf"] = one_of
    if "anyOf" in schema:
        schema = _distributed(schema, follow, moved)
    return _one_type(schema)


def types_of(schema: Mapping[str, Any]) -> list[str]:
    """Return the JSON types that *schema* names, or that its keywords mean."""
    given = schema.get("type")
    if given is not None:
        return [given] if isinstance(given, str) else list(given)
    keys = schema.keys()
    for kind, keywords in (
        ("object", _OBJECT),
        ("array", _ARRAY),
        ("string", _STRING),
        ("number", _NUMBER),
    ):
        if keys & keywords:
            return [kind]
    return []


def _unwrapped(schema: Raw) -> Raw:
    """Take a lone reference out of `allOf`, where older drafts put it to have words beside it."""
    parts = schema.get("allOf")
    if not isinstance(parts, list) or len(parts) != 1 or not isinstance(parts[0], dict):
        return schema
    words = {k: v for k, v in schema.items() if k in ANNOTATIONS}
    if "$ref" not in parts[0] or len(words) + 1 < len(schema):
        return schema
    return {**parts[0], **words}


def _without_all_of(schema: Raw, follow: Follow, moved: Moved) -> Raw:
    parts = schema.pop("allOf", None)
    merged: Raw = {}
    for part in _list(parts):
        if isinstance(part, dict):
            merged = _merged(merged, _part(part, follow, moved), moved)
    return _merged(merged, schema, moved)


def _part(part: Raw, follow: Follow, moved: Moved) -> Raw:
    reference = part.get("$ref")
    if not isinstance(reference, str):
        return flat(part, follow, moved)
    target = follow(reference)
    if target is None:
        moved("allOf")
        return {}
    return _merged(target, {k: v for k, v in part.items() if k != "$ref"}, moved)


def _merged(a: Raw, b: Raw, moved: Moved) -> Raw:
    """Return what *a* and *b* both say; of words, those of *b*."""
    both = dict(a)
    for keyword, value in b.items():
        if keyword not in both or keyword in ANNOTATIONS:
            both[keyword] = value
        elif both[keyword] != value:
            both[keyword] = _both(keyword, both[keyword], value, moved)
    return both


def _both(keyword: str, a: Any, b: Any, moved: Moved) -> Any:
    if keyword in ("properties", "patternProperties", "dependentSchemas"):
        joined = dict(a)
        for name, schema in b.items():
            other = joined.get(name, True)
            joined[name] = schema if other in (True, schema) else {"allOf": [other, schema]}
        return joined
    if keyword == "required":
        return [*a, *(name for name in b if name not in a)]
    if keyword == "enum":
        return [value for value in a if value in b]
    if keyword == "type":
        return _common_types(a, b)
    if keyword in ("items", "additionalProperties", "propertyNames"):
        if a is True or b is True:
            return b if a is True else a
        return False if a is False or b is False else {"allOf": [a, b]}
    if keyword in _LARGER:
        return max(a, b)
    if keyword in _SMALLER:
        return min(a, b)
    moved(keyword)
    return a


def _common_types(a: Any, b: Any) -> Any:
    left, right = _list(a), _list(b)
    common = [t for t in left if t in right or (t == "integer" and "number" in right)]
    common += [t for t in right if t == "integer" and "number" in left and t not in common]
    return common[0] if len(common) == 1 else common


def _distributed(schema: Raw, follow: Follow, moved: Moved) -> Raw:
    """Put what stands beside `anyOf` into each of its members."""
    options = [option for option in _list(schema.pop("anyOf")) if option is not False]
    words = {k: v for k, v in schema.items() if k in ANNOTATIONS}
    beside = {k: v for k, v in schema.items() if k not in ANNOTATIONS}
    if all(_only_restricts(option) for option in options):
        if beside:  # the members say no more than which properties belong together
            moved("anyOf")
            return schema
        return {**words, "anyOf": list(_flattened(options, follow, moved))}
    if beside:
        options = [_with(option, beside) for option in options]
    return {**words, "anyOf": list(_flattened(options, follow, moved))}


def _only_restricts(option: Any) -> bool:
    return option is True or all(k in _WHOLE or k in ANNOTATIONS for k in option)


def _with(option: Any, beside: Raw) -> Raw:
    return beside if option is True else {"allOf": [beside, option]}


def _flattened(options: list[Any], follow: Follow, moved: Moved) -> Iterator[Any]:
    for option in options:
        one = flat(option, follow, moved) if isinstance(option, dict) else option
        if isinstance(one, dict) and "anyOf" in one and one.keys() <= {"anyOf"}:
            yield from one["anyOf"]
        else:
            yield one


def _one_type(schema: Raw) -> Raw:
    """Make a union of several types, each with the keywords that mean it."""
    if schema.pop("nullable", False) is True and "null" not in types_of(schema):
        schema = {"anyOf": [{k: v for k, v in schema.items() if k not in ANNOTATIONS}]} | {
            k: v for k, v in schema.items() if k in ANNOTATIONS
        }
        schema["anyOf"].append({"type": "null"})
        return schema
    kinds = schema.get("type")
    if "anyOf" in schema or not isinstance(kinds, list) or "enum" in schema or "const" in schema:
        return schema
    if len(kinds) == 1:
        return {**schema, "type": kinds[0]}
    words = {k: v for k, v in schema.items() if k in ANNOTATIONS}
    return {**words, "anyOf": [_of_type(schema, kind) for kind in kinds]}


def _of_type(schema: Raw, kind: str) -> Raw:
    of_others = {
        "object": _ARRAY | _STRING | _NUMBER,
        "array": _OBJECT | _STRING | _NUMBER,
        "string": _OBJECT | _ARRAY | _NUMBER,
    }.get(kind, _OBJECT | _ARRAY | _STRING)
    if kind in ("boolean", "null"):
        return {"type": kind}
    kept = {k: v for k, v in schema.items() if k not in ANNOTATIONS and k not in of_others}
    return {**kept, "type": kind}


def _list(value: Any) -> list[JsonValue] | list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
