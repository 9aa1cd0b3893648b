"""Keep credentials out of what tests record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from beluga.schema.headers import carries_key
from beluga.schema.redaction import HIDDEN, redact

__all__ = ["mask_headers", "secrets_in"]

SHORTEST: Final = 8
"""Of a shorter word than this it would be rash to say that it is a key wherever it stands."""


def mask_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return *headers* without the values of those that carry credentials.

    The word before a key, such as `Bearer`, stays.
    """
    return {name: _mask(name, value) for name, value in headers.items()}


def secrets_in(headers: Mapping[str, str]) -> list[str]:
    """Return the credentials that *headers* carry, without the word before them."""
    secret = [value for name, value in headers.items() if carries_key(name)]
    return [word for value in secret for word in value.split()[-1:] if len(word) >= SHORTEST]


def _mask(name: str, value: str) -> str:
    if not carries_key(name):
        return redact(value)
    scheme, space, _ = value.partition(" ")
    return f"{scheme} {HIDDEN}" if space and scheme.isalpha() else HIDDEN
