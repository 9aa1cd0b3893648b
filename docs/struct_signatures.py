"""Show how a Struct is made: its fields as the parameters of its class.

The generator of the reference reads source and does not know that msgspec makes an `__init__`.
"""

from __future__ import annotations

import inspect
from importlib import import_module

import griffe
import msgspec


class StructSignatures(griffe.Extension):
    """Give every Struct of the package the signature that msgspec gives it."""

    def on_package(self, *, pkg: griffe.Module, **kwargs: object) -> None:
        """Visit the package once it has been read."""
        self._visit(pkg)

    def _visit(self, scope: griffe.Module | griffe.Class) -> None:
        for member in list(scope.members.values()):
            if isinstance(member, griffe.Module):
                self._visit(member)
            elif isinstance(member, griffe.Class):
                struct = getattr(import_module(member.module.path), member.name, None)
                if isinstance(struct, type) and issubclass(struct, msgspec.Struct):
                    member.set_member("__init__", _constructor(struct))


def _constructor(struct: type[msgspec.Struct]) -> griffe.Function:
    # msgspec's signature has the order and the kinds, the source the types as they were written.
    written = {
        name: annotation
        for ancestor in reversed(struct.__mro__)
        for name, annotation in inspect.get_annotations(ancestor).items()
    }
    parameters = [
        griffe.Parameter(
            parameter.name,
            annotation=str(written[parameter.name]),
            kind=griffe.ParameterKind[parameter.kind.name.lower()],
            default=_default(parameter),
        )
        for parameter in inspect.signature(struct).parameters.values()
    ]
    return griffe.Function("__init__", parameters=griffe.Parameters(*parameters))


def _default(parameter: inspect.Parameter) -> str | None:
    if parameter.default is parameter.empty:
        return None
    text = repr(parameter.default)
    return "{}" if text == "<factory>" else text  # the only factory that the package's Structs use
