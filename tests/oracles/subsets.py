"""What each provider's documents say that a strict schema may hold, as a judge of schemas.

Written from the documents, and from nothing of the library's own: OpenAI's guide "Structured model
outputs" (supported schemas), Anthropic's "Structured outputs" (JSON Schema limitations, complexity
limits), Google's reference of `GenerationConfig.responseJsonSchema`. Read in November 2026.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

__all__ = ["JUDGES", "Judge"]

Judge = Callable[[Mapping[str, Any]], list[str]]
Schema = Mapping[str, Any]

_LOOKS_AROUND: Final = re.compile(r"\(\?[=!<]|\\[bB1-9]")
_SPOKEN: Final = {"description", "title"}
_SHAPES: Final = {"type", "properties", "required", "additionalProperties", "items", "enum"}
_OPENAI: Final = (
    _SPOKEN
    | _SHAPES
    | {"anyOf", "$ref", "$defs", "const", "pattern", "format", "multipleOf", "minimum", "maximum"}
    | {"exclusiveMinimum", "exclusiveMaximum", "minItems", "maxItems"}
)
_ANTHROPIC: Final = (
    _SPOKEN
    | _SHAPES
    | {"anyOf", "allOf", "$ref", "$defs", "definitions", "const", "default", "format", "minItems"}
)
_GEMINI: Final = (
    _SPOKEN
    | _SHAPES
    | {"$id", "$defs", "$ref", "$anchor", "format", "prefixItems", "minItems", "maxItems"}
    | {"minimum", "maximum", "anyOf", "oneOf", "propertyOrdering"}
)
_FORMATS: Final = {
    "date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid",
}  # fmt: skip


def openai_faults(root: Schema) -> list[str]:
    faults = [] if root.get("type") == "object" and "anyOf" not in root else ["the root"]
    properties = choices = letters = 0
    for schema in _places(root):
        faults += [f"keyword {key}" for key in schema.keys() - _OPENAI]
        if not schema.keys() & {"type", "anyOf", "$ref"}:
            faults.append("no type")
        if "$ref" in schema and len(schema.keys() - {"$defs"}) > 1:
            faults.append("$ref with siblings")
        if schema.get("type") == "object":
            named = schema.get("properties", {})
            properties += len(named)
            letters += sum(map(len, named))
            if schema.get("additionalProperties") is not False:
                faults.append("an open object")
            if sorted(schema.get("required", ())) != sorted(named):
                faults.append("an optional property")
        if schema.get("format", "date") not in _FORMATS:
            faults.append(f"format {schema['format']}")
        if _LOOKS_AROUND.search(str(schema.get("pattern", ""))):
            faults.append("a pattern that looks around")
        texts = [v for v in [*schema.get("enum", ()), schema.get("const")] if isinstance(v, str)]
        choices += len(schema.get("enum", ()))
        letters += sum(map(len, [*texts, *schema.get("$defs", {})]))
        if len(texts) > 250 and sum(map(len, texts)) > 15_000:
            faults.append("a long enumeration")
    counts = {"properties": (properties, 5000), "choices": (choices, 1000)}
    counts |= {"letters": (letters, 120_000), "depth": (_depth(root), 10)}
    return faults + [f"{n} {what}" for what, (n, most) in counts.items() if n > most]


def anthropic_faults(root: Schema) -> list[str]:
    faults: list[str] = []
    optional = unions = 0
    for schema in _places(root):
        faults += [f"keyword {key}" for key in schema.keys() - _ANTHROPIC]
        if any(isinstance(value, dict | list) for value in schema.get("enum", ())):
            faults.append("a complex value")
        if not schema.keys() & {"type", "anyOf", "allOf", "$ref", "enum", "const"}:
            faults.append("no type")
        if schema.get("minItems", 0) not in (0, 1):
            faults.append("minItems")
        if schema.get("format", "uri") not in _FORMATS | {"uri"}:
            faults.append(f"format {schema['format']}")
        if not str(schema.get("$ref", "#")).startswith("#"):
            faults.append("a reference to elsewhere")
        if schema.get("type") == "object":
            named = schema.get("properties", {})
            optional += len(named.keys() - set(schema.get("required", ())))
            unions += sum(_is_union(inner) for inner in named.values())
            if schema.get("additionalProperties") is not False:
                faults.append("an open object")
    faults += ["recursion"] if _cycle(root) else []
    faults += ["too many optional"] if optional > 24 else []
    return faults + (["too many unions"] if unions > 16 else [])


def gemini_faults(root: Schema) -> list[str]:
    faults: list[str] = []
    for schema in _places(root):
        faults += [f"keyword {key}" for key in schema.keys() - _GEMINI]
        if any(isinstance(v, bool | dict | list | None) for v in schema.get("enum", ())):
            faults.append("an enumeration of others than strings and numbers")
        if "$ref" in schema and any(not key.startswith("$") for key in schema):
            faults.append("$ref with siblings")
        if schema.get("format", "date") not in ("date", "date-time", "time"):
            faults.append(f"format {schema['format']}")
    return faults + (["recursion that is required"] if _cycle(root, required=True) else [])


JUDGES: Final[Mapping[str, Judge]] = {
    "openai": openai_faults,
    "anthropic": anthropic_faults,
    "gemini": gemini_faults,
}


def _is_union(schema: Schema) -> bool:
    return "anyOf" in schema or isinstance(schema.get("type"), list)


def _places(root: Schema) -> Iterator[Schema]:
    waiting: list[Any] = [root]
    while waiting:
        schema = waiting.pop()
        if isinstance(schema, dict):
            yield schema
            waiting += [one for _, one in _below(schema)]
            for keyword in ("$defs", "definitions"):
                waiting += schema.get(keyword, {}).values()


def _below(schema: Schema) -> Iterator[tuple[bool, Any]]:
    """Give what stands directly below, and whether a value has to have it."""
    required = schema.get("required", ())
    named = schema.get("properties", {})
    yield from ((name in required, one) for name, one in named.items())
    for keyword in ("anyOf", "oneOf", "allOf", "prefixItems"):
        yield from ((True, one) for one in schema.get(keyword, ()))
    for keyword in ("items", "additionalProperties", "propertyNames", "not", "if", "then", "else"):
        if isinstance(schema.get(keyword), dict):
            yield True, schema[keyword]


def _target(root: Schema, reference: str) -> Any:
    found: Any = root
    for written in reference.removeprefix("#").split("/")[1:]:
        step = written.replace("~1", "/").replace("~0", "~").replace("%25", "%")
        found = found[int(step)] if isinstance(found, list) else found.get(step, {})
    return found


def _depth(root: Schema) -> int:
    """Return how many objects stand within each other; of what holds itself, as it is written."""
    known: dict[str, int] = {}
    endless = _cycle(root)

    def measure(schema: Any) -> int:
        if not isinstance(schema, dict):
            return 0
        reference = schema.get("$ref")
        if isinstance(reference, str):
            if reference not in known:
                known[reference] = 0 if endless else measure(_target(root, reference))
            return known[reference]
        below = max((measure(one) for _, one in _below(schema)), default=0)
        return below + (schema.get("type") == "object")

    return max(measure(one) for one in (root, *root.get("$defs", {}).values()))


def _cycle(root: Schema, *, required: bool = False) -> bool:
    """Whether something holds itself; with *required*, through nothing that may be absent."""
    state: dict[str, str] = {}

    def visit(schema: Any) -> bool:
        if not isinstance(schema, dict):
            return False
        reference = schema.get("$ref")
        if isinstance(reference, str) and reference.startswith("#"):
            if state.get(reference) == "open":
                return True
            if reference not in state:
                state[reference] = "open"
                found = visit(_target(root, reference))
                state[reference] = "done"
                if found:
                    return True
        return any(visit(one) for needed, one in _below(schema) if needed or not required)

    starts = [root, *root.get("$defs", {}).values()]
    return any(visit(start) for start in starts)
