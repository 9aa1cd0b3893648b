"""Values are checked against foreign JSON Schemas by jsonschema, within bounds.

jsonschema matches patterns by backtracking, compares all pairs for `uniqueItems`, writes the whole
value into every error, and follows alternatives however many they are. Here patterns take linear
time, pairs are not compared, values write themselves short, and every step is counted.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from beluga.errors import invalid_input
from beluga.linear_pattern import LinearPattern
from beluga.schema import JsonValue
from beluga.tools.complaints import (
    MOST_CHOICES,
    MOST_LINES,
    MOST_SHOWN,
    clipped,
    line,
    quoted,
)
from beluga.tools.survey import Survey

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.validators import Draft202012Validator as Validator

__all__ = ["Checker", "TooMuchError"]

Keyword: TypeAlias = "Callable[..., Iterable[ValidationError] | None]"

STATES_A_STEP: Final = 30
"""How many states of a pattern cost as much as one step of jsonschema."""
REFERENCE: Final = 30
"""How many steps it costs to follow a reference."""
REFERENCES: Final = frozenset({"$ref", "$dynamicRef", "$recursiveRef"})

_KNOWN: Final[dict[type[Validator], type[Validator]]] = {}


class TooMuchError(Exception):
    """The check takes more steps than it may."""


class _Work(threading.local):
    """What the check that runs in this thread may still do."""

    left: int = 0
    patterns: Mapping[str, LinearPattern] = {}

    def spend(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise TooMuchError

    def matches(self, pattern: str, text: str) -> bool:
        found = self.patterns[pattern]
        self.spend(len(text) * found.size // STATES_A_STEP)
        return found.found_in(text)


_work: Final = _Work()


class Checker:
    """Check values against one schema.

    Raises:
        InvalidInputError: The schema is none, by its own draft of JSON Schema.
    """

    def __init__(self, found: Survey, name: str) -> None:
        from jsonschema.exceptions import SchemaError
        from jsonschema.validators import Draft202012Validator, validator_for
        from referencing import Registry

        try:
            draft = validator_for(found.schema, default=Draft202012Validator)
        except ValueError as error:  # of urllib, for an address that is none
            raise invalid_input(f"{name}: its schema's $schema is no address: {error}") from None
        if "allOf" not in draft.VALIDATORS:
            raise invalid_input(f"{name}: its schema is of draft 3; write it in a later one")
        try:
            draft.check_schema(found.schema)
        except SchemaError as error:
            at = "/".join([str(step) for step in error.absolute_path])
            raise invalid_input(
                f"{name}: its schema is not valid at /{at}: {error.message:.200}"
            ) from None
        self._patterns = found.patterns
        # A registry of its own, for the default one fetches what references name.
        self._validator = _bounded(draft)(found.schema, registry=Registry())

    def complaints(self, value: JsonValue, steps: int) -> list[str]:
        """Return what is wrong with *value*, a line each; no more lines than a model reads.

        Args:
            value: Parsed JSON.
            steps: How much work it may take; about a microsecond or a few each.

        Raises:
            TooMuchError: It would take more.
        """
        _work.left, _work.patterns = steps, self._patterns
        try:
            errors = self._validator.iter_errors(_short(value))
            return [_complaint(error) for error in islice(errors, MOST_LINES + 1)]
        except RecursionError:
            raise TooMuchError from None


def _complaint(error: ValidationError) -> str:
    from jsonschema.exceptions import best_match

    while error.validator in ("anyOf", "oneOf") and error.context:
        inner = best_match(error.context)
        if inner is None or inner is error:
            break
        error = inner
    got = f"; got {quoted(error.instance)}"
    match error.validator:
        case "type":
            wanted = error.validator_value
            kinds = wanted if isinstance(wanted, list) else [wanted]
            fault = f"expected {' or '.join([str(kind) for kind in kinds])}{got}"
        case "enum" if isinstance(error.validator_value, list):
            choices = [quoted(choice) for choice in error.validator_value[:MOST_CHOICES]]
            fault = f"expected one of {', '.join(choices)}{got}"
        case "const":
            fault = f"expected {quoted(error.validator_value)}{got}"
        case "required" | "additionalProperties" | "uniqueItems":
            fault = error.message
        case _:
            fault = f"{clipped(_SHORT.sub('it', error.message), 2 * MOST_SHOWN)}{got}"
    return line(list(error.absolute_path), fault)


_SHORT: Final = re.compile(r"'…'|\{…\}|\[…\]")


class _Object(dict[str, object]):
    def __repr__(self) -> str:
        return "{…}"


class _Array(list[object]):
    def __repr__(self) -> str:
        return "[…]"


class _Text(str):
    __slots__ = ()

    def __repr__(self) -> str:
        return "'…'"


def _short(value: object) -> object:
    """Return *value* made of what writes itself short."""
    _work.spend(1)
    if isinstance(value, str):
        return _Text(value)
    if isinstance(value, Mapping):
        return _Object({key: _short(inner) for key, inner in value.items()})
    if isinstance(value, list):
        return _Array([_short(inner) for inner in value])
    return value


def _bounded(draft: type[Validator]) -> type[Validator]:
    from jsonschema.validators import extend

    if draft in _KNOWN:
        return _KNOWN[draft]
    own: dict[str, Keyword] = {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "uniqueItems": _unique_items,
        "additionalProperties": _additional_properties,
        "required": _required,
    }
    known = {key: own.get(key, keyword) for key, keyword in draft.VALIDATORS.items()}
    counted = {
        key: _counted(keyword, REFERENCE if key in REFERENCES else 1)
        for key, keyword in known.items()
    }
    _KNOWN[draft] = extend(draft, counted)
    return _KNOWN[draft]


def _counted(keyword: Keyword, cost: int) -> Keyword:
    def check(
        validator: Validator, value: object, instance: object, schema: object
    ) -> Iterable[ValidationError] | None:
        size = len(instance) if isinstance(instance, list | dict) else 0
        _work.spend(cost + size // 8)
        return keyword(validator, value, instance, schema)

    return check


def _pattern(
    _validator: Validator, pattern: str, instance: object, _schema: object
) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _work.matches(pattern, instance):
        yield _error(f"it does not match {pattern}")


def _pattern_properties(
    validator: Validator, patterns: Mapping[str, object], instance: object, _schema: object
) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    for pattern, inner in patterns.items():
        for key, value in instance.items():
            if _work.matches(pattern, key):
                yield from validator.descend(value, inner, path=key)


def _additional_properties(
    validator: Validator, additional: object, instance: object, schema: Mapping[str, object]
) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    named, patterns = schema.get("properties"), schema.get("patternProperties")
    known = named if isinstance(named, Mapping) else {}
    shapes = patterns if isinstance(patterns, Mapping) else {}
    for key, value in instance.items():
        if key in known or any(_work.matches(shape, key) for shape in shapes):
            continue
        if additional is False:
            yield _error("there is no such property", key)
        elif isinstance(additional, Mapping):
            yield from validator.descend(value, additional, path=key)


def _required(
    _validator: Validator, required: object, instance: object, _schema: object
) -> Iterator[ValidationError]:
    if isinstance(instance, dict) and isinstance(required, list):
        for key in required:
            if key not in instance:
                yield _error("it is required, and missing", key)


def _unique_items(
    _validator: Validator, unique: object, instance: object, _schema: object
) -> Iterator[ValidationError]:
    if not unique or not isinstance(instance, list):
        return
    seen = set()
    for item in instance:
        key = _canonical(item)
        _work.spend(1 + len(key) // 8)
        if key in seen:
            yield _error("it has equal items")
            return
        seen.add(key)


def _canonical(value: object) -> bytes:
    """Return the same bytes for what JSON Schema calls equal: 1 and 1.0 are, 1 and true are not."""
    return msgspec.json.encode(_whole(value), enc_hook=str, order="sorted")


def _whole(value: object) -> object:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_whole(inner) for inner in value]
    if isinstance(value, dict):
        return {str(key): _whole(inner) for key, inner in value.items()}
    return value


def _error(message: str, *path: str) -> ValidationError:
    from jsonschema.exceptions import ValidationError

    error = ValidationError(message)
    error.path.extend(path)
    return error
