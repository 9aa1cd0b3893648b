"""Headers that a user gives: what one may hold, and which of them carry keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

__all__ = ["carries_key", "check_headers", "is_header_value"]

# RFC 9110, 5.1 and 5.5; what is beyond ASCII means something else to every server.
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"(?:[!-~](?:[\t -~]*[!-~])?)?")

_FRAMING: Final = frozenset({"connection", "content-length", "transfer-encoding"})
"""What says where a request ends, and is not a user's to say."""

_KEY_ENDINGS: Final = (
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


def check_headers(headers: object) -> None:
    """Check headers that a user gave.

    Raises:
        ValueError: They cannot be sent. The text names the header, and never shows its value, which
            may be a key.
    """
    if not isinstance(headers, Mapping):
        raise ValueError(f"headers are a mapping of names to texts; got {type(headers).__name__}")
    for name, value in headers.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name for a header")
        if name.lower() in _FRAMING:
            raise ValueError(f"the header {name} is written by the library alone")
        if not isinstance(value, str):
            raise ValueError(f"the header {name} takes a text; got {type(value).__name__}")
        if not is_header_value(value):
            raise ValueError(
                f"the header {name} holds what no header may: a line's end, a space at either end, "
                "or a character beyond ASCII"
            )


def is_header_value(value: str) -> bool:
    """Whether *value* can be sent in a header."""
    return _VALUE.fullmatch(value) is not None


def carries_key(name: str) -> bool:
    """Whether a header of this name carries a credential."""
    return name.lower().endswith(_KEY_ENDINGS)
