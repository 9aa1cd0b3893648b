"""Objects and tuples, and what a provider's wire has in their place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from beluga.schema import JsonValue
from beluga.schemas.walk import MISMATCH, Mismatch, Shape, Turned, Walk

__all__ = ["Entries", "Field", "Positions", "Record"]


class Field(msgspec.Struct, frozen=True):
    """A property of an object, or a place of a tuple.

    Attributes:
        shape: Of its value.
        required: Whether the user's schema demands it.
        nullable: Whether null on the wire stands for its absence.
        takes_null: Whether null is one of its values.
        default: What its absence means, if the schema says so; else `msgspec.UNSET`.
    """

    shape: Shape
    required: bool
    nullable: bool = False
    takes_null: bool = False
    default: object = msgspec.UNSET


class Record:
    """An object with known properties.

    Args:
        fields: By name.
        rest: The name and the shape of a list of entries on the wire that holds all other keys.
        open: The shape of other keys, where the wire takes them as they are.
    """

    def __init__(
        self,
        fields: Mapping[str, Field],
        rest: tuple[str, Shape] | None = None,
        open: Shape | None = None,
    ) -> None:
        self.fields: Mapping[str, Field] = fields
        self.rest: tuple[str, Shape] | None = rest
        self.open: Shape | None = open

    def is_same(self) -> bool:
        """Whether values look the same on both sides."""
        if self.rest is not None or (self.open is not None and not self.open.is_same()):
            return False
        return all(f.shape.is_same() and not f.nullable for f in self.fields.values())

    def decode(self, value: JsonValue, walk: Walk) -> Turned:
        """Leave out what is null for being absent, and put other keys back among these."""
        if not isinstance(value, Mapping):
            return MISMATCH
        turned: dict[str, JsonValue] = {}
        for key, one in value.items():
            if self.rest is not None and key == self.rest[0]:
                others = walk.turn(self.rest[1], one)
                if isinstance(others, Mapping):
                    turned.update((k, v) for k, v in others.items() if k not in self.fields)
                    continue
                return MISMATCH
            field = self.fields.get(key)
            if field is not None and one is None and field.nullable and not field.takes_null:
                continue
            shape = self.open if field is None else field.shape
            item = MISMATCH if shape is None else walk.turn(shape, one)
            if isinstance(item, Mismatch):
                if not walk.lenient:
                    return MISMATCH
                item = one
            turned[key] = item
        if not walk.lenient and not self._is_whole(value, decoded=True):
            return MISMATCH
        return turned

    def encode(self, value: JsonValue, walk: Walk) -> Turned:
        """Say what is absent by null, or by its default, and gather other keys in a list."""
        if not isinstance(value, Mapping) or not self._is_whole(value, decoded=False):
            return MISMATCH
        turned: dict[str, JsonValue] = {}
        for key, field in self.fields.items():
            item: Turned = MISMATCH
            if key in value:
                item = walk.turn(field.shape, value[key])
            elif field.nullable:
                item = self._absent(field, walk)
            else:
                continue
            if isinstance(item, Mismatch):
                return MISMATCH
            turned[key] = item
        others = {key: one for key, one in value.items() if key not in self.fields}
        return self._encode_others(others, turned, walk)

    def _encode_others(
        self, others: Mapping[str, JsonValue], turned: dict[str, JsonValue], walk: Walk
    ) -> Turned:
        if self.rest is not None:
            name, shape = self.rest
            item = walk.turn(shape, others)
            if isinstance(item, Mismatch):
                return MISMATCH
            turned[name] = item
        elif others and self.open is None:
            return MISMATCH
        elif self.open is not None:
            for key, one in others.items():
                item = walk.turn(self.open, one)
                if isinstance(item, Mismatch):
                    return MISMATCH
                turned[key] = item
        return turned

    @staticmethod
    def _absent(field: Field, walk: Walk) -> Turned:
        if field.takes_null and field.default is not msgspec.UNSET:
            default: JsonValue = field.default  # type: ignore[assignment]  # JSON, out of a schema
            return walk.turn(field.shape, default)
        return None

    def _is_whole(self, value: Mapping[str, JsonValue], *, decoded: bool) -> bool:
        return all(
            key in value
            for key, field in self.fields.items()
            if field.required or (decoded and field.nullable)
        )


class Entries:
    """An object with any keys, which is a list of `key` and `value` on the wire."""

    def __init__(self, key: Shape, item: Shape) -> None:
        self.key: Shape = key
        self.item: Shape = item

    def is_same(self) -> bool:
        """Whether values look the same on both sides."""
        return False

    def decode(self, value: JsonValue, walk: Walk) -> Turned:
        """Make an object of the list; of two entries with one key, the later stays."""
        if isinstance(value, str) or not isinstance(value, Sequence):
            return MISMATCH
        turned: dict[str, JsonValue] = {}
        for entry in value:
            if not isinstance(entry, Mapping) or entry.keys() != {"key", "value"}:
                return MISMATCH
            key, item = walk.turn(self.key, entry["key"]), walk.turn(self.item, entry["value"])
            if not isinstance(key, str) or isinstance(item, Mismatch):
                return MISMATCH
            turned[key] = item
        return turned

    def encode(self, value: JsonValue, walk: Walk) -> Turned:
        """Make a list of the object."""
        if not isinstance(value, Mapping):
            return MISMATCH
        entries: list[JsonValue] = []
        for key, one in value.items():
            item = walk.turn(self.item, one)
            if walk.turn(self.key, key) is MISMATCH or isinstance(item, Mismatch):
                return MISMATCH
            entries.append({"key": key, "value": item})
        return entries


class Positions:
    """A tuple, which is an object on the wire.

    Args:
        fields: What stands at each position, by its name on the wire.
        rest: The name and the shape of a list for what stands behind them.
    """

    def __init__(self, fields: Mapping[str, Field], rest: tuple[str, Shape] | None = None) -> None:
        self.fields: Mapping[str, Field] = fields
        self.rest: tuple[str, Shape] | None = rest
        self._record = Record(fields, rest=None)

    def is_same(self) -> bool:
        """Whether values look the same on both sides."""
        return False

    def decode(self, value: JsonValue, walk: Walk) -> Turned:
        """Make a tuple of the object; it ends at the first position that is absent."""
        if not isinstance(value, Mapping):
            return MISMATCH
        others: Turned = []
        if self.rest is not None:
            name, shape = self.rest
            others = walk.turn(shape, value[name]) if name in value else MISMATCH
            value = {key: one for key, one in value.items() if key != name}
        turned = self._record.decode(value, walk)
        if not isinstance(turned, Mapping) or not isinstance(others, list):
            return MISMATCH
        items: list[JsonValue] = []
        for name in self.fields:
            if name not in turned:
                return items
            items.append(turned[name])
        return [*items, *others]

    def encode(self, value: JsonValue, walk: Walk) -> Turned:
        """Make an object of the tuple."""
        if isinstance(value, str) or not isinstance(value, Sequence):
            return MISMATCH
        named = dict(zip(self.fields, value, strict=False))
        turned = self._record.encode(named, walk)
        others = value[len(self.fields) :]
        if not isinstance(turned, Mapping) or (others and self.rest is None):
            return MISMATCH
        if self.rest is None:
            return turned
        rest = walk.turn(self.rest[1], others)
        return MISMATCH if isinstance(rest, Mismatch) else {**turned, self.rest[0]: rest}
