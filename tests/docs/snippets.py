"""The Python in the documentation, as programs."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w+)\n(?P<body>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Snippet:
    """One block of Python.

    Attributes:
        page: The file it stands in.
        line: The line of its first statement.
        code: The program.
        output: What the page says that it prints: the block of `text` that follows, if one does.
    """

    page: str
    line: int
    code: str
    output: str | None

    @property
    def name(self) -> str:
        """Where it stands, as a name of a module."""
        return f"{re.sub(r'[^a-z0-9]+', '_', self.page.lower())}_{self.line}"

    @property
    def padded(self) -> str:
        """The program with its lines where they are on the page."""
        return "\n" * (self.line - 1) + self.code


def snippets(root: Path) -> list[Snippet]:
    """Return every block of Python in the readme and the documentation."""
    pages = [root / "README.md", *sorted((root / "docs").rglob("*.md"))]
    return [
        snippet
        for page in pages
        for snippet in snippets_of(
            page.relative_to(root).as_posix(), page.read_text(encoding="utf-8")
        )
    ]


def snippets_of(page: str, text: str) -> Iterator[Snippet]:
    """Give the blocks of Python on one page."""
    blocks = list(FENCE.finditer(text))
    for position, block in enumerate(blocks):
        if block["language"] == "python":
            output = [
                b["body"] for b in blocks[position + 1 : position + 2] if b["language"] == "text"
            ]
            yield Snippet(
                page,
                text.count("\n", 0, block.start("body")) + 1,
                textwrap.dedent(block["body"]),
                textwrap.dedent(output[0]) if output else None,
            )
