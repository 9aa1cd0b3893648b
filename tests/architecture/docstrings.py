"""Every public name says what it is for."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.architecture.source import Definition, Package, definitions


def undocumented(known: Package) -> list[str]:
    """Return public modules, classes, functions and methods without a docstring."""
    found: list[str] = []
    for module in known.values():
        if module.is_public:
            found += _bare(module.tree, module.name)
    return found


def _bare(node: ast.Module | Definition, path: str) -> Iterator[str]:
    if ast.get_docstring(node) is None:
        yield f"{path} has no docstring"
    if isinstance(node, ast.Module | ast.ClassDef):
        for child in definitions(node.body):
            if _is_public(child):
                yield from _bare(child, f"{path}.{child.name}")


def _is_public(node: Definition) -> bool:
    """Whether a name stands for itself: the docstring of an overload is its implementation's."""
    marks = [ast.unparse(mark) for mark in node.decorator_list]
    is_variant = any(mark.endswith(("overload", ".setter")) for mark in marks)
    return not node.name.startswith("_") and not is_variant
