"""What an evaluation shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """Figures with a name each.

    Attributes:
        title: What was measured, and on what.
        columns: What stands over the figures.
        rows: A name and its figures, as text.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, ...]]

    def __str__(self) -> str:
        grid = [("", *self.columns), *self.rows]
        widths = [max(len(cell) for cell in column) for column in zip(*grid, strict=True)]
        return "\n".join([self.title, *(_line(row, widths) for row in grid)])


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    name, *figures = row
    cells = [cell.rjust(width) for cell, width in zip(figures, widths[1:], strict=True)]
    return "  ".join(["", name.ljust(widths[0]), *cells])
