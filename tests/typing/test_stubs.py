"""The stubs in `typings` say what the library really has."""

import ast
from importlib import import_module
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

STUBS = sorted((ROOT / "typings").rglob("*.pyi"))


def runtime_name(stub: Path) -> str:
    parts = stub.relative_to(ROOT / "typings").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_there_are_stubs() -> None:
    assert STUBS


@pytest.mark.parametrize("stub", STUBS, ids=runtime_name)
def test_every_stubbed_name_exists(stub: Path) -> None:
    module = import_module(runtime_name(stub))
    for node in ast.parse(stub.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            assert hasattr(module, node.name), node.name
        if isinstance(node, ast.ClassDef):
            for member in node.body:
                if isinstance(member, ast.FunctionDef):
                    assert hasattr(getattr(module, node.name), member.name), member.name
