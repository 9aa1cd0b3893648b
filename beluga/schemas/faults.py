"""What is wrong with a value that a model wrote, in lines that it can mend it by.

What the model has said stands quoted and clipped: it may have been led by somebody to say it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Final

import msgspec

from beluga.schema import JsonValue

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.validators import Draft202012Validator

__all__ = ["MOST_FAULTS", "faults_of", "plainly", "pointer", "quoted", "typed_fault"]

MOST_FAULTS: Final = 10
MOST_QUOTED: Final = 80
MOST_CHOICES: Final = 20
MOST_NODES: Final = 20_000
"""Values within one; what has more is not searched for further faults than the first."""

UNKNOWN: Final = "..."
"""What a decoder says in place of a key of a dict."""

_STEP: Final = re.compile(r"\.([^.\[`]+)|\[(\d+|\.\.\.)\]")
_GOT: Final = re.compile(r", got `\w+`$")
_NOWHERE: Final = object()


def faults_of(
    value: JsonValue, schema: Mapping[str, JsonValue], at: Sequence[str] = ()
) -> list[str]:
    """Return what in *value* does not obey *schema*, in the order of the schema.

    There is one line more than `MOST_FAULTS` if there are more faults than that, and none for a
    value that is too large or too deep to be searched.

    Args:
        value: What a model wrote.
        schema: What it should have been.
        at: Where *value* stands in all that it wrote.
    """
    if not _is_searchable(value):
        return []
    errors = _validator(msgspec.json.encode(schema)).iter_errors(value)
    try:
        found = list(dict.fromkeys(islice((_told(error, at) for error in errors), MOST_FAULTS + 1)))
    except RecursionError:
        return []
    return found if len(found) <= MOST_FAULTS else [*found[:MOST_FAULTS], "and more"]


def typed_fault(reason: str, value: JsonValue, at: Sequence[str] = ()) -> str:
    """Say what a decoder has said of *value*, with the place as a JSON pointer.

    A decoder does not tell the key of what stands in a dict; nor is it told then what came.
    """
    fault, _, place = reason.partition(" - at `")
    steps = [
        key or (index if index == UNKNOWN else int(index))
        for key, index in _STEP.findall(place.removeprefix("$"))
    ]
    came, got = _reached(value, steps), ""
    if came is not _NOWHERE:
        fault, got = _GOT.sub("", fault), f", got {quoted(came)}"
    told = plainly(fault.replace("`", ""))
    return f"{pointer([*at, *steps])}: {told}{got}"


def _reached(value: object, steps: Sequence[str | int]) -> object:
    for step in steps:
        if isinstance(value, dict):
            value = value.get(step, _NOWHERE)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return _NOWHERE
    return value


def plainly(text: str) -> str:
    """Return a text that may hold what a model has said: in one line, and not too long."""
    return _clipped(_in_one_line(text), 3 * MOST_QUOTED)


@lru_cache(maxsize=64)
def _validator(schema: bytes) -> Draft202012Validator:
    from jsonschema.validators import Draft202012Validator

    return Draft202012Validator(_without_comparisons(msgspec.json.decode(schema)))


def _without_comparisons(schema: JsonValue) -> dict[str, JsonValue]:
    """Leave out `uniqueItems`, which jsonschema checks in quadratic time and decoders ignore."""
    document: dict[str, JsonValue] = dict(schema) if isinstance(schema, dict) else {}
    for one in _nodes(document):
        if isinstance(one, dict) and one.get("uniqueItems") is True:
            del one["uniqueItems"]
    return document


def _told(error: ValidationError, at: Sequence[str]) -> str:
    error = _innermost(error)
    tell = _TOLD.get(error.validator or "")
    told = plainly(error.message) if tell is None else tell(error)
    got = "" if error.validator in _WITHOUT_VALUE else f", got {quoted(error.instance)}"
    return f"{pointer([*at, *error.absolute_path])}: {told}{got}"


def _innermost(error: ValidationError) -> ValidationError:
    """Say what is wrong with the member of a union that the value is meant to be."""
    from jsonschema.exceptions import best_match

    while error.validator in _UNIONS and error.context:
        strangers = {_member(inner) for inner in error.context if _is_stranger(inner)}
        likely = best_match([one for one in error.context if _member(one) not in strangers])
        if likely is None:
            tags = [inner for inner in error.context if inner.relative_path]
            return tags[0] if tags else error
        error = likely
    return error


def _member(inner: ValidationError) -> str | int:
    """Return which member of a union an error is of."""
    return inner.relative_schema_path[0]


def _is_stranger(inner: ValidationError) -> bool:
    """Whether the value is of another kind, or has another tag, than this member of a union."""
    if inner.validator == "const":
        return True
    return inner.validator in {"type", "enum"} and not inner.relative_path


def _types(error: ValidationError) -> str:
    wanted = error.validator_value
    kinds = _list(wanted) or [wanted]
    return f"expected {' or '.join([str(kind) for kind in kinds])}"


def _choices(error: ValidationError) -> str:
    values = _list(error.validator_value)
    shown = [quoted(value) for value in values[:MOST_CHOICES]]
    return f"expected one of {', '.join(shown)}{', …' if len(values) > MOST_CHOICES else ''}"


def _constant(error: ValidationError) -> str:
    """Tell the constant; or, of a tag, all that it may be."""
    errors = [error]
    if error.parent is not None and error.parent.validator in _UNIONS:
        errors = [
            one
            for one in error.parent.context or ()
            if one.validator == "const" and one.relative_path == error.relative_path
        ]
    shown = list(dict.fromkeys([quoted(one.validator_value) for one in errors]))
    return f"expected {'one of ' if len(shown) > 1 else ''}{', '.join(shown[:MOST_CHOICES])}"


def _missing(error: ValidationError) -> str:
    instance = error.instance if isinstance(error.instance, Mapping) else {}
    absent = [name for name in _list(error.validator_value) if name not in instance]
    return f"missing {', '.join([quoted(name) for name in absent])}"


def _unknown(error: ValidationError) -> str:
    known = error.schema.get("properties") if isinstance(error.schema, Mapping) else None
    names = known if isinstance(known, Mapping) else {}
    instance = error.instance if isinstance(error.instance, Mapping) else {}
    strange = [quoted(name) for name in instance if name not in names]
    return f"there is no such field as {', '.join(strange[:MOST_CHOICES])}"


def _union(error: ValidationError) -> str:
    kinds = [one for one in error.context or () if one.validator in _KINDS]
    told = [_KINDS[str(one.validator)](one).removeprefix("expected ") for one in kinds]
    members = list(dict.fromkeys(told))
    return f"expected {' or '.join(members)}" if members else "fits none of the alternatives"


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


_UNIONS: Final = frozenset({"anyOf", "oneOf"})
_KINDS: Final[Mapping[str, Callable[[ValidationError], str]]] = {
    "type": _types,
    "enum": _choices,
    "const": lambda error: quoted(error.validator_value),
}
_TOLD: Final[Mapping[str, Callable[[ValidationError], str]]] = {
    "type": _types,
    "enum": _choices,
    "const": _constant,
    "required": _missing,
    "additionalProperties": _unknown,
    "anyOf": _union,
    "oneOf": _union,
    "minimum": lambda error: f"expected at least {error.validator_value}",
    "maximum": lambda error: f"expected at most {error.validator_value}",
    "exclusiveMinimum": lambda error: f"expected more than {error.validator_value}",
    "exclusiveMaximum": lambda error: f"expected less than {error.validator_value}",
    "multipleOf": lambda error: f"expected a multiple of {error.validator_value}",
    "minLength": lambda error: f"expected {error.validator_value} characters or more",
    "maxLength": lambda error: f"expected {error.validator_value} characters or fewer",
    "minItems": lambda error: f"expected {error.validator_value} items or more",
    "maxItems": lambda error: f"expected {error.validator_value} items or fewer",
    "pattern": lambda error: f"expected text that matches {quoted(error.validator_value)}",
}

_WITHOUT_VALUE: Final = frozenset({"required", "additionalProperties"})


def pointer(steps: Sequence[str | int], root: str = "(the whole answer)") -> str:
    """Return a JSON pointer in one line, and not too long; *root* if it leads nowhere."""
    if not steps:
        return root
    names = [str(step).replace("~", "~0").replace("/", "~1") for step in steps]
    return _clipped(_in_one_line("/" + "/".join(names)), 2 * MOST_QUOTED)


def quoted(value: object) -> str:
    """Return the beginning of a value as JSON, or how large it is."""
    match value:
        case dict():
            return f"an object with {len(value)} fields"
        case list():
            return f"an array with {len(value)} items"
        case str():
            value = value[: MOST_QUOTED + 1]
        case _:
            pass
    return _clipped(msgspec.json.encode(value).decode(), MOST_QUOTED)


def _in_one_line(text: str) -> str:
    return text if text.isprintable() else msgspec.json.encode(text).decode()[1:-1]


def _clipped(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


def _is_searchable(value: JsonValue) -> bool:
    nodes = islice(_nodes(value), MOST_NODES)
    return sum(1 for _ in nodes) < MOST_NODES


def _nodes(value: JsonValue) -> Iterator[object]:
    waiting: list[object] = [value]
    while waiting:
        one = waiting.pop()
        yield one
        inner: Iterable[object] = ()
        if isinstance(one, dict):
            inner = one.values()
        elif isinstance(one, list):
            inner = one
        waiting.extend(inner)
