"""How large a schema may be for a provider."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from beluga.schemas.merging import Raw
from beluga.schemas.references import DEFS
from beluga.schemas.rules import Limits

__all__ = ["beyond"]


_MANY: Final = 250


class _Counts(msgspec.Struct):
    properties: int = 0
    choices: int = 0
    letters: int = 0
    long_choice: int = 0
    optional: int = 0
    unions: int = 0


def beyond(wire: Raw, limits: Limits) -> str | None:
    """Say in which way *wire* is more than a provider takes; `None` if it is not."""
    counts = _Counts()
    for schema in _places(wire):
        _count(schema, counts)
    found = {
        "properties": counts.properties,
        "values in its enumerations": counts.choices,
        "characters of names and values": counts.letters,
        "characters in one long enumeration": counts.long_choice,
        "optional properties": counts.optional,
        "properties of several types": counts.unions,
        "objects within each other": _depth(wire),
    }
    most = (
        limits.properties,
        limits.choices,
        limits.letters,
        limits.long_choice,
        limits.optional,
        limits.unions,
        limits.depth,
    )
    for (what, count), limit in zip(found.items(), most, strict=True):
        if limit is not None and count > limit:
            return f"it has {count} {what}, and the provider takes {limit}"
    return None


def _places(wire: Raw) -> Iterator[Raw]:
    waiting: list[Any] = [wire]
    while waiting:
        one = waiting.pop()
        yield one
        waiting.extend(_below(one))
        waiting.extend(one.get("$defs", {}).values())


def _below(schema: Raw) -> Iterator[Raw]:
    yield from schema.get("properties", {}).values()
    yield from schema.get("anyOf", ())
    yield from schema.get("prefixItems", ())
    for keyword in ("items", "additionalProperties"):
        if isinstance(schema.get(keyword), dict):
            yield schema[keyword]


def _count(schema: Raw, counts: _Counts) -> None:
    properties = schema.get("properties", {})
    required = set(schema.get("required", ()))
    counts.properties += len(properties)
    counts.optional += sum(name not in required for name in properties)
    counts.unions += sum("anyOf" in inner for inner in properties.values())
    names = [*properties, *schema.get("$defs", {})]
    values = [*schema.get("enum", ()), *([schema["const"]] if "const" in schema else ())]
    counts.choices += len(schema.get("enum", ()))
    counts.letters += sum(len(name) for name in names)
    spoken = sum(len(value) for value in values if isinstance(value, str))
    counts.letters += spoken
    if len(values) > _MANY:
        counts.long_choice = max(counts.long_choice, spoken)


def _depth(wire: Raw) -> int:
    """Return how many objects stand within each other, with references followed but not in circles.

    A definition is measured once, after those that it refers to.
    """
    defs = {f"{DEFS}{name}": schema for name, schema in wire.get("$defs", {}).items()}
    known: dict[str, int] = {}
    begun: set[str] = set()
    waiting = [*defs]
    while waiting:
        reference = waiting[-1]
        inner = [] if reference in begun else _inner(defs[reference])
        begun.add(reference)
        ahead = [target for _, target in inner if target in defs and target not in begun]
        if ahead:
            waiting += ahead
            continue
        waiting.pop()
        if reference not in known:
            known[reference] = _deepest(defs[reference], known)
    return _deepest(wire, known)


def _deepest(schema: Raw, known: Mapping[str, int]) -> int:
    places = _inner(schema)
    return max((depth + known.get(target, 0) for depth, target in places), default=0)


def _inner(schema: Raw) -> list[tuple[int, str]]:
    """Return how many objects stand above each place, it included, and what it refers to."""
    found: list[tuple[int, str]] = []
    waiting = [(schema, 0)]
    while waiting:
        one, depth = waiting.pop()
        depth += one.get("type") == "object"
        found.append((depth, one.get("$ref", "")))
        waiting += [(below, depth) for below in _below(one)]
    return found
