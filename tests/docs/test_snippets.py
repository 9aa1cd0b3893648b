"""The programs in the readme and the documentation are type-checked and run."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT
from tests.docs.snippets import Snippet, snippets, snippets_of

SNIPPETS = snippets(ROOT)


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_there_are_snippets() -> None:
    pages = {snippet.page for snippet in SNIPPETS}
    assert "README.md" in pages
    assert "docs/tutorial.md" in pages


def test_types(tmp_path: Path) -> None:
    for snippet in SNIPPETS:
        (tmp_path / f"{snippet.name}.py").write_text(snippet.padded, encoding="utf-8")
    done = run("-m", "mypy", "--follow-imports=silent", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda snippet: snippet.name)
def test_runs(snippet: Snippet, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(snippet.padded, encoding="utf-8")
    done = run("-W", "error", "-m", "tests.docs.stage", str(program))
    assert done.returncode == 0, f"{snippet.page}:{snippet.line}\n{done.stderr}"
    if snippet.output is not None:
        assert done.stdout == snippet.output


def test_snippets_are_found_with_their_lines_and_output() -> None:
    page = (
        "# Page\n\n```python\nprint(1)\n```\n\n```text\n1\n```\n"
        "\n- x\n\n  ```python\n  y = 2\n  ```\n"
    )
    assert list(snippets_of("a/b.md", page)) == [
        Snippet("a/b.md", 4, "print(1)\n", "1\n"),
        Snippet("a/b.md", 14, "y = 2\n", None),
    ]
    assert Snippet("a/b.md", 4, "print(1)\n", None).name == "a_b_md_4"
    assert Snippet("a/b.md", 4, "print(1)\n", None).padded.splitlines()[3] == "print(1)"


def test_the_stage_lets_nobody_leave(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("import socket\nsocket.create_connection(('192.0.2.1', 9))\n")
    done = run("-m", "tests.docs.stage", str(program))
    assert done.returncode == 1
    assert "wants the network" in done.stderr
