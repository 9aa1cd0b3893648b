"""Nothing in the repository names a place on the machine it was written on."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.architecture.source import ROOT

HOMES = ("farm", "home", "mnt", "root", "tmp", "Users", "work", "workspace")
PRIVATE = re.compile(rf"(?<![\w.$}})/-])/(?:{'|'.join(HOMES)})/[A-Za-z]")


def private_paths(files: Iterable[tuple[str, str]]) -> list[str]:
    """Return where a text names a private path; *files* are names and texts."""
    return [
        f"{name}:{number} {line.strip()[:100]}"
        for name, text in files
        for number, line in enumerate(text.splitlines(), 1)
        if PRIVATE.search(line)
    ]


def repository_texts() -> Iterator[tuple[str, str]]:
    """Give the name and text of every file that belongs to the repository."""
    command = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        path = Path(ROOT, name)
        if path.is_file():
            yield name, path.read_text(encoding="utf-8", errors="replace")
