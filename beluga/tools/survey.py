"""A foreign JSON Schema is walked before it is used: nothing remote, nothing huge, nothing slow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias
from urllib.parse import unquote

import msgspec

from beluga.errors import InvalidInputError, invalid_input
from beluga.linear_pattern import LinearPattern
from beluga.schema import JsonValue

__all__ = ["Survey", "survey"]

Schema: TypeAlias = dict[str, JsonValue]

MOST_TEXT: Final = 1_000_000
MOST_NODES: Final = 5_000
MOST_DEPTH: Final = 64
MOST_STATES: Final = 1_000

_ONE: Final = frozenset(
    [
        "additionalItems",
        "additionalProperties",
        "contains",
        "contentSchema",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    ]
)
"""Keywords that hold a schema, or a list of them."""
_LISTS: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_MAPS: Final = frozenset(
    {"$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"}
)
"""Keywords that hold schemas by name."""
_REFERENCES: Final = ("$ref", "$dynamicRef", "$recursiveRef")
_WHAT_PATTERNS_DECIDE: Final = ("additionalProperties", "unevaluatedProperties")


class Survey(msgspec.Struct, frozen=True):
    """What a walk has found.

    Attributes:
        schema: The schema as it will be checked.
        patterns: Its regular expressions, as they will be matched.
        unchecked: JSON pointers to what it says and nobody will check.
    """

    schema: Schema
    patterns: Mapping[str, LinearPattern]
    unchecked: tuple[str, ...]


def survey(schema: Mapping[str, JsonValue], name: str, *, allow_unchecked: bool) -> Survey:
    """Walk a schema that somebody else wrote.

    Args:
        schema: The schema of an object.
        name: Whose it is, for errors.
        allow_unchecked: Whether what cannot be checked in bounded time is left out; else it is
            refused.

    Raises:
        InvalidInputError: It refers to something outside of itself or that is not there, it is too
            large or too deep, or a pattern cannot be matched in linear time.
    """
    walk = _Walk(_copied(schema, name), name, allow_unchecked)
    walk.run()
    return Survey(walk.root, walk.patterns, tuple(walk.unchecked))


def _copied(schema: Mapping[str, JsonValue], name: str) -> Schema:
    text = msgspec.json.encode(schema)  # a ToolSpec holds what JSON can say
    if len(text) > MOST_TEXT:
        raise invalid_input(f"{name}: its schema is too large: {len(text):,} bytes")
    copied: Schema = msgspec.json.decode(text, type=dict)
    if copied.get("type", "object") != "object":
        raise invalid_input(
            f"{name}: a tool's arguments are an object; its schema has type {copied['type']!r:.80}"
        )
    if not isinstance(copied.get("$schema", ""), str):
        raise invalid_input(f"{name}: its schema's $schema is no address")
    for key in _addresses(copied):
        copied.pop(key, None)
    return copied


def _addresses(root: Schema) -> tuple[str, ...]:
    """Return the keywords that give a schema an address; it was `id` in draft 4."""
    return ("$id", "id") if "draft-04" in str(root.get("$schema")) else ("$id",)


class _Walk:
    def __init__(self, root: Schema, name: str, allow_unchecked: bool) -> None:
        self.root, self.name = root, name
        self.patterns: dict[str, LinearPattern] = {}
        self.unchecked: list[str] = []
        self._allow = allow_unchecked
        self._addresses = _addresses(root)
        self._seen: set[int] = set()
        self._references: list[tuple[str, str]] = []
        self._anchors: set[str] = {""}
        self._unevaluated: list[tuple[Schema, str]] = []
        self._by_pattern = False

    def run(self) -> None:
        waiting: list[tuple[JsonValue, str, int]] = [(self.root, "", 0)]
        while waiting:
            found, place, depth = waiting.pop()
            if not isinstance(found, dict) or id(found) in self._seen:
                continue
            self._seen.add(id(found))
            if len(self._seen) > MOST_NODES:
                raise self._wrong(f"has more than {MOST_NODES:,} parts")
            if depth > MOST_DEPTH:
                raise self._wrong(f"is nested more than {MOST_DEPTH} deep")
            self._note(found, place)
            waiting += [(inner, at, depth + 1) for inner, at in _inside(found, place)]
            if not waiting:
                waiting += self._referred()
        for found, place in self._unevaluated if self._by_pattern else ():
            del found["unevaluatedProperties"]
            self._leave_out(f"{place}/unevaluatedProperties", "it stands beside patternProperties")

    def _note(self, found: Schema, place: str) -> None:
        if place and any(isinstance(found.get(key), str) for key in (*self._addresses, "$schema")):
            raise self._wrong(f"holds another schema with an address of its own, at {place:.200}")
        for key in _REFERENCES:
            reference = found.get(key)
            if isinstance(reference, str):
                self._references.append((reference, f"{place}/{key}"))
        for key in ("$anchor", "$dynamicAnchor"):
            self._anchors.add(str(found.get(key, "")))
        if "unevaluatedProperties" in found:
            self._unevaluated.append((found, place))
        pattern = found.get("pattern")
        if isinstance(pattern, str) and not self._compile(pattern, f"{place}/pattern"):
            del found["pattern"]
        self._note_keys(found, place)

    def _note_keys(self, found: Schema, place: str) -> None:
        by_pattern = found.get("patternProperties")
        if not isinstance(by_pattern, dict):
            return
        self._by_pattern = True
        for pattern in list(by_pattern):
            at = f"{place}/patternProperties/{_escaped(pattern)}"
            if self._compile(pattern, at):
                continue
            del by_pattern[pattern]
            for key in _WHAT_PATTERNS_DECIDE:
                if found.pop(key, None) is not None:
                    self.unchecked.append(f"{place}/{key}")

    def _compile(self, pattern: str, place: str) -> bool:
        """Compile a pattern, and return whether it can be."""
        if pattern in self.patterns:
            return True
        try:
            made = LinearPattern(pattern)
        except InvalidInputError as error:
            self._leave_out(place, error.message)
            return False
        if made.size > MOST_STATES:
            self._leave_out(place, f"the pattern is too large: {pattern!r:.80}")
            return False
        self.patterns[pattern] = made
        return True

    def _leave_out(self, place: str, why: str) -> None:
        if not self._allow:
            raise self._wrong(
                f"cannot be checked in bounded time at {place:.200}: {why}; with "
                "allow_unchecked=True it is left to the tool"
            )
        self.unchecked.append(place)

    def _referred(self) -> Iterator[tuple[JsonValue, str, int]]:
        """Give what references point to, which may stand under keywords that nobody knows."""
        references, self._references = self._references, []
        for reference, place in references:
            pointer = unquote(reference.removeprefix("#"))
            if not reference.startswith("#"):
                raise self._wrong(
                    f"refers to {reference!r:.80} at {place:.200}; only references inside it, "
                    "beginning with #, are followed: put in its place what it refers to"
                )
            if pointer.startswith("/"):
                yield self._at(pointer, place), pointer, 0
            elif pointer not in self._anchors:
                raise self._wrong(
                    f"refers to {reference!r:.80} at {place:.200}, which is not there"
                )

    def _at(self, pointer: str, place: str) -> JsonValue:
        found: JsonValue = self.root
        for step in pointer.split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            if isinstance(found, dict) and key in found:
                found = found[key]
            elif isinstance(found, list) and re.fullmatch("[0-9]{1,6}", key, re.ASCII):
                found = found[int(key)] if int(key) < len(found) else None
            else:
                found = None
            if found is None:
                raise self._wrong(f"refers to {pointer!r:.80} at {place:.200}, which is not there")
        return found

    def _wrong(self, what: str) -> InvalidInputError:
        return invalid_input(f"{self.name}: its schema {what}")


def _inside(found: Schema, place: str) -> Iterator[tuple[JsonValue, str]]:
    """Give the schemas that stand in a schema, with their places."""
    for key, value in found.items():
        if key in _MAPS and isinstance(value, dict):
            for name, inner in value.items():
                yield inner, f"{place}/{key}/{_escaped(name)}"
        elif (key in _LISTS or key in _ONE) and isinstance(value, list):
            for position, inner in enumerate(value):
                yield inner, f"{place}/{key}/{position}"
        elif key in _ONE:
            yield value, f"{place}/{key}"


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
