"""References inside a schema that this library wrote: all are to a name under `$defs`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from beluga.schema import JsonValue

__all__ = ["DEFS", "inlined", "reached"]

DEFS: Final = "#/$defs/"


def inlined(
    schema: dict[str, JsonValue], defs: Mapping[str, dict[str, JsonValue]]
) -> dict[str, JsonValue]:
    """Put a root that only refers to something in its place: a provider wants an object there."""
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return schema
    words = {keyword: value for keyword, value in schema.items() if keyword != "$ref"}
    return inlined({**defs[reference.removeprefix(DEFS)], **words}, defs)


def reached(schema: dict[str, JsonValue], defs: Mapping[str, dict[str, JsonValue]]) -> list[str]:
    """Return the names of what *schema* refers to, in the order of *defs*."""
    found: set[str] = set()
    waiting: list[JsonValue] = [schema]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            reference = one.get("$ref")
            name = reference.removeprefix(DEFS) if isinstance(reference, str) else ""
            if name in defs and name not in found:
                found.add(name)
                waiting.append(defs[name])
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
    return [name for name in defs if name in found]
