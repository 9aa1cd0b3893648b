"""What the package declares is there."""

import ast
import tomllib
from importlib import import_module
from importlib.util import find_spec

import pytest

import beluga
from tests.architecture.source import ROOT, package

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ENTRY_POINTS = {**PROJECT["scripts"], **PROJECT["entry-points"]["beluga.providers"]}


@pytest.mark.parametrize("name", ENTRY_POINTS)
def test_an_entry_point_leads_somewhere(name: str) -> None:
    module, _, attribute = ENTRY_POINTS[name].partition(":")
    assert callable(getattr(import_module(module), attribute))


def test_every_name_of_the_root_can_be_had() -> None:
    assert [name for name in beluga.__all__ if not hasattr(beluga, name)] == []
    assert set(beluga.__all__) <= set(dir(beluga))


def test_the_root_has_nothing_else() -> None:
    with pytest.raises(AttributeError, match="'beluga' has no attribute 'Chatmodel'"):
        getattr(beluga, "Chatmodel")  # noqa: B009  # a misspelt name, which mypy would report


def test_no_name_of_the_root_is_hidden_by_a_module() -> None:
    """To import a module puts it where the lazy name would be looked up."""
    assert [name for name in beluga.__all__ if find_spec(f"beluga.{name}") is not None] == []


def test_type_checkers_see_what_is_there_at_run_time() -> None:
    seen = {
        alias.asname or alias.name
        for node in ast.walk(package("beluga")["beluga"].tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("beluga.")
        for alias in node.names
    }
    assert seen == set(beluga.__all__)


def test_a_name_is_the_one_its_module_offers() -> None:
    for node in ast.walk(package("beluga")["beluga"].tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("beluga."):
            home = import_module(node.module or "")
            for alias in node.names:
                assert getattr(beluga, alias.name) is getattr(home, alias.name)
                assert alias.name in home.__all__
