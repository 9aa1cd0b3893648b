"""How options written at a call become data, and how one layer of them lies over another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from beluga.schema.json import check_json
from beluga.schema.options import UNSET, GenerateOptions, Options, Timeouts
from beluga.schema.tools import ProviderTool, ToolDeclaration, ToolSpec

__all__ = ["OptionLayer", "declarations"]


class OptionLayer(msgspec.Struct, frozen=True):
    """What one layer says about the options: the values it sets, and the names it clears first."""

    options: GenerateOptions = GenerateOptions()
    cleared: frozenset[str] = frozenset()

    @classmethod
    def of(cls, options: Options) -> OptionLayer:
        """Convert what was written at a call.

        Raises:
            ValueError: A name is unknown, or a value has the wrong type or range.
        """
        values: dict[str, object] = {}
        cleared: list[str] = []
        for name, value in options.items():
            if name not in GenerateOptions.__struct_fields__:
                known = ", ".join(GenerateOptions.__struct_fields__)
                raise ValueError(f"unknown option {name!r}; the options are {known}")
            if value is UNSET:
                cleared.append(name)
            elif value is not None:
                narrow = _NARROW.get(name)
                values[name] = value if narrow is None else narrow(value)
        if not values and not cleared:
            return _NOTHING
        return cls(_checked(values), frozenset(cleared))

    @classmethod
    def shared(cls, layers: Sequence[OptionLayer]) -> OptionLayer:
        """Return what all of *layers* say alike."""
        first, *others = layers
        if not others or first == _NOTHING:
            return first
        values = {
            name: value
            for name in GenerateOptions.__struct_fields__
            if (value := getattr(first.options, name)) is not None
            and all(getattr(other.options, name) == value for other in others)
        }
        cleared = first.cleared.intersection(*[other.cleared for other in others])
        return cls(GenerateOptions(**values), cleared)

    def under(self, later: OptionLayer) -> OptionLayer:
        """Lay *later* over this layer.

        What either clears stays cleared for the layers below, though it may be set anew here: a
        mapping would otherwise merge with what was to be gone.
        """
        if self is _NOTHING or self == _NOTHING:
            return later
        kept = self.options
        if later.cleared:
            kept = msgspec.structs.replace(kept, **dict.fromkeys(later.cleared))
        return OptionLayer(kept.merge(later.options), self.cleared | later.cleared)


_NOTHING: Final = OptionLayer()


def _checked(values: dict[str, object]) -> GenerateOptions:
    try:
        return msgspec.convert(values, GenerateOptions)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$.")
        where = f"option {path.rstrip('`')}: " if path else ""
        raise ValueError(f"{where}{reason}") from None


def _texts(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def declarations(value: object) -> tuple[ToolDeclaration, ...]:
    """Return what a request says of the tools that a user gave.

    Raises:
        ValueError: Something among them is no tool, or two have the same name.
    """
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise ValueError(f"tools takes a sequence of tools; got {type(value).__name__}")
    declarations = tuple([_declaration(tool) for tool in value])
    names = [tool.name for tool in declarations if isinstance(tool, ToolSpec)]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two tools are named {name!r}; give each its own name")
    return declarations


def _declaration(tool: object) -> ToolDeclaration:
    if isinstance(tool, ToolSpec | ProviderTool):
        return tool
    spec = getattr(tool, "spec", None)
    if isinstance(spec, ToolSpec):
        return spec
    raise ValueError(
        f"{type(tool).__name__} is no tool; decorate a function with @tool or write a ToolSpec"
    )


def _reasoning(value: object) -> object:
    return {"effort": value} if isinstance(value, str) else value


def _timeouts(value: object) -> object:
    return value if isinstance(value, Timeouts) else {"total": value}


def _json(value: object) -> object:
    check_json("extra", value)
    return value


_NARROW: Final[Mapping[str, Callable[[object], object]]] = {
    "stop": _texts,
    "tools": declarations,
    "reasoning": _reasoning,
    "timeout": _timeouts,
    "extra": _json,
}
