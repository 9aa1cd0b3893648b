"""How tools read in a prompt: as TypeScript for OpenAI's models, as JSON for others.

The form in TypeScript is that of OpenAI's "harmony" response format; of a `$ref` only the name is
shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from beluga.schema import JsonValue, ToolSpec

__all__ = ["as_json", "as_typescript"]

_DEEPEST: Final = 32
_TYPES: Final[Mapping[str, str]] = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}


def as_json(tool: ToolSpec) -> str:
    """Return a tool as compact JSON."""
    shown = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return msgspec.json.encode(shown).decode()


def as_typescript(tools: Sequence[ToolSpec]) -> str:
    """Return tools as functions of a namespace in TypeScript."""
    functions = "".join([_function(tool) for tool in tools])
    return (
        f"# Tools\n\n## functions\n\nnamespace functions {{\n\n{functions}}} // namespace functions"
    )


def _function(tool: ToolSpec) -> str:
    comment = _comment(tool.description)
    fields = "".join(_fields(tool.parameters, 0))
    if not fields:
        return f"{comment}type {tool.name} = () => any;\n\n"
    about = _comment(tool.parameters.get("description"))
    return f"{comment}type {tool.name} = (_: {about}{{\n{fields}}}) => any;\n\n"


def _fields(schema: Mapping[str, JsonValue], depth: int) -> Iterator[str]:
    properties, required = schema.get("properties"), schema.get("required")
    if not isinstance(properties, Mapping):
        return
    needed = required if isinstance(required, Sequence) else ()
    for name, given in properties.items():
        about = given if isinstance(given, Mapping) else {}
        optional = "" if name in needed else "?"
        default = ""
        if "default" in about:
            default = f" // default: {msgspec.json.encode(about['default']).decode()}"
        kind = _type(about, depth)
        yield f"{_comment(about.get('description'))}{name}{optional}: {kind},{default}\n"


def _type(schema: Mapping[str, JsonValue], depth: int) -> str:
    if depth > _DEEPEST:
        return "any"
    match schema:
        case {"enum": list(values)}:
            return " | ".join([msgspec.json.encode(value).decode() for value in values])
        case {"const": value}:
            return msgspec.json.encode(value).decode()
        case {"anyOf": list(several)} | {"oneOf": list(several)}:
            kinds = [_type(one, depth + 1) for one in several if isinstance(one, Mapping)]
            return " | ".join(kinds)
        case {"$ref": str(reference)}:
            return reference.rpartition("/")[2]
        case {"type": list(kinds)}:
            named = [kind for kind in kinds if isinstance(kind, str)]
            each = [_type({**schema, "type": kind}, depth + 1) for kind in dict.fromkeys(named)]
            return " | ".join(each)
        case {"type": "array", **rest}:
            items = rest.get("items")
            return f"{_type(items if isinstance(items, Mapping) else {}, depth + 1)}[]"
        case {"type": "object"}:
            fields = "".join(_fields(schema, depth + 1))
            return f"{{\n{fields}}}" if fields else "object"
        case {"type": str(kind)}:
            return _TYPES.get(kind, "any")
        case _:
            return "any"


def _comment(text: JsonValue) -> str:
    return f"// {text}\n" if isinstance(text, str) and text else ""
