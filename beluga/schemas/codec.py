"""A schema in the form that one provider takes, and the way back from the answers it gives."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec

from beluga.errors import InvalidInputError, UnsupportedError, invalid_input
from beluga.schema import Failure, JsonValue
from beluga.schemas.compiler import compile_schema, may_be_object
from beluga.schemas.document import Document
from beluga.schemas.limits import beyond
from beluga.schemas.merging import Raw
from beluga.schemas.objects import object_wire
from beluga.schemas.rules import RULES, SchemaDialect
from beluga.schemas.shapes import Leaf
from beluga.schemas.walk import MISMATCH, Mismatch, Shape, Walk

__all__ = ["Codec", "codec_for"]

_KEPT: Final = 512
_VALUE: Final = "value"
_SHARED: Final = ("$defs", "definitions")
_OF_PLACES: Final = re.compile(r"#(?!/\$defs/|/definitions/)(/|$)")
_DATA: Final = frozenset({"const", "default", "enum", "example", "examples"})
"""Keywords that hold values, not schemas."""


class Codec:
    """A schema as one provider takes it, and both ways between its values and the user's.

    Attributes:
        schema: What is sent; its root is an object.
        moved: What the provider does not enforce, and is only said in a description: the keyword,
            and the JSON pointer to where it stands in the user's schema.
        shape: What leads from one side to the other; of an answer that is wrapped, below `value`.
        wrapped: Whether the answer is an object that holds the user's value under `value`.
    """

    __slots__ = ("_same", "moved", "schema", "shape", "wrapped")

    def __init__(
        self,
        schema: Mapping[str, JsonValue],
        shape: Shape,
        moved: tuple[tuple[str, str], ...] = (),
        *,
        wrapped: bool = False,
    ) -> None:
        self.schema: Mapping[str, JsonValue] = schema
        self.moved: tuple[tuple[str, str], ...] = moved
        self.wrapped: bool = wrapped
        self.shape: Shape = shape
        self._same = shape.is_same()

    @property
    def reversible(self) -> bool:
        """Whether nothing is lost: each valid value comes back as it was, and no other can come."""
        return not self.moved

    @property
    def transparent(self) -> bool:
        """Whether values look the same on both sides, so that partial ones can be shown."""
        return self._same and not self.wrapped

    def decode(self, value: JsonValue) -> JsonValue:
        """Bring an answer back to the shape of the user's schema.

        What does not fit the schema stays as it is: validation says what is wrong with it. A value
        that should have been wrapped may be bare.
        """
        if not self.wrapped or not isinstance(value, Mapping) or value.keys() != {_VALUE}:
            return self._decoded(value)
        inner = value[_VALUE]
        if isinstance(self._turned(inner), Mismatch) and self._fits(value):
            return self._decoded(value)
        return self._decoded(inner)

    def encode(self, value: JsonValue) -> JsonValue:
        """Bring a value of the user's schema into the provider's shape; the inverse of `decode`.

        A value that is not of the schema stays as it is.
        """
        turned = value
        if not self._same:
            found = self._turned(value, encoding=True)
            if isinstance(found, Mismatch):
                return value
            turned = found
        return {_VALUE: turned} if self.wrapped else turned

    def _decoded(self, value: JsonValue) -> JsonValue:
        if self._same:
            return value
        turned = self._turned(value)
        if isinstance(turned, Mismatch):
            turned = self._turned(value, lenient=True)
        return value if isinstance(turned, Mismatch) else turned

    def _fits(self, value: JsonValue) -> bool:
        return not isinstance(self._turned(value), Mismatch)

    def _turned(
        self, value: JsonValue, *, encoding: bool = False, lenient: bool = False
    ) -> JsonValue | Mismatch:
        try:
            return Walk(encoding=encoding, lenient=lenient).turn(self.shape, value)
        except (RecursionError, UnicodeError):
            return MISMATCH


def codec_for(
    schema: Mapping[str, JsonValue], dialect: SchemaDialect, *, strict: bool = True
) -> Codec:
    """Return the codec of a schema for a provider. It depends on nothing else, and is made once.

    Args:
        schema: A JSON Schema; others than of this draft are read as far as they mean the same.
        dialect: Whose subset it shall be; `"plain"` sends it as it is.
        strict: Whether the provider is to enforce it; if not, it is sent as it is.

    Raises:
        InvalidInputError: It is no JSON Schema, refers to what is not in it, or is too large.
        UnsupportedError: It is more than the provider takes.
    """
    try:
        text = msgspec.json.encode(schema, enc_hook=_plain_mapping)
    except (TypeError, ValueError, RecursionError) as error:
        raise invalid_input(f"the JSON Schema is no JSON: {error}") from None
    return _codec(text, dialect if strict else "plain")


def _plain_mapping(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"it holds a {type(value).__name__}")


@lru_cache(maxsize=_KEPT)
def _codec(text: bytes, dialect: SchemaDialect) -> Codec:
    schema: Raw = msgspec.json.decode(text)
    if not isinstance(schema, dict):
        raise invalid_input(f"a JSON Schema is an object; got {text[:40].decode()}")
    if dialect == "plain":
        return _plain(schema)
    try:
        return _compiled(schema, dialect)
    except RecursionError:
        raise invalid_input("the JSON Schema is nested too deeply") from None
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _invalid(schema, error) from error


def _compiled(schema: Raw, dialect: SchemaDialect) -> Codec:
    made = compile_schema(schema, RULES[dialect])
    wire, wrapped = made.wire, made.wire.get("type") != "object"
    if wrapped:
        defs = wire.pop("$defs", None)
        wire = object_wire({_VALUE: wire}, [_VALUE]) | ({} if defs is None else {"$defs": defs})
    excess = beyond(wire, RULES[dialect].limits)
    if excess is not None:
        message = f"the JSON Schema is too large to be enforced: {excess}; give strict=False"
        raise UnsupportedError(Failure("unsupported", message, local=True))
    return Codec(wire, made.shape, made.moved, wrapped=wrapped)


def _plain(schema: Raw) -> Codec:
    """Leave a schema as it is, but for a root that is no object, which no provider takes."""
    if may_be_object(_root_of(schema)):
        return Codec(schema, Leaf())
    inner = _below(schema, f"#/properties/{_VALUE}")
    shared = {keyword: inner.pop(keyword) for keyword in _SHARED if keyword in inner}
    return Codec({**object_wire({_VALUE: inner}, [_VALUE]), **shared}, Leaf(), wrapped=True)


def _root_of(schema: Raw) -> Raw:
    met: list[Raw] = []
    while isinstance(schema.get("$ref"), str) and schema not in met:
        met.append(schema)
        try:
            schema = Document(met[0]).target(schema["$ref"])
        except InvalidInputError:
            break
        if not isinstance(schema, dict):
            return {}
    return schema


def _below(value: Any, place: str) -> Any:
    """Return a schema that now stands at *place*, but for its definitions."""
    if isinstance(value, list):
        return [_below(one, place) for one in value]
    if not isinstance(value, dict):
        return value
    moved = {k: v if k in _DATA else _below(v, place) for k, v in value.items()}
    reference = moved.get("$ref")
    if isinstance(reference, str) and _OF_PLACES.match(reference):
        moved["$ref"] = place + reference[1:]
    return moved


def _invalid(schema: Raw, error: Exception) -> InvalidInputError:
    """Say what is wrong with a schema that could not be read."""
    from jsonschema import Draft202012Validator, SchemaError

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as found:
        where = "/".join(["#", *map(str, found.absolute_path)])
        return invalid_input(f"the JSON Schema is not valid at {where}: {found.message}")
    return invalid_input(f"the JSON Schema cannot be read: {error}")
