"""Every public module says what it offers, completely and in order."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.architecture.source import Module, Package, definitions


def export_faults(known: Package) -> list[str]:
    """Return what is wrong with the `__all__` of each public module."""
    return [
        f"{module.name}: {fault}"
        for module in known.values()
        if module.is_public
        for fault in _faults(module)
    ]


def in_order(names: list[str]) -> list[str]:
    """Sort as imports are sorted: constants, then classes, then the rest."""

    def kind(name: str) -> int:
        if name.isupper() and len(name) > 1:
            return 0
        return 1 if name[:1].isupper() else 2

    return sorted(names, key=lambda name: (kind(name), name))


def listed(module: Module) -> list[str] | None:
    """Return the `__all__` of a module, or `None` if it has none."""
    for node in module.tree.body:
        match node:
            case ast.Assign([ast.Name("__all__")], value) | ast.AnnAssign(
                ast.Name("__all__"), _, ast.expr() as value
            ):
                names: list[str] = ast.literal_eval(value)
                return list(names)
            case _:
                pass
    return None


def _faults(module: Module) -> Iterator[str]:
    bound = set(_bound(module.tree.body))
    names = listed(module)
    if names is None:
        if bound:
            yield "has no __all__"
        return
    if names != in_order(names):
        yield "its __all__ is not sorted"
    if len(names) != len(set(names)):
        yield "its __all__ names something twice"
    for name in _unlisted(module, names):
        yield f"{name} is neither in __all__ nor marked with an underscore"
    for name in names:
        if name not in bound:
            yield f"__all__ names {name}, which is not there"


def _unlisted(module: Module, names: list[str]) -> Iterator[str]:
    if module.name.endswith(
        ".wire"
    ):  # most of its Structs are read by way of the few that hold them
        return
    for node in definitions(module.tree.body):
        if not node.name.startswith("_") and node.name not in names:
            yield node.name


def _bound(body: list[ast.stmt]) -> Iterator[str]:
    """Give every name that is bound at the top of a module, inside `if` and `try` too."""
    for node in body:
        match node:
            case ast.ClassDef(name) | ast.FunctionDef(name) | ast.AsyncFunctionDef(name):
                yield name
            case ast.Import(names) | ast.ImportFrom(names=names):
                yield from (alias.asname or alias.name for alias in names)
            case ast.Assign(targets):
                yield from (target.id for target in targets if isinstance(target, ast.Name))
            case ast.AnnAssign(ast.Name(name)):
                yield name
            case ast.If(_, body, orelse) | ast.Try(body, orelse=orelse):
                yield from _bound([*body, *orelse])
            case _:
                pass
