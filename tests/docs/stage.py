"""Run a program of the documentation: every provider is the mock one, and nobody may connect.

It is run by `test_snippets.py` in a new interpreter: `python -m tests.docs.stage program.py`.
"""

from __future__ import annotations

import runpy
import sys

import beluga
from beluga.providers.mock import mock
from beluga.registry import ProviderConfig


def stand_in(config: ProviderConfig) -> beluga.ChatModel:
    """Make a model that answers with what it was told, whatever provider was asked for."""
    return mock(ProviderConfig(model=config.model, defaults=config.defaults))


def refuse_to_connect(event: str, arguments: object) -> None:
    """Refuse what would leave this machine, or reach another program on it."""
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        raise PermissionError(f"a program of the documentation wants the network: {arguments!r}")


if __name__ == "__main__":
    for name in beluga.list_providers():
        if name != "mock":
            beluga.register(name, stand_in, replace=True)
    sys.addaudithook(refuse_to_connect)
    runpy.run_path(sys.argv[1], run_name="__main__")
