"""Strings, numbers and choices, as a provider takes them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from beluga.schemas.building import Builder, Built, Words
from beluga.schemas.merging import Raw
from beluga.schemas.shapes import Leaf, OneOf
from beluga.schemas.walk import Shape, kind_of

__all__ = ["build_choice", "build_scalar"]

_OF_STRINGS: Final = (
    "minLength", "maxLength", "pattern", "contentEncoding", "contentMediaType", "contentSchema",
)  # fmt: skip
_OF_NUMBERS: Final = (
    "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf",
)  # fmt: skip
_BEYOND: Final = re.compile(r"\(\?[=!<]|\\[bB1-9]|\\[pP]\{")
"""What a regular expression cannot hold where a grammar is made of it."""
_INCLUSIVE: Final = {"exclusiveMinimum": ("minimum", 1), "exclusiveMaximum": ("maximum", -1)}


def build_scalar(builder: Builder, kind: str, schema: Raw, words: Words, at: str) -> Built:
    """Build a string, a number, a boolean or null."""
    wire: Raw = {"type": kind}
    if kind in ("integer", "number"):
        schema = _bounds(builder, kind, schema)
    of_kind = {"string": _OF_STRINGS, "integer": _OF_NUMBERS, "number": _OF_NUMBERS}
    for keyword in of_kind.get(kind, ()):
        if keyword not in schema:
            continue
        value = schema[keyword]
        kept = keyword in builder.rules.keywords
        if kept and not (keyword == "pattern" and _BEYOND.search(str(value))):
            wire[keyword] = value
        else:
            builder.move(words, keyword, value, at)
    if "format" in schema:
        if kind == "string" and schema["format"] in builder.rules.formats:
            wire["format"] = schema["format"]
        elif kind == "string":
            builder.move(words, "format", schema["format"], at)
        else:
            words.leave("format", schema["format"])  # says how a number is stored, not what it is
    return Built({**wire, **words.keywords()}, Leaf(kind))


def build_choice(builder: Builder, schema: Raw, words: Words, at: str) -> Built | None:
    """Build `enum` or `const`; `None` if the provider cannot be told the values."""
    values = [schema["const"]] if "const" in schema else list(schema["enum"])
    if any(kind_of(value) in ("object", "array") for value in values):
        return None
    allowed = schema.get("type")
    if isinstance(allowed, str):
        allowed = [allowed]
    groups: dict[str, list[Any]] = {}
    for value in values:
        kind = kind_of(value)
        if allowed is None or kind in allowed or (kind == "integer" and "number" in allowed):
            groups.setdefault(kind, []).append(value)
    if not groups:
        return None
    built = [_group(builder, kind, found, words, at) for kind, found in groups.items()]
    shape: Shape = built[0].shape if len(built) == 1 else OneOf([one.shape for one in built])
    wire = built[0].wire if len(built) == 1 else {"anyOf": [one.wire for one in built]}
    return Built({**wire, **words.keywords()}, shape)


def _group(builder: Builder, kind: str, values: Sequence[Any], words: Words, at: str) -> Built:
    wire: Raw = {"type": kind}
    if kind == "null" or (kind == "boolean" and len(values) == 2):
        return Built(wire, Leaf(kind))
    if kind not in builder.rules.choices:
        builder.move(words, "enum", values, at)
        return Built(wire, Leaf(kind))
    if len(values) == 1 and builder.rules.constants:
        return Built({**wire, "const": values[0]}, Leaf(kind, values))
    return Built({**wire, "enum": list(values)}, Leaf(kind, values))


def _bounds(builder: Builder, kind: str, schema: Raw) -> Raw:
    """Write bounds as this draft of JSON Schema does, and exclusive ones as inclusive if needed."""
    schema = dict(schema)
    for exclusive, (inclusive, step) in _INCLUSIVE.items():
        value = schema.get(exclusive)
        if isinstance(value, bool):  # draft 4: a switch beside the bound
            del schema[exclusive]
            if not value or inclusive not in schema:
                continue
            value = schema[exclusive] = schema.pop(inclusive)
        if value is None or exclusive in builder.rules.keywords or kind != "integer":
            continue
        if inclusive in builder.rules.keywords and isinstance(value, int):
            bound = schema.pop(exclusive) + step
            known = schema.get(inclusive, bound)
            schema[inclusive] = max(bound, known) if step > 0 else min(bound, known)
    return schema
