"""A type made of a function's parameters."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

import msgspec

from beluga.schemas.annotations import strip
from beluga.schemas.typed import TypeSchema

__all__ = ["Parameter", "struct_for"]


class Parameter(msgspec.Struct, frozen=True):
    """A parameter of a function.

    Attributes:
        name: What it is called.
        annotation: Its type.
        default: What it is if it is not given; `msgspec.UNSET` if it must be.
        description: What it is for, in words for the model; what `Annotated` says of it wins.
    """

    name: str
    annotation: object
    default: object = msgspec.UNSET
    description: str | None = None


def struct_for(name: str, parameters: Sequence[Parameter]) -> TypeSchema[msgspec.Struct]:
    """Make a type that has a field for each of *parameters*, and takes no others.

    What it decodes has the parameters as attributes; `msgspec.structs.asdict` gives them as a
    mapping, for instance to call the function with.

    Raises:
        InvalidInputError: JSON Schema cannot say a parameter's type.
    """
    fields: list[tuple[str, Any, Any]] = []
    for one in parameters:
        default: Any = msgspec.NODEFAULT if one.default is msgspec.UNSET else one.default
        words: dict[str, Any] = {}
        if one.description and "description" not in strip(one.annotation).keywords:
            words["description"] = one.description
        if isinstance(default, list | dict | set | bytearray | msgspec.Struct) and default:
            # A call without it gets this very object, as from the function itself.
            words["extra_json_schema"] = _told(default)
            default = msgspec.field(default_factory=partial(_same, default))
        annotation: Any = one.annotation
        fields.append((one.name, Annotated[annotation, msgspec.Meta(**words)], default))
    made = msgspec.defstruct(name, fields, kw_only=True, forbid_unknown_fields=True)
    return TypeSchema(made, name)


def _told(default: object) -> dict[str, object]:
    try:
        return {"default": msgspec.to_builtins(default, str_keys=True)}
    except (TypeError, ValueError, RecursionError):
        return {}  # a default that JSON cannot hold is the function's own business


def _same(default: object) -> object:
    return default
