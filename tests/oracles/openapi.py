"""Providers' own OpenAPI documents judge what a dialect writes; they lie beside the checkout."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol, cast

import pytest

__all__ = ["Oracle", "oracle"]

FOLDER: Final = Path(__file__).parents[2].parent / "shared" / "oracles"


class Oracle(Protocol):
    """Whoever knows what a provider takes."""

    def errors(self, method: str, path: str, body: object, *, strict: bool = False) -> list[str]:
        """Return what is wrong with *body*; strict, unknown keys are wrong as well."""


def oracle(document: str) -> Oracle:
    """Return the judge by that document, or skip the test if it is not there."""
    if not (FOLDER / "specs" / document).exists():
        pytest.skip(f"../shared/oracles/specs/{document} is not beside this checkout")
    return _loaded(document)


@cache
def _loaded(document: str) -> Oracle:
    pytest.importorskip("yaml")
    pytest.importorskip("referencing")
    spec = importlib.util.spec_from_file_location("oracle_openapi", FOLDER / "oracle_openapi.py")
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast(Oracle, module.OpenAPIOracle(FOLDER / "specs" / document))  # a module without types
