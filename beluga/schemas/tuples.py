"""Tuples where a provider knows them."""

from __future__ import annotations

from collections.abc import Sequence

from beluga.schema import JsonValue
from beluga.schemas.walk import MISMATCH, Mismatch, Shape, Turned, Walk

__all__ = ["Tuple"]


class Tuple:
    """An array with a shape for each position.

    Args:
        parts: The shapes of the positions.
        rest: That of what stands behind them.
    """

    def __init__(self, parts: Sequence[Shape], rest: Shape | None) -> None:
        self.parts: Sequence[Shape] = parts
        self.rest: Shape | None = rest

    def is_same(self) -> bool:
        """Whether values look the same on both sides."""
        rest = self.rest is None or self.rest.is_same()
        return rest and all(part.is_same() for part in self.parts)

    def decode(self, value: JsonValue, walk: Walk) -> Turned:
        """Turn every item as its position wants it."""
        if isinstance(value, str) or not isinstance(value, Sequence):
            return MISMATCH
        turned: list[JsonValue] = []
        for position, one in enumerate(value):
            shape = self.parts[position] if position < len(self.parts) else self.rest
            item = MISMATCH if shape is None else walk.turn(shape, one)
            if isinstance(item, Mismatch):
                return MISMATCH
            turned.append(item)
        return turned

    encode = decode
