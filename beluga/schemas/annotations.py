"""What an annotation says beside its type: constraints, words for the model, wrappers."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import (
    Annotated,
    ClassVar,
    Final,
    NewType,
    NotRequired,
    Required,
    TypeAlias,
    TypeVar,
    get_args,
    get_origin,
)

import msgspec

from beluga.schema import JsonValue

__all__ = ["Constraints", "Stripped", "strip"]

_CONSTRAINTS: Final = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "multiple_of": "multipleOf",
    "pattern": "pattern",
    "min_length": "min_length",
    "max_length": "max_length",
    "tz": "tz",
}


Constraints: TypeAlias = dict[str, int | float | str | bool]


class Stripped(msgspec.Struct):
    """A type without what was round it.

    Attributes:
        type: The type.
        constraints: Bounds, by their JSON Schema keyword where that does not depend on the type;
            else `min_length`, `max_length` and `tz`.
        keywords: What goes into the schema as it is.
    """

    type: object
    constraints: Constraints
    keywords: dict[str, JsonValue]


def strip(annotation: object) -> Stripped:
    """Take off `Annotated`, `Final`, `Required`, `NewType`, aliases and type variables."""
    found = Stripped(annotation, {}, {})
    while True:
        inner = _inside(found)
        if inner is found.type:
            return found
        found.type = inner


def _inside(found: Stripped) -> object:
    tp = found.type
    origin = get_origin(tp)
    if origin is Annotated:
        inner, *metadata = get_args(tp)
        for one in reversed(metadata):
            _note(found, one)
        return inner
    if origin in (Final, ClassVar, Required, NotRequired) or _named(origin, "ReadOnly"):
        return get_args(tp)[0]
    if isinstance(tp, NewType):
        return tp.__supertype__
    if isinstance(tp, TypeVar):
        return object if tp.__bound__ is None else tp.__bound__
    if _named(type(tp), "TypeAliasType"):
        return tp.__value__  # type: ignore[attr-defined]  # no such class before Python 3.12
    if _named(type(origin), "TypeAliasType"):
        return origin.__value__[get_args(tp)]  # type: ignore[union-attr]  # likewise
    return tp


def _named(thing: object, name: str) -> bool:
    """Whether it is `typing`'s or `typing_extensions`' own; the latter need not be installed."""
    given = getattr(thing, "__name__", None) or getattr(thing, "_name", None)
    return given == name and getattr(thing, "__module__", "") in ("typing", "typing_extensions")


def _note(found: Stripped, metadata: object) -> None:
    """Take in one piece of metadata; what stands further out has been taken in and wins."""
    if isinstance(metadata, msgspec.Meta):
        for name, keyword in _CONSTRAINTS.items():
            value = getattr(metadata, name)
            if value is not None:
                found.constraints.setdefault(keyword, value)
        _note_words(found, metadata)
        return
    words = metadata if isinstance(metadata, str) else getattr(metadata, "documentation", None)
    if isinstance(words, str) and words.strip():
        found.keywords.setdefault("description", inspect.cleandoc(words))


def _note_words(found: Stripped, metadata: msgspec.Meta) -> None:
    if metadata.description is not None:
        found.keywords.setdefault("description", inspect.cleandoc(metadata.description))
    if metadata.title is not None:
        found.keywords.setdefault("title", metadata.title)
    if metadata.examples is not None:
        examples: JsonValue = msgspec.to_builtins(metadata.examples, str_keys=True)
        found.keywords.setdefault("examples", examples)
    extra: Mapping[str, JsonValue] = msgspec.to_builtins(
        metadata.extra_json_schema or {}, str_keys=True
    )
    for keyword, value in extra.items():
        found.keywords.setdefault(keyword, value)
