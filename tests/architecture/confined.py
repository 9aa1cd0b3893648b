"""Libraries that only some rooms may know."""

from __future__ import annotations

from tests.architecture.imports import imports
from tests.architecture.source import Package

CONFINED: dict[str, tuple[str, ...]] = {
    # everything else runs on anyio, so on either backend
    "asyncio": ("beluga.testing",),
    "trio": ("beluga.testing",),
    # the network is in one place
    "httpx": ("beluga.transport", "beluga.testing"),
    "requests": (),
    "socket": ("beluga.testing",),
    "urllib.request": (),
    # no vendor's client is wrapped: exactly one layer retries, and it is ours
    "anthropic": (),
    "boto3": (),
    "cohere": (),
    "google.genai": (),
    "mistralai": (),
    "ollama": (),
    "openai": (),
}


def strayed(known: Package) -> list[str]:
    """Return imports of a confined library from a room that may not know it."""
    return [
        f"{found}: only {', '.join(CONFINED[library]) or 'nobody'} may"
        for module in known.values()
        for found in imports(module, known)
        for library in CONFINED
        if _within(found.target, library)
        and not any(_within(module.name, room) for room in CONFINED[library])
    ]


def _within(name: str, ancestor: str) -> bool:
    return f"{name}.".startswith(f"{ancestor}.")
