"""`beluga providers`."""

from __future__ import annotations

from beluga.cli.show import say
from beluga.registry import list_providers

__all__ = ["providers"]


async def providers() -> int:
    """Print the names of all providers, one a line."""
    for name in list_providers():
        say(name)
    return 0
