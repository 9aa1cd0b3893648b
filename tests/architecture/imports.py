"""Who imports whom. Imports inside functions and under TYPE_CHECKING count like all others."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tests.architecture.source import Module, Package


@dataclass(frozen=True)
class Import:
    """One module names another at a line."""

    importer: str
    line: int
    target: str

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.target}"


def imports(module: Module, known: Package) -> Iterator[Import]:
    """Give what *module* imports; a name that is itself a module counts as one."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Call):
            for target in _targets(node, module, known):
                yield Import(module.name, node.lineno, target)


def internal(known: Package) -> Iterator[Import]:
    """Give every import between modules of *known*.

    To import `a.b.c` runs `a.b` too, so that counts as well, except from inside `a.b`. The root is
    left out: every import runs it.
    """
    for module in known.values():
        for found in imports(module, known):
            for target in _run_by(found):
                if target in known and target != module.name:
                    yield Import(module.name, found.line, target)


def _run_by(found: Import) -> Iterator[str]:
    parts = found.target.split(".")
    for end in range(2, len(parts)):
        package = ".".join(parts[:end])
        if not found.importer.startswith(f"{package}."):
            yield package
    if len(parts) > 1:
        yield found.target


def _targets(
    node: ast.Import | ast.ImportFrom | ast.Call, module: Module, known: Package
) -> list[str]:
    match node:
        case ast.Import(names):
            return [alias.name for alias in names]
        case ast.ImportFrom(source, names, level):
            base = _absolute(source or "", level, module, known)
            inner = [f"{base}.{alias.name}" for alias in names]
            return [*(name for name in inner if name in known), base]
        case ast.Call(
            ast.Name("import_module") | ast.Attribute(attr="import_module"),
            [ast.Constant(str(name)), *_],
        ):
            return [name]
        case _:
            return []


def _absolute(source: str, level: int, module: Module, known: Package) -> str:
    if not level:
        return source
    is_package = any(name.startswith(f"{module.name}.") for name in known)
    parts = module.name.split(".")
    base = parts[: len(parts) - level + is_package]
    return ".".join([*base, source] if source else base)
