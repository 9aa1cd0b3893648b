"""What is wrong with a call's arguments, in lines that a model can mend them by.

Each line is a JSON pointer, what was expected, and what came. What came is the model's own text, so
it stands quoted and clipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

import msgspec

from beluga.errors import ToolFailedError, tool_failed
from beluga.schemas.faults import pointer

__all__ = [
    "MOST_CHOICES",
    "MOST_LINES",
    "MOST_SHOWN",
    "Path",
    "clipped",
    "line",
    "quoted",
    "refused",
]

Path: TypeAlias = Sequence[str | int]
"""The keys and positions that lead to a value."""

MOST_LINES: Final = 10
MOST_SHOWN: Final = 80
MOST_CHOICES: Final = 30


def refused(lines: Iterable[str]) -> ToolFailedError:
    """Return the error that tells a model why its arguments were not taken."""
    found = list(dict.fromkeys(lines))
    more = [f"- and {len(found) - MOST_LINES} more"] if len(found) > MOST_LINES else []
    listed = [f"- {one}" for one in found[:MOST_LINES]]
    told = "\n".join([*listed, *more])
    return tool_failed(f"the arguments are not valid, so the tool was not run:\n{told}")


def line(path: Path, fault: str) -> str:
    """Say where the fault is; the arguments themselves are at the root."""
    return f"{pointer(path, '(arguments)')}: {fault}"


def clipped(text: str, most: int = MOST_SHOWN) -> str:
    """Return the beginning of *text*."""
    return text if len(text) <= most else f"{text[:most]}…"


def quoted(value: object) -> str:
    """Return the beginning of a value as JSON."""
    return clipped(msgspec.json.encode(value, enc_hook=str).decode())
