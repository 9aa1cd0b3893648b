"""The type of a JSON value, precise for a type checker and open at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

__all__ = ["JsonMapping", "JsonValue"]

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    JsonValue: TypeAlias = (
        bool | int | float | str | Sequence["JsonValue"] | Mapping[str, "JsonValue"] | None
    )
    JsonMapping: TypeAlias = Mapping[str, JsonValue]
else:
    # msgspec accepts no recursive alias as a field's type.
    from collections.abc import Mapping

    JsonValue = object
    JsonMapping = Mapping[str, object]
