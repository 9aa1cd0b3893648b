"""The names that a type declares, at any depth: a misspelt one is not one that is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from beluga.schema import JsonValue

__all__ = ["Declared"]


class Declared:
    """What a JSON Schema, or one of several, says of names.

    Args:
        schemas: What the value may be.
        root: The schema that their references lead into.
    """

    def __init__(self, schemas: Sequence[object], root: Mapping[str, JsonValue]) -> None:
        self._root = root
        self._schemas = _alternatives(schemas, root)
        self._inner: dict[str | int, Declared | None] = {}

    def inner(self, step: str | int) -> Declared | None:
        """Return what is declared of a member or an item; `None` if there is no such thing."""
        if step not in self._inner:
            self._inner[step] = self._look(step)
        return self._inner[step]

    def _look(self, step: str | int) -> Declared | None:
        search = _member if isinstance(step, str) else _item
        found = [inner for schema in self._schemas for inner in search(schema, step)]
        return Declared(found, self._root) if found else None


def _alternatives(
    schemas: Sequence[object], root: Mapping[str, JsonValue]
) -> list[Mapping[str, object]]:
    """Follow references and unions; each schema is looked at once."""
    waiting, seen, found = list(schemas), set[int](), list[Mapping[str, object]]()
    while waiting:
        schema = waiting.pop(0)
        if not isinstance(schema, Mapping):
            found.append({})
            continue
        if id(schema) in seen:
            continue
        seen.add(id(schema))
        reference, defs = schema.get("$ref"), root.get("$defs")
        if isinstance(reference, str) and isinstance(defs, Mapping):
            waiting.append(defs.get(reference.removeprefix("#/$defs/"), {}))
        for union in ("anyOf", "oneOf", "allOf"):
            waiting.extend(schema.get(union, ()))
        if not any(word in schema for word in ("$ref", "anyOf", "oneOf")):
            found.append(schema)
    return found


def _member(schema: Mapping[str, object], name: object) -> list[object]:
    properties, rest = schema.get("properties"), schema.get("additionalProperties")
    if isinstance(properties, Mapping) and name in properties:
        return [properties[name]]
    if isinstance(rest, Mapping) or rest is True:
        return [rest]
    takes_any = not schema or (schema.get("type") == "object" and properties is None)
    return [True] if takes_any else []


def _item(schema: Mapping[str, object], index: object) -> list[object]:
    places = schema.get("prefixItems")
    if isinstance(places, Sequence) and isinstance(index, int) and index < len(places):
        return [places[index]]
    return [schema.get("items", True)]
