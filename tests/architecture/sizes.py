"""How long files and functions are. `python -m tests.architecture.sizes` prints it."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from tests.architecture.source import Function, Package, package

LONGEST_FILE = 400
LONGEST_FUNCTION = 60


def files(known: Package) -> dict[str, int]:
    """Return the lines of every module."""
    return {module.name: len(module.text.splitlines()) for module in known.values()}


def functions(known: Package) -> dict[str, int]:
    """Return the lines of every function, its docstring included."""
    return {
        f"{module.name}:{function.lineno} {function.name}": lines(function)
        for module in known.values()
        for function in module.functions()
    }


def lines(function: Function) -> int:
    """Return how many lines a function has from `def` to its end."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def too_long(sizes: Mapping[str, int], limit: int) -> list[str]:
    """Return what is longer than *limit* lines."""
    return [
        f"{name} has {size} lines; at most {limit}" for name, size in sizes.items() if size > limit
    ]


def percentile(sizes: Sequence[int], share: float) -> int:
    """Return the size that *share* of all do not exceed, by nearest rank."""
    ordered = sorted(sizes)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def table(known: Package) -> str:
    """Return the figures, with the aims beside them."""
    file_sizes, function_sizes = list(files(known).values()), list(functions(known).values())
    rows = [
        ("lines a file, median", statistics.median(file_sizes), 200),
        ("lines a file, longest", max(file_sizes), LONGEST_FILE),
        ("lines a function, median", statistics.median(function_sizes), 8),
        ("lines a function, 95 % under", percentile(function_sizes, 0.95), 45),
        ("lines a function, longest", max(function_sizes), LONGEST_FUNCTION),
    ]
    head = f"{len(file_sizes)} files, {sum(file_sizes)} lines, {len(function_sizes)} functions"
    return "\n".join([head, *(f"  {what:<30}{size:>6g}   aim {aim}" for what, size, aim in rows)])


if __name__ == "__main__":
    print(table(package("beluga")))
