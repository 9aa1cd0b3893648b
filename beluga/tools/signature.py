"""What a function takes, as a type for msgspec and as JSON Schema for a model."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from inspect import Parameter as Declared
from typing import get_type_hints

import msgspec

from beluga.errors import InvalidInputError, invalid_input
from beluga.schema import JsonValue
from beluga.schemas import Parameter, TypeSchema, struct_for
from beluga.schemas.docstrings import Docstring, parse_docstring
from beluga.schemas.faults import faults_of, typed_fault
from beluga.tools.complaints import line, refused

__all__ = ["Signature", "declared", "documented", "takes_instance", "unresolved"]


class Signature(msgspec.Struct, frozen=True):
    """The parameters of a function that a model fills in.

    Attributes:
        typed: A Struct with a field for each.
        parameters: Each of them.
        positional: The names of those that only a position gives.
    """

    typed: TypeSchema[msgspec.Struct]
    parameters: tuple[Parameter, ...]
    positional: tuple[str, ...]

    @property
    def schema(self) -> Mapping[str, JsonValue]:
        """The JSON Schema of the arguments, an object."""
        return self.typed.schema

    def bind(
        self, arguments: Mapping[str, JsonValue]
    ) -> tuple[tuple[object, ...], dict[str, object]]:
        """Return what to call the function with: by position, and by name.

        Raises:
            ToolFailedError: The arguments are not of the parameters' types.
        """
        try:
            made = self.typed.convert(arguments)
        except msgspec.MsgspecError as error:
            raise refused(self._complaints(arguments, error)) from None
        named = msgspec.structs.asdict(made)
        return tuple([named.pop(name) for name in self.positional]), named

    def _complaints(
        self, arguments: Mapping[str, JsonValue], error: msgspec.MsgspecError
    ) -> Iterator[str]:
        """Say all that is wrong with the arguments; msgspec stops at the first."""
        known = {one.name: one for one in self.parameters}
        found = False
        for one in known.values():
            if one.default is msgspec.UNSET and one.name not in arguments:
                found = True
                yield line([one.name], "it is required, and missing")
        for name, value in arguments.items():
            for fault in self._faults(known.get(name), name, value):
                found = True
                yield fault
        if not found:
            yield line([], str(error))

    def _faults(self, parameter: Parameter | None, name: str, value: JsonValue) -> list[str]:
        if parameter is None:
            names = ", ".join([one.name for one in self.parameters]) or "none"
            return [line([name], f"there is no such parameter; there are: {names}")]
        typed = TypeSchema[object](parameter.annotation)
        try:
            typed.convert(value)
        except msgspec.MsgspecError as error:
            return faults_of(value, typed.schema, [name]) or [
                typed_fault(str(error), value, [name])
            ]
        return []


def declared(
    function: Callable[..., object], name: str, local: Mapping[str, object] | None = None
) -> Signature:
    """Read the parameters of *function*, without a method's instance and what a partial has bound.

    Args:
        function: What a model shall call.
        name: What the model calls it.
        local: Names that its annotations may use beside those of its module.

    Raises:
        InvalidInputError: It takes `*args` or `**kwargs`, a parameter has no type, or JSON Schema
            cannot say its type.
        NameError: An annotation names what is not there, or not yet.
    """
    given = _given(function)
    for one in given:
        _check(one, name)
    inner = _innermost(function)
    hints = _hints(inner, [one.name for one in given], local)
    words = documented(function).fields
    parameters = [
        Parameter(
            one.name,
            hints[one.name],
            msgspec.UNSET if one.default is Declared.empty else one.default,
            words.get(one.name),
        )
        for one in given
    ]
    positional = tuple([one.name for one in given if one.kind is Declared.POSITIONAL_ONLY])
    return Signature(struct_for(name, parameters), tuple(parameters), positional)


def documented(function: Callable[..., object]) -> Docstring:
    """Return what the docstring of *function* says."""
    return parse_docstring(inspect.getdoc(_innermost(function)))


def takes_instance(function: Callable[..., object]) -> bool:
    """Whether *function* is a method that has no instance yet."""
    first = next(iter(_parameters(function)), None)
    if first is None or first.name not in ("self", "cls") or inspect.ismethod(function):
        return False
    home = getattr(function, "__qualname__", "").rpartition(".")[0]
    in_class = bool(home) and not home.endswith("<locals>")
    return in_class or first.annotation is Declared.empty


def _given(function: Callable[..., object]) -> list[Declared]:
    """Return the parameters that are left for a model to fill in."""
    bound = function.keywords if isinstance(function, partial) else {}
    own = _parameters(function)[1 if takes_instance(function) else 0 :]
    return [one for one in own if one.name not in bound]


def _parameters(function: Callable[..., object]) -> list[Declared]:
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        raise invalid_input(
            f"{function!r:.80} cannot be a tool: its parameters are unknown; wrap it in a function"
        ) from None


def _check(one: Declared, name: str) -> None:
    if one.kind in (Declared.VAR_POSITIONAL, Declared.VAR_KEYWORD):
        stars = "*" if one.kind is Declared.VAR_POSITIONAL else "**"
        raise invalid_input(
            f"{name} takes {stars}{one.name}, which no model can be told of; name the parameters, "
            "or take one list or dict"
        )
    if one.annotation is Declared.empty:
        raise invalid_input(
            f"{name}: parameter {one.name!r} has no type; annotate it, for instance "
            f"`{one.name}: str`"
        )


def _innermost(function: Callable[..., object]) -> Callable[..., object]:
    """Return the function itself, which has the annotations and the docstring."""
    while isinstance(function, partial):
        function = function.func
    if not (inspect.isroutine(function) or inspect.isclass(function)):
        function = type(function).__call__.__get__(function)
    unwrapped: Callable[..., object] = inspect.unwrap(function)
    return unwrapped


class _Annotated:
    """Something with annotations; those of a function's result need not be known."""

    def __init__(self, annotations: Mapping[str, object]) -> None:
        self.__annotations__ = dict(annotations)


def _hints(
    function: Callable[..., object], names: list[str], local: Mapping[str, object] | None
) -> dict[str, object]:
    annotations = inspect.get_annotations(function)
    wanted = _Annotated({name: annotations[name] for name in names})
    scope = getattr(inspect.unwrap(getattr(function, "__func__", function)), "__globals__", {})
    return get_type_hints(wanted, scope, dict(local or {}), include_extras=True)


def unresolved(name: str, error: NameError) -> InvalidInputError:
    """Return the error for an annotation that names what is not there."""
    return invalid_input(
        f"{name}: {error}; a type that annotations name must be found in the function's module"
    )
