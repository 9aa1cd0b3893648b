"""Pydantic models, where pydantic is installed; it is never imported for a program without one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from beluga.errors import invalid_input
from beluga.schema import JsonValue

if TYPE_CHECKING:
    from pydantic import TypeAdapter

__all__ = ["adapter_of", "complaint", "dump_model", "is_model", "load_model", "model_schema"]

_SUBSCHEMAS = ("$defs", "properties", "patternProperties", "dependentSchemas")


def is_model(tp: object) -> bool:
    """Whether *tp* is a model class of pydantic."""
    pydantic = sys.modules.get("pydantic")
    return pydantic is not None and isinstance(tp, type) and issubclass(tp, pydantic.BaseModel)


def adapter_of(tp: Any) -> TypeAdapter[Any]:
    """Return what pydantic decodes *tp* with."""
    from pydantic import TypeAdapter

    return TypeAdapter(tp)


def load_model(tp: type, value: object) -> object:
    """Make a model of parsed JSON, for msgspec, which adds where it stands.

    Raises:
        ValueError: It is not valid; the text says what, and where in the model.
    """
    from pydantic import ValidationError

    if isinstance(value, tp):
        return value
    try:
        return adapter_of(tp).validate_json(msgspec.json.encode(value))
    except ValidationError as error:
        raise ValueError(complaint(error)) from None


def dump_model(value: Any) -> object:
    """Return a model as what msgspec can encode."""
    return adapter_of(type(value)).dump_python(value, mode="json", by_alias=True)


def complaint(error: Any) -> str:
    """Say in one line, as msgspec would, what pydantic finds first, and where."""
    first, *more = error.errors(include_url=False, include_input=False, include_context=False)
    place = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in first["loc"])
    also = f" (and {len(more)} more)" if more else ""
    where = f" - at `${place}`" if place else ""
    return f"{first['msg']}{also}{where}"


def model_schema(
    tp: object, path: str, free_name: Callable[[str], str]
) -> tuple[dict[str, JsonValue], dict[str, dict[str, JsonValue]]]:
    """Return the schema of a model, and those of what it refers to.

    Args:
        tp: The model's class.
        path: Where it stands, for the text of an error.
        free_name: Gives a name under `$defs` that is not taken.

    Raises:
        InvalidInputError: Pydantic has no schema for it.
    """
    from pydantic.errors import PydanticInvalidForJsonSchema, PydanticUserError

    try:
        raw = adapter_of(tp).json_schema()
    except (PydanticInvalidForJsonSchema, PydanticUserError) as error:
        raise invalid_input(f"{path}: {str(error).splitlines()[0]}") from None
    definitions = raw.pop("$defs", {})
    names = {f"#/$defs/{name}": f"#/$defs/{free_name(name)}" for name in definitions}
    plain = {
        names[f"#/$defs/{name}"].removeprefix("#/$defs/"): _plain(schema, names)
        for name, schema in definitions.items()
    }
    root = _plain(raw, names)
    reference = root.get("$ref")
    if isinstance(reference, str) and len(root) == 1:
        root = plain[reference.removeprefix("#/$defs/")]
    return root, plain


def _plain(schema: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, JsonValue]:
    """Leave out titles made of names and discriminators, and point to where things are now."""
    found: dict[str, JsonValue] = {}
    for keyword, value in schema.items():
        if keyword in ("title", "discriminator"):
            continue
        if keyword == "$ref":
            found[keyword] = names[value]
        elif keyword in _SUBSCHEMAS:
            found[keyword] = {name: _plain_any(inner, names) for name, inner in value.items()}
        elif keyword == "oneOf" and "discriminator" in schema:
            found["anyOf"] = _plain_any(value, names)
        elif keyword in ("enum", "const", "default", "examples"):
            found[keyword] = value
        else:
            found[keyword] = _plain_any(value, names)
    if "const" in found and "type" not in found:
        found["type"] = "string"
    return found


def _plain_any(value: Any, names: Mapping[str, str]) -> JsonValue:
    if isinstance(value, dict):
        return _plain(value, names)
    if isinstance(value, list):
        return [_plain_any(one, names) for one in value]
    return value  # type: ignore[no-any-return]  # pydantic's schemas are JSON
