"""Random answers of a model that is held to a schema, as long as it has few keywords."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

_DEEPEST = 6


def answers(schema: dict[str, Any]) -> SearchStrategy[Any]:
    return _of(schema, schema.get("$defs", {}), 0)


def _of(schema: dict[str, Any], defs: dict[str, Any], depth: int) -> SearchStrategy[Any]:
    if depth > _DEEPEST:
        return st.nothing()
    if "$ref" in schema:
        target = defs[schema["$ref"].removeprefix("#/$defs/")]
        return st.deferred(lambda: _of(target, defs, depth + 1))
    if "anyOf" in schema:
        return st.one_of([_of(option, defs, depth + 1) for option in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "const" in schema:
        return st.just(schema["const"])
    match schema.get("type"):
        case "object":
            return _object(schema, defs, depth)
        case "array":
            return _array(schema, defs, depth)
        case "string":
            return _string(schema)
        case "integer":
            low, high = schema.get("minimum", -9), schema.get("maximum", 9)
            return st.integers(low, max(low, high)).filter(lambda n: _within(n, schema))
        case "number":
            return st.integers(-20, 20).map(lambda n: n / 2).filter(lambda n: _within(n, schema))
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case _:
            return st.none() | st.integers(-9, 9) | st.text(max_size=3)


def _object(schema: dict[str, Any], defs: dict[str, Any], depth: int) -> SearchStrategy[Any]:
    known = {key: _of(one, defs, depth + 1) for key, one in schema.get("properties", {}).items()}
    required = {key: known[key] for key in schema.get("required", ())}
    optional = {key: one for key, one in known.items() if key not in required}
    fixed = st.fixed_dictionaries(required, optional=optional)
    others = schema.get("additionalProperties", True)
    if others is False:
        return fixed
    values = _of(others if isinstance(others, dict) else {}, defs, depth + 1)
    free = st.dictionaries(st.text("xyz", max_size=2), values, max_size=2)
    return st.builds(lambda known, free: {**free, **known}, fixed, free)


def _array(schema: dict[str, Any], defs: dict[str, Any], depth: int) -> SearchStrategy[Any]:
    least = schema.get("minItems", 0)
    most = schema.get("maxItems", max(least, 2))
    if "prefixItems" in schema:
        parts = [_of(one, defs, depth + 1) for one in schema["prefixItems"]]
        return st.tuples(*parts).map(list)
    return st.lists(_of(schema.get("items", {}), defs, depth + 1), min_size=least, max_size=most)


def _string(schema: dict[str, Any]) -> SearchStrategy[str]:
    if "pattern" in schema:
        return st.from_regex(schema["pattern"], fullmatch=True).filter(lambda text: len(text) < 20)
    match schema.get("format"):
        case "date-time":
            return st.just("2026-01-02T03:04:05Z")
        case "date":
            return st.just("2026-01-02")
        case "time":
            return st.just("03:04:05Z")
        case "duration":
            return st.just("PT1H")
        case "uuid":
            return st.uuids().map(str)
        case _:
            return st.text(max_size=4) | st.sampled_from(["1", '{"a":[1]}', '"a"', "null"])


def _within(number: float, schema: dict[str, Any]) -> bool:
    low, high = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    least, most = schema.get("minimum", number), schema.get("maximum", number)
    return (
        least <= number <= most
        and (low is None or number > low)
        and (high is None or number < high)
    )
