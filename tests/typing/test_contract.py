"""Type checkers accept what is right, and report each mistake where it is."""

import re
import subprocess
import sys
from pathlib import Path
from typing import get_type_hints

from beluga import GenerateOptions, Options
from tests.architecture.source import ROOT

HERE = Path(__file__).parent
RIGHT, WRONG = HERE / "right.py", HERE / "wrong.py"


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )


def expected(text: str) -> list[tuple[int, str]]:
    """Return the line and code of every mistake that is marked."""
    return [
        (number, code)
        for number, line in enumerate(text.splitlines(), 1)
        if (mark := re.search(r"# error: (.+)$", line))
        for code in mark[1].split(", ")
    ]


def reported(output: str) -> list[tuple[int, str]]:
    """Return the line and code of every error that mypy reports."""
    return [
        (int(error[1]), error[2])
        for error in re.finditer(r"^[^:\n]+:(\d+): error: .*\[([\w-]+)\]$", output, re.MULTILINE)
    ]


def test_mypy_accepts_what_is_right() -> None:
    done = run("mypy", "--follow-imports=silent", str(RIGHT))
    assert done.returncode == 0, done.stdout


def test_pyright_accepts_what_is_right() -> None:
    done = run("basedpyright", str(RIGHT))
    assert done.returncode == 0, done.stdout


def test_mypy_reports_every_mistake_and_nothing_else() -> None:
    done = run("mypy", "--follow-imports=silent", str(WRONG))
    assert sorted(reported(done.stdout)) == sorted(expected(WRONG.read_text(encoding="utf-8")))


def test_errors_are_read_from_the_output_of_mypy() -> None:
    output = "a.py:3: error: Bad  [arg-type]\na.py:3: note: Because\nFound 1 error in 1 file\n"
    assert reported(output) == [(3, "arg-type")]
    assert expected("x\nf()  # error: arg-type, misc\n") == [(2, "arg-type"), (2, "misc")]


def test_wide_and_narrow_options_have_the_same_names() -> None:
    assert list(Options.__annotations__) == list(GenerateOptions.__struct_fields__)
    assert set(get_type_hints(Options)) == set(GenerateOptions.__struct_fields__)
