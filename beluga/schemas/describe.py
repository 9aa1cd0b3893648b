"""JSON Schema of Python types: plain, in the order things were declared, with every word of docs.

`msgspec.json.schema` describes the same types, but sorts enumerations, leaves out their type, names
no field when it cannot go on, and knows no documentation beside `Meta`.
"""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import re
import types
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, Union, get_args, get_origin

import msgspec

from beluga.errors import InvalidInputError, invalid_input
from beluga.schema import JsonValue
from beluga.schemas.annotations import Constraints, Stripped, strip
from beluga.schemas.containers import ARRAYS, MAPPINGS, SETS, key_schema, sized
from beluga.schemas.members import Member, Record, class_docstring, record_of
from beluga.schemas.models import dump_model, is_model, model_schema
from beluga.schemas.references import DEFS, inlined, reached

__all__ = ["Schema", "described", "type_name"]

Schema = dict[str, JsonValue]

_SCALARS: Final[dict[object, Schema]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    None: {"type": "null"},
    type(None): {"type": "null"},
    bytes: {"type": "string", "contentEncoding": "base64"},
    bytearray: {"type": "string", "contentEncoding": "base64"},
    memoryview: {"type": "string", "contentEncoding": "base64"},
    dt.datetime: {"type": "string", "format": "date-time"},
    dt.date: {"type": "string", "format": "date"},
    dt.time: {"type": "string", "format": "time"},
    dt.timedelta: {"type": "string", "format": "duration"},
    uuid.UUID: {"type": "string", "format": "uuid"},
    decimal.Decimal: {"type": "string", "format": "decimal"},
}
_ANYTHING: Final = (Any, object, msgspec.Raw)
_NUMERIC: Final = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf")
_JSON_TYPES: Final = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
}


def described(tp: object, on_member: Callable[[str, object], None] | None = None) -> Schema:
    """Return the JSON Schema of *tp*; what it refers to is under `$defs`.

    Args:
        tp: The type.
        on_member: Is told of every field on the way: where it is, and its annotation.

    Raises:
        InvalidInputError: JSON Schema cannot say it; the text names the field.
    """
    describer = _Describer(on_member or (lambda _path, _annotation: None))
    name = type_name(tp)
    schema = inlined(describer.schema(tp, name), describer.defs)
    used = {name: describer.defs[name] for name in reached(schema, describer.defs)}
    return {**schema, "$defs": used} if used else schema


def type_name(tp: object) -> str:
    """Return a name for *tp* that every provider takes: 64 letters, digits, `_` and `-`."""
    return re.sub(r"[^a-zA-Z0-9_-]+", "_", _spoken(tp)).strip("_")[:64] or "answer"


def _spoken(tp: object) -> str:
    tp = strip(tp).type
    origin, args = get_origin(tp), get_args(tp)
    if origin is Literal:
        return "choice"
    if origin in (Union, types.UnionType):
        return "_or_".join(_spoken(arg) for arg in args)
    if origin not in (None, tp):
        return "_".join([_spoken(origin), *(_spoken(arg) for arg in args)])
    if tp is None or tp is type(None):
        return "null"
    return "more" if tp is ... else str(getattr(tp, "__name__", "answer"))


