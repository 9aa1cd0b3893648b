"""How long a provider asks to wait, in every form in which one says so."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

__all__ = ["parse_duration", "retry_after"]

_UNITS: Final = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|us|ns|d|h|m|s)")
_WHOLE_DURATION: Final = re.compile(r"(?:\d+(?:\.\d+)?\s*(?:ms|us|ns|d|h|m|s)\s*)+")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that the headers of an error response ask to wait.

    Read are `retry-after-ms`, then `retry-after` as seconds, as a duration (`1m30s`), or as an HTTP
    date, which is measured against the response's own `date` where it has one (RFC 9110, 10.2.3).
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000.0
    value = headers.get("retry-after")
    if value is None:
        return None
    seconds = _number(value)
    if seconds is not None:
        return seconds
    duration = parse_duration(value)
    return _until(value, headers.get("date")) if duration is None else duration


def parse_duration(text: str) -> float | None:
    """Return the seconds of a duration such as `34.4s`, `2m59.56s` or `130ms`."""
    if not _WHOLE_DURATION.fullmatch(text.strip()):
        return None
    seconds = sum([float(number) * _UNITS[unit] for number, unit in _DURATION.findall(text)])
    return seconds if math.isfinite(seconds) else None


def _until(date: str, now: str | None) -> float | None:
    then = _timestamp(date)
    start = (_timestamp(now) if now else None) or time.time()
    return None if then is None else max(0.0, then - start)


def _timestamp(date: str) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
        if moment.tzinfo is None:  # a date of HTTP is in Greenwich, whether it says so or not
            moment = moment.replace(tzinfo=UTC)
        return moment.timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return max(0.0, value) if math.isfinite(value) else None
