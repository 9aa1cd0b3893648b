"""Read a package's source without importing it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

ROOT = Path(__file__).parents[2]

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Definition: TypeAlias = ast.ClassDef | Function
Package: TypeAlias = Mapping[str, "Module"]


@dataclass(frozen=True, eq=False)
class Module:
    """One module: its dotted name, its text, and the tree of it."""

    name: str
    text: str
    tree: ast.Module

    @property
    def is_public(self) -> bool:
        """Whether no part of its name begins with an underscore."""
        return not any(part.startswith("_") for part in self.name.split("."))

    @property
    def top(self) -> str:
        """Its place directly under the root: `schema` of `beluga.schema.parts`."""
        return self.name.partition(".")[2].partition(".")[0]

    def functions(self) -> Iterator[Function]:
        """Give every function, nested ones and methods included."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node


def definitions(body: Iterable[ast.stmt]) -> Iterator[Definition]:
    """Give the classes and functions that stand directly in *body*."""
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@cache
def package(name: str) -> Package:
    """Read a package of this repository."""
    files = sorted((ROOT / name).rglob("*.py"))
    return package_of({module_name(path): path.read_text(encoding="utf-8") for path in files})


def package_of(sources: Mapping[str, str]) -> Package:
    """Make a package of texts by module name, for tests of the rules themselves."""
    return {name: Module(name, text, ast.parse(text, name)) for name, text in sources.items()}


def module_name(path: Path) -> str:
    """Return the dotted name of a file of this repository."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
