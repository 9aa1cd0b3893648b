"""Run a program of the documentation: every provider is the mock one, and nobody leaves loopback.

It is run by `test_snippets.py` in a new interpreter: `python -m tests.docs.stage program.py`.
"""

from __future__ import annotations

import runpy
import sys
from importlib.metadata import EntryPoint, entry_points

import beluga
from beluga.providers.mock import mock
from beluga.registry import Factory, ProviderConfig

LOOPBACK = ("127.0.0.1", b"127.0.0.1", "localhost")


def stand_in_for(provider: EntryPoint) -> Factory:
    """Return a factory of models that answer with what they are told.

    A program that has a simulator at hand gets the real provider, at the simulator's address.
    """

    def make(config: ProviderConfig) -> beluga.ChatModel:
        if (config.base_url or "").startswith("http://127.0.0.1:"):
            real: Factory = provider.load()
            return real(config)
        return mock(ProviderConfig(model=config.model, defaults=config.defaults))

    return make


def stay_here(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse what would leave this machine."""
    host: object = None
    match event, arguments:
        case "socket.connect" | "socket.sendto", (_, (host, *_)):
            pass
        case "socket.getaddrinfo", (host, *_):
            pass
        case _:
            return
    if host not in LOOPBACK:
        raise PermissionError(f"a program of the documentation wants the network: {host!r}")


if __name__ == "__main__":
    for provider in entry_points(group="beluga.providers"):
        if provider.name != "mock":
            beluga.register(provider.name, stand_in_for(provider), replace=True)
    sys.addaudithook(stay_here)
    runpy.run_path(sys.argv[1], run_name="__main__")
