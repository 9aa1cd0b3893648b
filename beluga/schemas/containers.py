"""Which types are arrays and which are objects in JSON, and what may be said of their size."""

from __future__ import annotations

import collections
import collections.abc
from collections.abc import Mapping
from typing import Final

from beluga.schema import JsonValue

__all__ = ["ARRAYS", "MAPPINGS", "SETS", "key_schema", "sized"]

SETS: Final[frozenset[object]] = frozenset(
    {set, frozenset, collections.abc.Set, collections.abc.MutableSet}
)
ARRAYS: Final[frozenset[object]] = SETS | {
    list,
    tuple,
    collections.abc.Collection,
    collections.abc.Sequence,
    collections.abc.MutableSequence,
}
MAPPINGS: Final[frozenset[object]] = frozenset(
    {dict, collections.abc.Mapping, collections.abc.MutableMapping}
)
_KEY_PATTERNS: Final = {"integer": r"^-?[0-9]+$", "number": r"^-?[0-9.eE+-]+$"}


def key_schema(key: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return what JSON Schema can say of an object's keys, which are strings whatever their type.

    Args:
        key: The schema of the type of the keys.
    """
    kind = key.get("type")
    if "enum" in key:
        values = key["enum"]
        assert isinstance(values, list)
        return {
            "type": "string",
            "enum": [value if isinstance(value, str) else str(value) for value in values],
        }
    if isinstance(kind, str) and kind in _KEY_PATTERNS:
        return {"pattern": _KEY_PATTERNS[kind]}
    return {name: value for name, value in key.items() if name not in ("type", "contentEncoding")}


def sized(
    schema: dict[str, JsonValue], constraints: Mapping[str, JsonValue], what: str
) -> dict[str, JsonValue]:
    """Add the bounds of a size to *schema*: of `"Items"`, `"Properties"` or `"Length"`."""
    for name, word in (("min_length", "min"), ("max_length", "max")):
        if name in constraints:
            schema[f"{word}{what}"] = constraints[name]
    return schema
