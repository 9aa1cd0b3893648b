"""Remove credentials from text that a person or a log will see."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

__all__ = ["redact"]

HIDDEN: Final = "[redacted]"

# The published prefixes of providers' keys, tokens in headers, and keys in a URL's query.
_SHAPES: Final = re.compile(
    r"""
    \b(?:sk|pk|rk|gsk|xai|hf|pplx|csk|fw|nvapi|r8)[-_][A-Za-z0-9_-]{12,}
    | \bAIza[A-Za-z0-9_-]{20,}
    | \b(?:AKIA|ASIA)[A-Z0-9]{12,}
    | \beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*
    | (?<=[Bb]earer\ )[A-Za-z0-9._~+/=-]{8,}
    | (?<=[?&]key=)[^&\s"']+
    """,
    re.VERBOSE,
)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return *text* without anything that looks like a key, and without each of *secrets*."""
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, HIDDEN)
    return _SHAPES.sub(HIDDEN, text)
