"""Where a provider's limits stand, as its response headers tell it."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from beluga.events import RateWindow
from beluga.transport.retry_after import parse_duration

__all__ = ["rate_windows"]

# x-ratelimit-remaining-tokens, anthropic-ratelimit-tokens-remaining, x-ratelimit-reset …
_FIELD_FIRST: Final = re.compile(r"x-ratelimit-(limit|remaining|reset)(?:-(.+))?")
_NAME_FIRST: Final = re.compile(r"anthropic-ratelimit-(.+)-(limit|remaining|reset)")


def rate_windows(headers: Mapping[str, str]) -> tuple[RateWindow, ...]:
    """Return the limits that *headers* tell of, in the order in which they name them.

    A reset is a duration (`6ms`, `2m59.56s`), a number of seconds, or a time (RFC 3339).
    """
    windows: dict[str, RateWindow] = {}
    for header, value in headers.items():
        found = _named(header.lower())
        if found is None:
            continue
        name, field = found
        number = _seconds(value) if field == "reset" else _count(value)
        window = windows.get(name) or RateWindow(name)
        windows[name] = msgspec.structs.replace(window, **{field: number})
    return tuple([w for w in windows.values() if w != RateWindow(w.name)])


def _named(header: str) -> tuple[str, str] | None:
    if match := _FIELD_FIRST.fullmatch(header):
        return match[2] or "requests", match[1]
    if match := _NAME_FIRST.fullmatch(header):
        return match[1], match[2]
    return None


def _count(value: str) -> int | None:
    try:
        count = int(float(value))
    except (ValueError, OverflowError):
        return None
    return count if abs(count) < 2**63 else None


def _seconds(value: str) -> float | None:
    try:
        seconds = float(value)
    except ValueError:
        pass
    else:
        return max(0.0, seconds) if math.isfinite(seconds) else None
    duration = parse_duration(value)
    if duration is not None:
        return duration
    try:
        return max(0.0, datetime.fromisoformat(value).timestamp() - time.time())
    except ValueError:
        return None
