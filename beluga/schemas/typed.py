"""A type, the JSON Schema that says it to a model, and the way back from JSON to the type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

import msgspec

from beluga.errors import InvalidInputError, invalid_input
from beluga.schema import JsonValue
from beluga.schemas.annotations import strip
from beluga.schemas.describe import described, type_name
from beluga.schemas.models import adapter_of, complaint, dump_model, is_model, load_model

if TYPE_CHECKING:
    from typing_extensions import TypeForm

__all__ = ["T", "TypeSchema", "schema_of"]

T = TypeVar("T")

_KEPT = 1024


class TypeSchema(Generic[T]):
    """A type as JSON; `schema_of` makes it.

    Args:
        tp: The type.
        name: What to call it; its own name by default.

    Attributes:
        name: A name for it of at most 64 letters, digits, `_` and `-`.
        schema: Its JSON Schema (2020-12), plain: an object at the root stands there itself, choices
            keep their order, docstrings are descriptions.

    Raises:
        InvalidInputError: JSON Schema cannot say the type; the text names the field.
    """

    __slots__ = ("_adapter", "_decoder", "_type", "name", "schema")

    def __init__(self, tp: object, name: str | None = None) -> None:
        self._type: Any = tp
        self.name: str = name or type_name(tp)
        self.schema: Mapping[str, JsonValue] = described(tp)
        self._adapter = adapter_of(tp) if is_model(strip(tp).type) else None
        try:
            self._decoder = msgspec.json.Decoder(self._type, dec_hook=_load)
        except TypeError as error:
            raise _undecodable(tp, error) from None

    def __repr__(self) -> str:
        return f"TypeSchema({self.name})"

    def decode(self, text: str | bytes) -> T:
        """Read JSON text.

        Raises:
            msgspec.ValidationError: It is JSON, but not of this type; the text says where.
            msgspec.DecodeError: It is not JSON, or nested too deeply.
        """
        with _bad_json():
            if self._adapter is None:
                return cast("T", self._decoder.decode(text))
            return self._load(msgspec.json.decode(text))

    def convert(self, value: JsonValue) -> T:
        """Make the type of parsed JSON.

        Raises:
            msgspec.ValidationError: It is not of this type; the text says where.
        """
        with _bad_json():
            if self._adapter is not None:
                return self._load(value)
            made = msgspec.convert(value, self._type, str_keys=True, dec_hook=_load)
            return cast("T", made)

    def encode(self, value: T) -> bytes:
        """Write a value of the type as JSON text."""
        return msgspec.json.encode(value, enc_hook=dump_model)

    def _load(self, value: JsonValue) -> T:
        from pydantic import ValidationError

        assert self._adapter is not None
        try:
            return cast("T", self._adapter.validate_json(msgspec.json.encode(value)))
        except ValidationError as error:
            raise msgspec.ValidationError(complaint(error)) from None


@overload
def schema_of(tp: type[T]) -> TypeSchema[T]: ...
@overload
def schema_of(tp: TypeForm[T]) -> TypeSchema[T]: ...
def schema_of(tp: object) -> TypeSchema[Any]:
    """Describe a type; the same type is described once.

    Args:
        tp: A msgspec Struct, dataclass, TypedDict, NamedTuple, enumeration, pydantic model, or what
            can be made of them and of plain types with unions, `Literal`, containers, `Annotated`.

    Raises:
        InvalidInputError: JSON Schema cannot say it, or JSON could not be read back as it; the text
            names the field.
    """
    try:
        hash(tp)
    except TypeError:  # what `Annotated` holds need not be hashable
        return TypeSchema(tp)
    return _schema_of(tp, repr(tp))


@lru_cache(maxsize=_KEPT)
def _schema_of(tp: object, _as_written: str) -> TypeSchema[Any]:
    """Describe *tp*; `Literal["a", "b"]` and `Literal["b", "a"]` are equal, but not the same."""
    return TypeSchema(tp)


@contextmanager
def _bad_json() -> Iterator[None]:
    try:
        yield
    except RecursionError:
        raise msgspec.DecodeError("JSON is malformed: it is nested too deeply") from None
    except UnicodeError as error:
        raise msgspec.DecodeError(f"JSON is malformed: {error}") from None


def _load(tp: type, value: object) -> object:
    return load_model(tp, value) if is_model(tp) else value


def _undecodable(tp: object, error: TypeError) -> InvalidInputError:
    """Name the innermost field whose type is at fault, which msgspec does not."""
    culprits = [(type_name(tp), error)]

    def check(path: str, annotation: Any) -> None:
        try:
            msgspec.json.Decoder(annotation, dec_hook=_load)
        except TypeError as found:
            culprits.append((path, found))

    described(tp, check)
    path, error = culprits[-1]
    return invalid_input(f"{path}: {error}")