class _Describer:
    """Describe types; each class once, so that a type may hold itself."""

    def __init__(self, on_member: Callable[[str, object], None]) -> None:
        self.defs: dict[str, Schema] = {}
        self._names: dict[object, str] = {}
        self._on_member = on_member

    def schema(self, annotation: object, path: str, outer: Constraints | None = None) -> Schema:
        """Return the schema of *annotation*; *outer* constrains all members of a union."""
        found = strip(annotation)
        found.constraints = {**(outer or {}), **found.constraints}
        return {**self._of(found, path), **found.keywords}

    def _of(self, found: Stripped, path: str) -> Schema:
        tp = found.type
        if any(tp is one for one in _ANYTHING):
            return {}
        origin = get_origin(tp) or tp
        if origin in (Union, types.UnionType):
            return self._union(get_args(tp), found, path)
        if origin is Literal:
            return _enumeration(get_args(tp))
        if isinstance(origin, type | None) and origin in _SCALARS:
            return _bounded(_SCALARS[origin], found)
        if origin in ARRAYS or origin in MAPPINGS:
            return self._container(tp, origin, found, path)
        return self._named(tp, path)

    def _union(self, args: Sequence[object], found: Stripped, path: str) -> Schema:
        options: list[JsonValue] = []
        for arg in args:
            if arg is msgspec.UnsetType:
                continue
            option = self.schema(arg, path, found.constraints)
            inner = option.get("anyOf") if len(option) == 1 else None
            for one in inner if isinstance(inner, list) else [option]:
                if one not in options:
                    options.append(one)
        only = options[0] if len(options) == 1 else None
        return only if isinstance(only, dict) else {"anyOf": options}

    def _container(self, tp: object, origin: object, found: Stripped, path: str) -> Schema:
        args = get_args(tp)
        if origin in MAPPINGS:
            key, value = args or (str, Any)
            schema: Schema = {"type": "object"}
            names = key_schema(inlined(self.schema(key, f"{path}{{}}"), self.defs))
            if names:
                schema["propertyNames"] = names
            schema["additionalProperties"] = self.schema(value, f"{path}{{}}") or True
            return sized(schema, found.constraints, "Properties")
        if origin is tuple and tp is not tuple and args[1:] != (...,):
            parts = [self.schema(arg, f"{path}[{i}]") for i, arg in enumerate(args)]
            return _tuple(parts, len(parts))
        items = self.schema(args[0], f"{path}[]") if args else {}
        schema = {"type": "array", "items": items} if items else {"type": "array"}
        if origin in SETS:
            schema["uniqueItems"] = True
        return sized(schema, found.constraints, "Items")

    def _named(self, tp: object, path: str) -> Schema:
        """Describe a class under `$defs`, and return a reference to it."""
        try:
            name = self._names.get(tp)
        except TypeError:
            raise _indescribable(tp, path) from None
        if name is None:
            name = self._names[tp] = self._free_name(type_name(tp))
            self.defs[name] = {}
            self.defs[name] = self._class(tp, path)
        return {"$ref": f"{DEFS}{name}"}

    def _free_name(self, name: str) -> str:
        number = 2
        free = name
        while free in self.defs:
            free, number = f"{name[:60]}_{number}", number + 1
        return free

    def _class(self, tp: object, path: str) -> Schema:
        if isinstance(tp, type) and issubclass(tp, enum.Enum):
            schema = _enumeration([member.value for member in tp])
            said = class_docstring(tp).text
        elif is_model(tp):
            schema, defs = model_schema(tp, path, self._free_name)
            self.defs.update(defs)
            return schema
        else:
            record = _record(tp, path)
            schema, said = self._record(record, path), record.said.text
        return {**schema, "description": said} if said else schema

    def _record(self, record: Record, path: str) -> Schema:
        properties: dict[str, Schema] = {}
        required = [member.key for member in record.members if member.required]
        if record.tag is not None:
            properties[record.tag[0]] = {"type": _type_of(record.tag[1]), "const": record.tag[1]}
            required.insert(0, record.tag[0])
        for member in record.members:
            schema = self._member(member, f"{path}.{member.name}")
            said = record.said.fields.get(member.name)
            properties[member.key] = {"description": said, **schema} if said else schema
        if record.positional:
            items = [{"title": key, **schema} for key, schema in properties.items()]
            return _tuple(items, len(required))
        schema = {"type": "object", "properties": dict(properties), "required": list(required)}
        return {**schema, "additionalProperties": False} if record.closed else schema

    def _member(self, member: Member, path: str) -> Schema:
        self._on_member(path, member.annotation)
        schema = self.schema(member.annotation, path)
        if member.default is msgspec.UNSET:
            return schema
        try:
            plain = msgspec.json.encode(member.default, enc_hook=dump_model)
            return {**schema, "default": msgspec.json.decode(plain)}
        except (TypeError, ValueError, msgspec.MsgspecError, RecursionError):
            return schema  # a default that JSON cannot hold stays the type's own business


def _record(tp: object, path: str) -> Record:
    try:
        record = record_of(tp)
    except NameError as error:
        hint = "what an annotation names must be found in its module"
        raise invalid_input(f"{path}: {error}; {hint}") from None
    if record is None:
        raise _indescribable(tp, path)
    return record


def _tuple(items: Sequence[Schema], least: int) -> Schema:
    if not items:
        return {"type": "array", "maxItems": 0}
    counts: Schema = {"minItems": least, "maxItems": len(items)}
    return {"type": "array", "prefixItems": list(items), "items": False, **counts}


def _enumeration(values: Sequence[object]) -> Schema:
    """Return the schema of a choice; an enumeration's member stands for its value."""
    plain: list[Any] = [value.value if isinstance(value, enum.Enum) else value for value in values]
    kinds = list(dict.fromkeys(_type_of(value) for value in plain))
    return {"type": kinds[0] if len(kinds) == 1 else kinds, "enum": plain}


def _type_of(value: object) -> str:
    return _JSON_TYPES.get(type(value), "string")


def _bounded(base: Schema, found: Stripped) -> Schema:
    """Add what constrains a scalar."""
    schema = dict(base)
    bounds = found.constraints
    if schema["type"] in ("integer", "number"):
        schema.update({name: bounds[name] for name in _NUMERIC if name in bounds})
    elif schema["type"] == "string" and "contentEncoding" in schema:
        for name, least in (("minLength", "min_length"), ("maxLength", "max_length")):
            if least in bounds:
                schema[name] = 4 * ((int(bounds[least]) + 2) // 3)  # base64: 3 bytes are 4 letters
    elif schema["type"] == "string" and "format" not in schema:
        sized(schema, bounds, "Length")
        if "pattern" in bounds:
            schema["pattern"] = bounds["pattern"]
    if bounds.get("tz") is False and schema.get("format") in ("date-time", "time"):
        del schema["format"]  # both have a time zone
        schema["description"] = "ISO 8601, without a time zone"
    return schema


def _indescribable(tp: object, path: str) -> InvalidInputError:
    shown = getattr(tp, "__name__", None) or repr(tp)
    known = "a Struct, dataclass, TypedDict, NamedTuple, Enum or pydantic model"
    return invalid_input(
        f"{path}: JSON Schema cannot say {shown}; make it {known}, or a plain type"
    )
