"""Keep credentials out of what tests record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from beluga.schema.redaction import HIDDEN, redact

__all__ = ["mask_headers", "secrets_in"]

_SECRET_ENDINGS: Final = (
    "api-key",
    "authorization",
    "cookie",
    "-credential",
    "-secret",
    "-signature",
    "-token",
    "-vk",
    "subscription-key",
)
"""How the names of headers end that carry credentials; those of limits end in `tokens`."""

SHORTEST: Final = 8
"""Of a shorter word than this it would be rash to say that it is a key wherever it stands."""


def mask_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return *headers* without the values of those that carry credentials.

    The word before a key, such as `Bearer`, stays.
    """
    return {name: _mask(name.lower(), value) for name, value in headers.items()}


def secrets_in(headers: Mapping[str, str]) -> list[str]:
    """Return the credentials that *headers* carry, without the word before them."""
    secret = [value for name, value in headers.items() if _is_secret(name.lower())]
    return [word for value in secret for word in value.split()[-1:] if len(word) >= SHORTEST]


def _mask(name: str, value: str) -> str:
    if not _is_secret(name):
        return redact(value)
    scheme, space, _ = value.partition(" ")
    return f"{scheme} {HIDDEN}" if space and scheme.isalpha() else HIDDEN


def _is_secret(name: str) -> bool:
    return name.endswith(_SECRET_ENDINGS)
