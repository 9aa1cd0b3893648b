"""Print the figures of every evaluation, or of those that are named."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules

from tests import evaluation
from tests.evaluation.table import Table


def evaluations() -> dict[str, Callable[[], list[Table]]]:
    """Return what makes the tables of each evaluation, by the name of its module."""
    found: dict[str, Callable[[], list[Table]]] = {}
    for module in iter_modules(evaluation.__path__):
        if module.name != "__main__" and not module.name.startswith("test_"):
            tables = getattr(import_module(f"tests.evaluation.{module.name}"), "tables", None)
            if tables is not None:
                found[module.name] = tables
    return found


def main() -> None:
    """Run the evaluations that were asked for, or all."""
    known = evaluations()
    parser = argparse.ArgumentParser(prog="python -m tests.evaluation", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(known))
    names = parser.parse_args().names or list(known)
    unknown = set(names) - set(known)
    if unknown:
        parser.error(f"no evaluation {', '.join(unknown)}; there are {', '.join(known)}")
    for name in names:
        found = known[name]()
        for table in found:
            print(table, end="\n\n", flush=True)
        if not found:
            print(f"{name}: nothing to measure here")


if __name__ == "__main__":
    main()
