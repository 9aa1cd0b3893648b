"""What `import beluga` loads, asked in a new interpreter."""

import subprocess
import sys

import pytest

from tests.architecture.source import ROOT

HEAVY = ("asyncio", "beluga.providers", "beluga.testing", "httpx", "jsonschema", "tiktoken", "trio")

LOADED = """
import sys
{statement}
heavy = [h for h in {heavy!r} if any(f"{{m}}.".startswith(f"{{h}}.") for m in sys.modules)]
print(*heavy)
"""


def loaded_by(statement: str) -> list[str]:
    program = LOADED.format(statement=statement, heavy=HEAVY)
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.split()


def test_importing_the_library_loads_nothing_heavy() -> None:
    assert loaded_by("import beluga") == []


def test_importing_what_counts_tokens_loads_no_encoder() -> None:
    counting = "from beluga import preload, tokenizer_for; tokenizer_for('gpt-5')"
    assert "tiktoken" not in loaded_by(counting)


@pytest.mark.parametrize("library", ["asyncio", "httpx", "jsonschema"])
def test_a_heavy_library_would_be_seen(library: str) -> None:
    assert library in loaded_by(f"import {library}")
