"""Docstrings in the styles of NumPy and Sphinx, written anew in that of Google."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

__all__ = ["as_google"]

_RULE: Final = re.compile(r"-{3,}\s*")
_FIELD_LIST: Final = re.compile(r":(\w+)(?:\s+([^:]*))?:(?:\s+(.*))?")
_PARAMETERS: Final = frozenset({"param", "parameter", "arg", "argument", "key", "keyword"})


def as_google(lines: Sequence[str]) -> list[str]:
    """Return the lines of a docstring with its sections as Google writes them.

    NumPy's are underlined, and a field's words stand in the lines below it; Sphinx has a list of
    `:param name: words`.
    """
    if any(title.strip() and _RULE.fullmatch(rule) for title, rule in pairwise(lines)):
        return list(_from_numpy(lines))
    if any(_is_parameter(line) for line in lines):
        return list(_from_sphinx(lines))
    return list(lines)


def _from_numpy(lines: Sequence[str]) -> Iterator[str]:
    in_section = False
    for line, following in pairwise([*lines, ""]):
        if _RULE.fullmatch(line):
            continue
        if line.strip() and _RULE.fullmatch(following):
            in_section = True
            yield f"{line.strip()}:"
        elif in_section and line.strip() and not line.startswith((" ", "\t")):
            names = line.partition(":")[0].split(",")
            yield f"    {names[0].strip().lstrip('*')}:"
        else:
            yield f"    {line}" if in_section else line


def _from_sphinx(lines: Sequence[str]) -> Iterator[str]:
    """Give what stands before the list, and its parameters; the rest says nothing of them."""
    before, listed, taken = [], ["Args:"], False
    for line in lines:
        found = _FIELD_LIST.match(line)
        if found is not None:
            taken = _is_parameter(line)
            if taken:
                name = (found.group(2) or "").split()[-1].lstrip("*")
                listed.append(f"    {name}: {found.group(3) or ''}")
        elif len(listed) == 1 and not taken and not line.startswith(":"):
            before.append(line)
        elif taken and line.strip():
            listed.append(f"        {line.strip()}")
    yield from [*before, *listed]


def _is_parameter(line: str) -> bool:
    found = _FIELD_LIST.match(line)
    return (
        found is not None and found.group(1) in _PARAMETERS and bool((found.group(2) or "").split())
    )
