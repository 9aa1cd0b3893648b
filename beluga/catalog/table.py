"""The table that ships with the library: decoded on first use, each row when it is asked for."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from beluga.schema import ModelInfo

__all__ = ["dated", "names", "places", "row"]

_FILE: Final = Path(__file__).with_name("models.json")


class _Table(msgspec.Struct, frozen=True):
    """Rows by place and name. A place is a provider, or where it serves at prices of their own."""

    dated: str
    models: dict[str, dict[str, msgspec.Raw]]


@cache
def _table() -> _Table:
    return msgspec.json.decode(_FILE.read_bytes(), type=_Table)


def dated() -> str:
    """Return the day on which the table was made, as in `"2026-11-22"`."""
    return _table().dated


def places() -> tuple[str, ...]:
    """Return the places that the table has rows of."""
    return tuple(_table().models)


def names(place: str) -> tuple[str, ...]:
    """Return the names of the models in a place."""
    return tuple(_table().models.get(place, ()))


def row(place: str, name: str) -> ModelInfo | None:
    """Return what the table says of a model; `None` if it is not there under exactly this name."""
    raw = _table().models.get(place, {}).get(name)
    return None if raw is None else msgspec.json.decode(raw, type=ModelInfo)
