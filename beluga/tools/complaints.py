"""What is wrong with a call's arguments, in lines that a model can mend them by.

Each line is a JSON pointer, what was expected, and what came. What came is the model's own text, so
it stands quoted and clipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from beluga.errors import ToolFailedError, tool_failed
from beluga.schema import JsonValue
from beluga.schemas.references import DEFS

__all__ = [
    "MOST_CHOICES",
    "MOST_LINES",
    "MOST_SHOWN",
    "Path",
    "clipped",
    "line",
    "quoted",
    "refused",
    "typed_line",
]

Path: TypeAlias = Sequence[str | int]
"""The keys and positions that lead to a value."""

MOST_LINES: Final = 10
MOST_SHOWN: Final = 80
MOST_CHOICES: Final = 30

_STEP: Final = re.compile(r"\.(\w+)|\[(\d+)\]")
_MISSING: Final = object()
_TELLING: Final = ("enum", "items", "properties")


def refused(lines: Iterable[str]) -> ToolFailedError:
    """Return the error that tells a model why its arguments were not taken."""
    found = list(dict.fromkeys(lines))
    more = [f"- and {len(found) - MOST_LINES} more"] if len(found) > MOST_LINES else []
    listed = [f"- {one}" for one in found[:MOST_LINES]]
    told = "\n".join([*listed, *more])
    return tool_failed(f"the arguments are not valid, so the tool was not run:\n{told}")


def line(path: Path, fault: str) -> str:
    """Say where the fault is; the arguments themselves are at the root."""
    steps = [str(step).replace("~", "~0").replace("/", "~1") for step in path]
    return f"{clipped('/' + '/'.join(steps)) if steps else '(arguments)'}: {fault}"


def clipped(text: str, most: int = MOST_SHOWN) -> str:
    """Return the beginning of *text*."""
    return text if len(text) <= most else f"{text[:most]}…"


def typed_line(
    error: msgspec.MsgspecError, name: str, value: JsonValue, schema: Mapping[str, JsonValue]
) -> str:
    """Say what msgspec found first in the argument *name*.

    Args:
        error: What was raised.
        name: The parameter.
        value: What came for it.
        schema: That of all the arguments, which knows the choices.
    """
    fault, _, place = str(error).partition(" - at `")
    path = [name, *_steps(place)]
    came = _at(value, path[1:]) if "[...]" not in place else _MISSING
    choices = _choices(schema, path)
    expected = f"; expected one of {choices}" if choices else ""
    got = "" if came is _MISSING else f"; got {quoted(came)}"
    return line(path, f"{fault[:1].lower()}{fault[1:].replace('`', '')}{expected}{got}")


def _steps(place: str) -> Iterator[str | int]:
    for key, position in _STEP.findall(place):
        yield int(position) if position else key


def _at(value: object, path: Path) -> object:
    for step in path:
        if isinstance(value, Mapping):
            value = value.get(step, _MISSING)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return _MISSING
    return value


def _choices(schema: Mapping[str, JsonValue], path: Path) -> str | None:
    """Return the values that a schema allows at *path*, if it lists them."""
    found: object = schema
    for step in path:
        here = _resolved(schema, found)
        if isinstance(step, int):
            found = here.get("items")
        else:
            properties = here.get("properties")
            found = properties.get(step) if isinstance(properties, Mapping) else None
    choices = _resolved(schema, found).get("enum")
    if not isinstance(choices, Sequence) or len(choices) > MOST_CHOICES:
        return None
    return ", ".join([quoted(choice) for choice in choices])


def _resolved(schema: Mapping[str, JsonValue], found: object) -> Mapping[str, object]:
    """Follow a reference; of alternatives take the first that says more than a type."""
    if not isinstance(found, Mapping):
        return {}
    reference, defs = found.get("$ref"), schema.get("$defs")
    if isinstance(reference, str) and isinstance(defs, Mapping):
        return _resolved(schema, defs.get(reference.removeprefix(DEFS)))
    options = found.get("anyOf")
    for option in options if isinstance(options, Sequence) else ():
        inner = _resolved(schema, option)
        if not inner.keys().isdisjoint(_TELLING):
            return inner
    return found


def quoted(value: object) -> str:
    """Return the beginning of a value as JSON."""
    return clipped(msgspec.json.encode(value, enc_hook=str).decode())
