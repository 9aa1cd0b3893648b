"""Schemas that people have written: of recorded requests, of tools' configuration, of AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from tests.conformance.corpus import folders, recordings

__all__ = ["of_configurations", "of_recordings", "of_services"]

Schema = dict[str, Any]
_SCALARS = {
    "boolean": "boolean", "integer": "integer", "long": "integer", "float": "number",
    "double": "number", "timestamp": "string", "blob": "string", "character": "string",
}  # fmt: skip


def of_recordings() -> dict[str, Schema]:
    """Return the different schemas of answers and tools in all recorded requests."""
    found: dict[str, Schema] = {}
    for folder in folders():
        for recording in recordings(folder):
            for schema in _inside(recording.request):
                found.setdefault(json.dumps(schema, sort_keys=True), schema)
    return {f"recording {number}": one for number, one in enumerate(found.values())}


_HOLDERS = (
    "parameters", "input_schema", "schema", "responseSchema", "responseJsonSchema",
    "parametersJsonSchema", "response_schema", "response_json_schema", "parameters_json_schema",
)  # fmt: skip


def _inside(value: Any) -> Iterator[Schema]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in _HOLDERS and isinstance(inner, dict) and _is_schema(inner):
                yield inner
            elif key == "inputSchema" and isinstance(inner, dict):
                yield from _inside({"schema": inner.get("json")})
            else:
                yield from _inside(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _inside(inner)


def _is_schema(value: Schema) -> bool:
    return value.get("type") in ("object", "array", "string") or "$ref" in value


def of_configurations() -> dict[str, Schema]:
    """Return the schemas of many tools' configuration, as a checker of such files carries them."""
    found: dict[str, Schema] = {}
    for folder in ("vendor", "custom"):
        for file in files("check_jsonschema").joinpath("builtin_schemas", folder).iterdir():
            if file.name.endswith(".json"):
                found[file.name] = json.loads(file.read_text("utf-8"))
    return found


def of_services(most: int | None = None) -> dict[str, Schema]:
    """Return what one operation of each service of AWS takes, the one with the longest name."""
    session = botocore.session.get_session()
    found: dict[str, Schema] = {}
    for service in session.get_available_services()[:most]:
        model = session.get_service_model(service)
        name = max(model.operation_names, key=lambda one: (len(one), one))
        shape = model.operation_model(name).input_shape
        if shape is not None:
            found[f"{service} {name}"] = _Shapes().root(shape)
    return found


class _Shapes:
    def __init__(self) -> None:
        self._defs: dict[str, Schema] = {}

    def root(self, shape: Shape) -> Schema:
        schema = self._inline(shape)
        return {**schema, "$defs": self._defs} if self._defs else schema

    def _of(self, shape: Shape) -> Schema:
        if not isinstance(shape, StructureShape):
            return self._inline(shape)
        if shape.name not in self._defs:
            self._defs[shape.name] = {}
            self._defs[shape.name].update(self._inline(shape))
        return {"$ref": f"#/$defs/{shape.name}"}

    def _inline(self, shape: Shape) -> Schema:
        limits = {key: shape.metadata[key] for key in ("min", "max") if key in shape.metadata}
        match shape:
            case StructureShape():
                members = {name: self._of(member) for name, member in shape.members.items()}
                return {
                    "type": "object",
                    "properties": members,
                    "required": list(shape.required_members),
                }
            case ListShape():
                sizes = {f"{key}Items": int(value) for key, value in limits.items()}
                return {"type": "array", "items": self._of(shape.member), **sizes}
            case MapShape():
                return {"type": "object", "additionalProperties": self._of(shape.value)}
            case StringShape() if shape.enum:
                return {"type": "string", "enum": list(shape.enum)}
            case StringShape():
                sizes = {f"{key}Length": int(value) for key, value in limits.items()}
                pattern = shape.metadata.get("pattern")
                return {"type": "string", **sizes, **({"pattern": pattern} if pattern else {})}
            case _:
                kind = _SCALARS.get(shape.type_name, "string")
                bounds = (
                    {"min": "minimum", "max": "maximum"} if kind in ("integer", "number") else {}
                )
                return {"type": kind, **{bounds[k]: limits[k] for k in bounds if k in limits}}
