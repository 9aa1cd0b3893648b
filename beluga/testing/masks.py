"""Keep credentials out of what tests record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from beluga.schema.redaction import HIDDEN, redact

__all__ = ["mask_headers"]

_SECRET: Final = (
    "api-key",
    "authorization",
    "cookie",
    "credential",
    "secret",
    "signature",
    "token",
    "x-bf-vk",
    "x-goog-api-key",
)
"""What the name of a header that carries a credential holds."""


def mask_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return *headers* without the values of those that carry credentials.

    The word before a key, such as `Bearer`, stays.
    """
    return {name: _mask(name.lower(), value) for name, value in headers.items()}


def _mask(name: str, value: str) -> str:
    if not any(word in name for word in _SECRET):
        return redact(value)
    scheme, space, _ = value.partition(" ")
    return f"{scheme} {HIDDEN}" if space and scheme.isalpha() else HIDDEN
