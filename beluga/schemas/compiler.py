"""A schema becomes what a provider takes, and the shape that leads from one to the other.

Every place is looked at once: what is referred to becomes a definition, so that what goes out is
never longer than a few times what came in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from beluga.errors import invalid_input
from beluga.schemas.arrays import build_array
from beluga.schemas.building import Built, Words, child, definition_name, free
from beluga.schemas.document import Document, check_types
from beluga.schemas.merging import ANNOTATIONS, Raw, flat, types_of
from beluga.schemas.objects import build_object
from beluga.schemas.references import DEFS, inlined, reached
from beluga.schemas.rules import Rules
from beluga.schemas.scalars import build_choice, build_scalar
from beluga.schemas.shapes import Leaf, OneOf, Reference, Text
from beluga.schemas.telling import tell_apart
from beluga.schemas.walk import Shape

__all__ = ["MOST_COPIED", "Compiled", "compile_schema", "may_be_object"]

_NO_OBJECT: Final = frozenset(
    {"array", "string", "number", "integer", "boolean", "null"}
    | {"anyOf", "oneOf", "enum", "const", "items", "prefixItems"}
)
MOST_COPIED: Final = 65_536
"""Bytes of definitions that are repeated for the sake of words."""
_PARTS: Final = ("anyOf", "oneOf", "allOf")
_UNSAID: Final = ("not", "if", "then", "else", "$dynamicRef", "$recursiveRef")


class Compiled(msgspec.Struct, frozen=True):
    """What came of a schema.

    Attributes:
        wire: What goes out.
        shape: Leads from one to the other.
        moved: What is only said in words now: the keyword, and the JSON pointer to where it stood.
    """

    wire: Raw
    shape: Shape
    moved: tuple[tuple[str, str], ...]


def compile_schema(schema: Raw, rules: Rules) -> Compiled:
    """Make of *schema* what *rules* allow.

    Raises:
        InvalidInputError: It is no JSON Schema, too large, or refers to what is not in it.
    """
    return _Compiler(schema, rules).run()


class _Compiler:
    def __init__(self, schema: Raw, rules: Rules) -> None:
        self.rules = rules
        self._document = Document(schema)
        self._moved: dict[tuple[str, str], None] = {}
        self._names: dict[str, str] = {}
        self._shapes: dict[str, Reference] = {}
        self._defs: dict[str, Raw] = {}
        self._reworded: dict[tuple[str, str], str] = {}
        self._wanted: list[tuple[str, str, Raw, str]] = []
        self._open: dict[str, int] = {}
        self._recursive: list[bool] = []
        self._unions: list[tuple[OneOf, list[Raw]]] = []

    def run(self) -> Compiled:
        root = self._reference("#", Words({}), "", 0)
        self._reword()
        tell_apart(list(self._shapes.values()), self._unions)
        wire = inlined(root.wire, self._defs)
        used = {name: self._defs[name] for name in reached(wire, self._defs)}
        return Compiled({**wire, "$defs": used} if used else wire, root.shape, tuple(self._moved))

    def _reword(self) -> None:
        """Make the definitions that differ in words; in place of many large copies, none."""
        originals = {name: original for name, original, _, _ in self._wanted}
        solid: dict[str, str] = {}
        for name in self._defs:
            self._solid(name, originals, solid)
        copied = 0
        for name, original, words, at in self._wanted:
            target = self._defs[solid[original]]
            copied += len(msgspec.json.encode(target))
            self._defs[name] = {**target, **words}
            if copied > MOST_COPIED:
                self._defs[name] = {"$ref": f"{DEFS}{original}"}
                self._moved["description", at] = None

    def _solid(self, name: str, originals: Mapping[str, str], known: dict[str, str]) -> None:
        """Note which definition *name* stands for in the end, if it only refers to another."""
        passed: dict[str, None] = {}
        while name not in known:
            if name in passed:
                raise invalid_input(f"the JSON Schema refers to {name!r} in a circle of references")
            passed[name] = None
            reference = self._defs[name].get("$ref")
            if name in originals:
                name = originals[name]
            elif isinstance(reference, str):
                name = reference.removeprefix(DEFS)
            else:
                known[name] = name
        known.update(dict.fromkeys(passed, known[name]))

    def move(self, words: Words, keyword: str, value: object, at: str) -> None:
        """Say a constraint in words, and note that nobody enforces it."""
        words.leave(keyword, value)
        self._moved[keyword, at] = None

    def build_property(self, raw: Any, at: str, depth: int) -> tuple[Built, bool]:
        """Build a property; the flag tells that it must not be required."""
        self._recursive.append(False)
        built = self.build(raw, at, depth)
        return built, self._recursive.pop()

    def takes_null(self, raw: Any, depth: int = 0) -> bool:
        """Whether null is one of the values of *raw*."""
        if not isinstance(raw, dict):
            return raw is not False
        self._document.spend(1, depth)
        schema = flat(raw, self._document.follow, _unheard)
        if "$ref" in schema:
            target = self._document.follow(schema["$ref"])
            return target is not None and self.takes_null(target, depth + 1)
        if "anyOf" in schema:
            return any(self.takes_null(option, depth + 1) for option in schema["anyOf"])
        if "const" in schema or "enum" in schema:
            return None in ([schema["const"]] if "const" in schema else schema["enum"])
        kinds = types_of(schema)
        return not kinds or "null" in kinds

    def build(self, raw: Any, at: str, depth: int) -> Built:
        """Build the place that *raw* describes, which is at the JSON pointer *at*."""
        if not isinstance(raw, dict | bool):
            raise invalid_input(f"the JSON Schema holds {raw!r} at {at or '/'}, which is no schema")
        given: Raw = raw if isinstance(raw, dict) else {}
        schema = given
        parts = sum(len(schema[k]) for k in _PARTS if isinstance(schema.get(k), list))
        self._document.spend(1 + len(schema) + parts, depth)
        left: list[str] = []
        if schema.get("$ref") in self._open:  # merged with its siblings it would never end
            left = [k for k in schema if k != "$ref" and k not in ANNOTATIONS]
            schema = {k: v for k, v in schema.items() if k not in left}
        else:
            schema = flat(schema, self._document.follow, left.append)
        words = Words(schema)
        for keyword in left:
            self.move(words, keyword, given.get(keyword), at)
        for keyword in _UNSAID:
            if keyword in schema:
                self.move(words, keyword, schema[keyword], at)
        if isinstance(schema.get("$ref"), str):
            return self._reference(schema["$ref"], words, at, depth)
        if "anyOf" in schema:
            return self._union(schema["anyOf"], words, at, depth)
        if "enum" in schema or "const" in schema:
            built = build_choice(self, schema, words, at)
            if built is not None:
                return built
            keyword = "enum" if "enum" in schema else "const"
            self.move(words, keyword, schema[keyword], at)
        return self._by_type(schema, words, at, depth)

    def _by_type(self, schema: Raw, words: Words, at: str, depth: int) -> Built:
        kinds = types_of(schema)
        check_types(kinds, at)
        match kinds:
            case ["object"]:
                return build_object(self, schema, words, at, depth)
            case ["array"]:
                return build_array(self, schema, words, at, depth)
            case [kind]:
                return build_scalar(self, kind, schema, words, at)
            case _:
                return self._anything(words)

    def _anything(self, words: Words, what: str = "any value") -> Built:
        if self.rules.anything and what == "any value":
            return Built(words.keywords(), Leaf())
        words.note(f"{what}, as JSON text")
        return Built({"type": "string", **words.keywords()}, Text())

    def _union(self, options: list[Any], words: Words, at: str, depth: int) -> Built:
        different: dict[object, Built] = {}
        for number, option in enumerate(options):
            built = self.build(option, child(at, "anyOf", number), depth + 1)
            same = built.shape.is_same()
            different.setdefault(msgspec.json.encode(built.wire) if same else number, built)
        found = list(different.values())
        if not found:
            return self._anything(words)
        if len(found) == 1:
            return Built(self._with_words(found[0].wire, words, at), found[0].shape)
        union, wires = OneOf([b.shape for b in found]), [dict(b.wire) for b in found]
        self._unions.append((union, wires))
        return Built({"anyOf": wires, **words.keywords()}, union)

    def _reference(self, reference: str, words: Words, at: str, depth: int) -> Built:
        self._document.spend(1, depth)
        if reference in self._open and self._must_cut(reference, at):
            return self._anything(words, f"one more of {definition_name(reference)}")
        if reference not in self._names:
            self._define(reference, depth)
        wire = {"$ref": f"{DEFS}{self._names[reference]}"}
        return Built(self._with_words(wire, words, at), self._shapes[reference])

    def _with_words(self, wire: Raw, words: Words, at: str) -> Raw:
        said = words.keywords()
        reference = wire.get("$ref")
        if not said or not isinstance(reference, str):
            return {**wire, **said}
        return {"$ref": f"{DEFS}{self._rewording(reference.removeprefix(DEFS), said, at)}"}

    def _must_cut(self, reference: str, at: str) -> bool:
        """Whether text must stand where a type holds itself, or else a property become free."""
        if self.rules.recursion == "optional" and len(self._recursive) > self._open[reference]:
            self._recursive[-1] = True
            return False
        if self.rules.recursion == "reference":
            return False
        self.move(Words({}), "$ref", None, at)
        return True

    def _define(self, reference: str, depth: int) -> None:
        pointer = reference.removeprefix("#")
        name = free(definition_name(pointer), self._defs)
        self._names[reference], self._shapes[reference] = name, Reference()
        self._defs[name] = {}
        self._open[reference] = len(self._recursive)
        built = self.build(self._document.target(reference), pointer, depth + 1)
        del self._open[reference]
        self._defs[name] = built.wire
        self._shapes[reference].target = built.shape

    def _rewording(self, name: str, words: Raw, at: str) -> str:
        """Return the name of a definition like *name* with other words; none stand by `$ref`."""
        key = (name, msgspec.json.encode(words).decode())
        if key not in self._reworded:
            other = self._reworded[key] = free(name, self._defs)
            self._defs[other] = {}
            self._wanted.append((other, name, words, at))
        return self._reworded[key]


def _unheard(_keyword: str) -> None:
    """What is only looked at loses nothing."""


def may_be_object(schema: Mapping[str, Any]) -> bool:
    """Whether a schema's root can pass for an object with whoever looks at it."""
    kind = schema.get("type")
    if kind is None:
        return "properties" in schema or not schema.keys() & _NO_OBJECT
    return isinstance(kind, str) and kind not in _NO_OBJECT
