"""Remove credentials from text that a person or a log will see."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable
from typing import Final

__all__ = ["HIDDEN", "redact", "redact_and_cut", "shown_url"]

HIDDEN: Final = "[redacted]"
SHORTEST_SECRET: Final = 4

# In JSON text what stands before a key may be an escape, whose letter is no part of a word. A value
# ends where an escape begins, so that the text stays JSON.

# The published prefixes of providers' keys, and tokens in headers.
_SHAPES: Final = re.compile(
    r"""
    (?: \b | (?<=\\[bfnrt]) | (?<=\\u[0-9A-Fa-f]{4}) ) (?:
    (?:sk|pk|rk|gsk|xai|hf|pplx|csk|fw|nvapi|r8|tgp|gh[opsu]|github_pat|glpat)[-_][\w-]{12,}
    | AIza[\w-]{20,}
    | ya29\.[\w.-]{20,}
    | AQ\.[\w-]{20,}
    | (?:AKIA|ASIA)[A-Z0-9]{12,}
    | (?:ABSK|bedrock-api-key-)[\w+/=-]{20,}
    | eyJ[\w-]{16,}[\w.-]*
    )
    | (?<=[Bb]earer\ )[\w.~+/=-]{8,}
    """,
    re.VERBOSE | re.ASCII,
)

# Keys without a shape of their own, by the name that stands before them; of a long value with a
# digit only, so that "api_key: is required" stays readable.
_NAMED: Final = re.compile(
    r"""
    ( (?: api[-_]?key | access[-_]?key(?:[-_]id)? | secret(?:[-_]access)?[-_]key | client[-_]secret
      | (?:access|auth|security|session)[-_]?token | subscription[-_]key | authorization
      | x-amz-(?:credential|signature) )
      \\*["']? \s* [:=] (?: \s | \\[nrt] )* \\*["']? (?:Basic\ )?
    )
    (?=[^\s"',;&}\\]{0,256}\d) [^\s"',;&}\\]{16,}
    | ( [?&] (?:key|token|sig) = ) [^&\s"'\\]+
    """,
    re.VERBOSE | re.IGNORECASE,
)

_BEFORE_HOST: Final = re.compile(r"(?<=//)[^/]*(?=@)")

_KEY_CHARACTERS: Final = string.ascii_letters + string.digits + "_.~+/=-"


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return *text* without anything that looks like a key, and without each of *secrets*."""
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            text = _without_beginning_at_the_end(text.replace(secret, HIDDEN), secret)
    return _NAMED.sub(_keep_name, _SHAPES.sub(HIDDEN, text))


def redact_and_cut(text: str, limit: int) -> str:
    """Return the beginning of *text*, redacted, of at most *limit* bytes in UTF-8.

    The cut comes last, for half a key does not look like one.
    """
    if len(text) > 2 * limit:
        text = text[: 2 * limit].rstrip(_KEY_CHARACTERS)
    return redact(text).encode("utf-8", "replace")[:limit].decode("utf-8", "ignore")


def shown_url(url: str) -> str:
    """Return an address without a name and password before its `@`, and without its query."""
    return _BEFORE_HOST.sub(HIDDEN, url.partition("?")[0])


def _keep_name(match: re.Match[str]) -> str:
    return f"{match[1] or match[2]}{HIDDEN}"


def _without_beginning_at_the_end(text: str, secret: str) -> str:
    """Hide the beginning of a secret where a text was cut in its midst."""
    for length in range(min(len(secret) - 1, len(text)), SHORTEST_SECRET - 1, -1):
        if text.endswith(secret[:length]):
            return text[:-length] + HIDDEN
    return text
