"""Answers that stand in an object, `{"value": …}`, though none was asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from beluga.schema import JsonValue
from beluga.schemas.references import DEFS

__all__ = ["ignores_value", "is_wrapped", "says_wrapped", "unwrapped"]

_VALUE: Final = "value"
_BEGINS: Final = re.compile(r'\s*\{\s*"value"\s*:')


def is_wrapped(value: JsonValue) -> bool:
    """Whether *value* is an object whose only member is `value`."""
    return isinstance(value, Mapping) and value.keys() == {_VALUE}


def says_wrapped(json: str) -> bool:
    """Whether JSON text is an object whose only member is `value`."""
    if _BEGINS.match(json) is None:
        return False
    try:
        return is_wrapped(msgspec.json.decode(json))
    except (msgspec.DecodeError, ValueError, RecursionError):
        return False


def unwrapped(json: str) -> JsonValue:
    """Return what stands in the object.

    Raises:
        msgspec.MsgspecError: It is not JSON, or more stands there than that.
    """
    value: JsonValue = msgspec.json.decode(json)
    if not isinstance(value, Mapping) or not is_wrapped(value):
        raise msgspec.ValidationError("it is not wrapped")
    return value[_VALUE]


def ignores_value(schema: Mapping[str, JsonValue]) -> bool:
    """Whether a type's objects have no member `value`, so that it would be read and forgotten."""
    objects = [one for one in _alternatives(schema, schema) if one.get("type") == "object"]
    return bool(objects) and not any(map(_has_value, objects))


def _has_value(schema: Mapping[str, JsonValue]) -> bool:
    named = schema.get("properties")
    if isinstance(named, Mapping) and _VALUE in named:
        return True
    return schema.get("additionalProperties", False) is not False


def _alternatives(
    root: Mapping[str, JsonValue], schema: Mapping[str, JsonValue]
) -> Iterator[Mapping[str, JsonValue]]:
    """Give the members of a union, references followed; those of a type never go round."""
    reference, defs = schema.get("$ref"), root.get("$defs")
    if isinstance(reference, str) and isinstance(defs, Mapping):
        target = defs.get(reference.removeprefix(DEFS))
        schema = target if isinstance(target, Mapping) else {}
    members = schema.get("anyOf")
    if not isinstance(members, list):
        yield schema
        return
    for member in members:
        if isinstance(member, Mapping):
            yield from _alternatives(root, member)
