"""JSON values: their type, precise for a type checker and open at run time, and their limits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import msgspec

__all__ = ["JsonMapping", "JsonValue", "check_json"]

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    JsonValue: TypeAlias = (
        bool | int | float | str | Sequence["JsonValue"] | Mapping[str, "JsonValue"] | None
    )
    JsonMapping: TypeAlias = Mapping[str, JsonValue]
else:
    # msgspec accepts no recursive alias as a field's type.
    from collections.abc import Mapping, Sequence

    JsonValue = object
    JsonMapping = Mapping[str, object]


def check_json(name: str, value: object) -> None:
    """Refuse what JSON cannot say.

    An encoder writes a number that is not finite as null, which says something else.

    Raises:
        ValueError: There is something of that kind in *value*; the text says where.
    """
    try:
        msgspec.json.encode(value)
        where = _not_finite(value, name)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{name} takes what JSON can say: {error}") from None
    if where is not None:
        raise ValueError(f"{name} takes what JSON can say; {where}, and JSON has finite numbers")


def _not_finite(value: object, path: str) -> str | None:
    """Return where in *value* a number is not finite, and which it is."""
    if isinstance(value, float):
        return None if math.isfinite(value) else f"{path} is {value!r}"
    places: list[tuple[str, object]] = []
    if isinstance(value, Mapping):
        places = [(f"{path}[{key!r}]", item) for key, item in value.items()]
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        places = [(f"{path}[{place}]", item) for place, item in enumerate(value)]
    found = [_not_finite(item, place) for place, item in places]
    return next((where for where in found if where is not None), None)
