"""The page on the command line describes every command, and no other."""

import re
import subprocess
import sys

from tests.architecture.source import ROOT

PAGE = (ROOT / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")


def test_every_command_is_described() -> None:
    command = [sys.executable, "-m", "beluga.cli", "--help"]
    shown = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    commands = re.findall(r"^    (\w+) ", shown, re.MULTILINE)
    assert "demo" in commands
    assert re.findall(r"^## beluga (\w+)$", PAGE, re.MULTILINE) == commands
