"""The test kit as a whole: what it needs, and what it names."""

from __future__ import annotations

import subprocess
import sys

import pytest

import beluga.testing

WITHOUT = """
import sys
for name in {blocked!r}:
    sys.modules[name] = None
import beluga.testing
from beluga.testing import ScriptedModel, Simulator, record, replay, virtual_backends
assert list(virtual_backends()) == {backends!r}
"""


@pytest.mark.parametrize(
    ("blocked", "backends"),
    [
        (["hypothesis", "h11"], ["asyncio", "trio"]),
        (["trio", "hypothesis", "h11"], ["asyncio"]),
    ],
)
def test_it_is_imported_without_what_only_parts_of_it_need(
    blocked: list[str], backends: list[str]
) -> None:
    code = WITHOUT.format(blocked=blocked, backends=backends)
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)


def test_every_name_is_there() -> None:
    for name in beluga.testing.__all__:
        assert getattr(beluga.testing, name) is not None
