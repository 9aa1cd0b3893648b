"""Members of a union that look alike on the wire, and are not, get a tag each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from beluga.schemas.merging import Raw
from beluga.schemas.objects import object_wire
from beluga.schemas.records import Entries, Field, Positions, Record
from beluga.schemas.shapes import Leaf, ListOf, MapOf, OneOf, Reference, Tagged, Text
from beluga.schemas.tuples import Tuple
from beluga.schemas.walk import Shape

__all__ = ["tell_apart"]

_MANY = 100
"""More members than this are not compared pair by pair."""
_ALL = frozenset({"null", "boolean", "integer", "number", "string", "object", "array"})


def tell_apart(references: Sequence[Reference], unions: Sequence[tuple[OneOf, list[Raw]]]) -> None:
    """Find out what looks the same on both sides, and tag what could be taken for something else.

    Args:
        references: All there are; what they say of themselves is settled here.
        unions: All there are, with their members' schemas, which are changed in place.
    """
    changed = True
    while changed:
        changed = False
        for reference in references:
            if reference.same and not reference.target.is_same():
                reference.same, changed = False, True
    for union, wires in unions:
        for number in _alike(union.options):
            tag = f"option_{number + 1}"
            inner = dict(wires[number])
            wires[number].clear()
            wires[number].update(object_wire({tag: inner}, [tag]))
            union.options[number] = Tagged(tag, union.options[number])


def _alike(options: Sequence[Shape]) -> list[int]:
    """Return the members that could be taken for another one with another meaning."""
    found: set[int] = set()
    if len(options) > _MANY:
        return [number for number, option in enumerate(options) if not option.is_same()]
    for (i, a), (j, b) in combinations(enumerate(options), 2):
        if not (a.is_same() and b.is_same()) and _overlap(a, b):
            found |= {i, j}
    return sorted(found)


def _overlap(a: Shape, b: Shape) -> bool:
    a, b = _resolved(a), _resolved(b)
    if not _kinds(a, frozenset()) & _kinds(b, frozenset()):
        return False
    if (
        isinstance(a, Leaf)
        and isinstance(b, Leaf)
        and a.values is not None
        and b.values is not None
    ):
        return any(value in b.values for value in a.values)
    ours, theirs = _fields(a), _fields(b)
    if ours is None or theirs is None:
        return True
    return not (_misses(ours, theirs) or _misses(theirs, ours) or _differ(ours, theirs))


def _misses(ours: dict[str, Field], theirs: dict[str, Field]) -> bool:
    """Whether one of ours is always there, and never theirs."""
    return any((f.required or f.nullable) and name not in theirs for name, f in ours.items())


def _differ(ours: dict[str, Field], theirs: dict[str, Field]) -> bool:
    """Whether a property that both have has no value in common."""
    for name, field in ours.items():
        a, b = _resolved(field.shape), _resolved(theirs[name].shape) if name in theirs else None
        if not (field.required and isinstance(a, Leaf) and isinstance(b, Leaf)):
            continue
        if theirs[name].required and a.values is not None and b.values is not None:
            apart = not any(value in b.values for value in a.values)
            if apart:
                return True
    return False


def _fields(shape: Shape) -> dict[str, Field] | None:
    """Return the properties of an object that has no others."""
    match shape:
        case Record(open=None):
            fields = dict(shape.fields)
        case Positions():
            fields = dict(shape.fields)
        case Tagged():
            return {shape.tag: Field(shape.inner, required=True)}
        case _:
            return None
    if shape.rest is not None:
        fields[shape.rest[0]] = Field(shape.rest[1], required=True)
    return fields


def _resolved(shape: Shape) -> Shape:
    met: set[int] = set()
    while isinstance(shape, Reference) and id(shape) not in met:
        met.add(id(shape))
        shape = shape.target
    return shape


def _kinds(shape: Shape, met: frozenset[int]) -> frozenset[str]:
    match shape:
        case Leaf(kind=None):
            return _ALL
        case Leaf(kind="number"):
            return frozenset({"integer", "number"})
        case Leaf(kind=str(kind)):
            return frozenset({kind})
        case Text():
            return frozenset({"string"})
        case ListOf() | Entries() | Tuple():
            return frozenset({"array"})
        case Record() | Positions() | Tagged() | MapOf():
            return frozenset({"object"})
        case OneOf():
            return frozenset[str]().union(*(_kinds(option, met) for option in shape.options))
        case Reference() if id(shape) not in met:
            return _kinds(shape.target, met | {id(shape)})
        case _:
            return frozenset()
