"""The fields of Structs, dataclasses, TypedDicts and NamedTuples, as one kind of record."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator, Mapping
from typing import (
    Annotated,
    Any,
    Generic,
    NotRequired,
    Protocol,
    Required,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec

from beluga.schemas.docstrings import Docstring, parse_docstring

__all__ = ["Member", "Record", "class_docstring", "record_of"]

_EMPTY_FACTORIES = (list, dict, set, frozenset, tuple, bytearray)


class Member(msgspec.Struct, frozen=True):
    """A field of a type.

    Attributes:
        name: What Python calls it.
        key: What it is called in JSON.
        annotation: Its type, with what `Annotated` says of it.
        required: Whether JSON must hold it.
        default: What stands for it otherwise; `msgspec.UNSET` if that is nothing, or made anew each
            time.
    """

    name: str
    key: str
    annotation: object
    required: bool
    default: object = msgspec.UNSET


class Record(msgspec.Struct, frozen=True):
    """A type that has fields.

    Attributes:
        members: Its fields, in the order in which they stand in JSON.
        said: What its docstring says of it and of them.
        positional: Whether it is written as an array.
        tag: The key and the value that tell it from others of its union.
        closed: Whether it refuses keys it does not know.
    """

    members: tuple[Member, ...]
    said: Docstring
    positional: bool = False
    tag: tuple[str, str | int] | None = None
    closed: bool = False


def record_of(tp: object) -> Record | None:
    """Return the fields of *tp*; `None` if it is no type with fields.

    Raises:
        NameError: An annotation names something that cannot be found.
    """
    cls = get_origin(tp) or tp
    if not isinstance(cls, type):
        return None
    said = class_docstring(cls)
    if issubclass(cls, msgspec.Struct):
        config = cls.__struct_config__
        tagged = config.tag_field is not None and config.tag is not None
        tag = (config.tag_field, config.tag) if tagged else None
        closed = config.forbid_unknown_fields
        return Record(tuple(_of_struct(cls, tp)), said, config.array_like, tag, closed)  # type: ignore[arg-type]  # neither is None
    if dataclasses.is_dataclass(cls):
        return Record(tuple(_of_dataclass(cls, tp)), said)
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        return Record(tuple(_of_named_tuple(cls, tp)), said, positional=True)
    if issubclass(cls, dict) and hasattr(cls, "__total__"):
        return Record(tuple(_of_typed_dict(cls, tp)), said)
    return None


def class_docstring(cls: type) -> Docstring:
    """Return what the class itself says; what it inherits, or what Python wrote, does not count."""
    text = vars(cls).get("__doc__")
    if not isinstance(text, str) or text.startswith(f"{cls.__name__}("):
        return Docstring()
    return parse_docstring(text)


def _of_struct(cls: type[msgspec.Struct], tp: object) -> Iterator[Member]:
    hints = _hints(tp)
    for field in msgspec.structs.fields(cls):
        default = _default(field.default, field.default_factory)
        annotation = hints[field.name]
        yield Member(field.name, field.encode_name, annotation, field.required, default)


def _of_dataclass(cls: type[Any], tp: object) -> Iterator[Member]:
    hints = _hints(tp)
    for field in dataclasses.fields(cls):
        missing = dataclasses.MISSING
        required = field.default is missing and field.default_factory is missing
        default = msgspec.UNSET if field.default is missing else field.default
        default = _default(default, field.default_factory)
        yield Member(field.name, field.name, hints[field.name], required, default)


def _of_named_tuple(cls: type[Any], tp: object) -> Iterator[Member]:
    hints, defaults = _hints(tp), cls._field_defaults
    for name in cls._fields:
        default = defaults.get(name, msgspec.UNSET)
        yield Member(name, name, hints.get(name, Any), name not in defaults, default)


def _of_typed_dict(cls: type[Any], tp: object) -> Iterator[Member]:
    for name, hint in _hints(tp).items():
        mark, annotation = get_origin(hint), hint
        if mark is Annotated:
            mark = get_origin(get_args(hint)[0])
        # `__required_keys__` does not see a mark in an annotation that is a string.
        unmarked = mark not in (Required, NotRequired)
        required = name in cls.__required_keys__ if unmarked else mark is Required
        yield Member(name, name, annotation, required)


def _default(value: object, factory: object) -> object:
    if callable(factory) and factory in _EMPTY_FACTORIES:
        return factory()
    return msgspec.UNSET if value is msgspec.NODEFAULT else value


def _hints(tp: object) -> dict[str, object]:
    """Return the annotations of *tp* and its bases, with type parameters filled in."""
    cls = get_origin(tp) or tp
    assert isinstance(cls, type)
    parameters: tuple[object, ...] = getattr(cls, "__parameters__", ())
    filled = dict(zip(parameters, get_args(tp), strict=False))
    found: dict[str, object] = {}
    for base in _bases(cls):
        for name, annotation in _hints(_fill(base, filled)).items():
            found.setdefault(name, annotation)
    hints = get_type_hints(cls, include_extras=True)
    merged = hasattr(cls, "__total__")  # a TypedDict repeats what it inherits, unfilled
    for name in inspect.get_annotations(cls):
        if not (merged and name in found):
            found[name] = _fill(hints[name], filled)
    return found


def _bases(cls: type) -> Iterator[object]:
    for base in vars(cls).get("__orig_bases__", cls.__bases__):
        origin = get_origin(base) or base
        if isinstance(origin, type) and origin not in (Generic, Protocol, object):
            yield base


def _fill(annotation: Any, filled: Mapping[object, object]) -> object:
    """Put types in the place of type parameters."""
    if isinstance(annotation, TypeVar):
        return filled.get(annotation, annotation)
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return annotation
    open_ones: tuple[object, ...] = getattr(annotation, "__parameters__", ())
    if not open_ones:
        return annotation
    result: object = annotation[tuple(filled.get(p, p) for p in open_ones)]
    return result
