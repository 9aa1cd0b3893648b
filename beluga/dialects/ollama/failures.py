"""Refusals of an Ollama server: a status, or a line inside a good stream, and a sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from beluga.schema import ErrorCode, Failure
from beluga.transport.failures import ErrorReport, failure_of
from beluga.transport.http import ResponseHead

__all__ = ["failure_in"]

# Ollama has no words for its errors but these sentences.
_SENTENCES: Final[Mapping[ErrorCode, re.Pattern[str]]] = {
    "unsupported": re.compile(
        r"does not support|is not supported for this model|missing data required for image",
        re.IGNORECASE,
    ),
    "context_length": re.compile(
        r"exceed(s|ed) (the |max(imum)? )?(available |input )?context (length|size|window)",
        re.IGNORECASE,
    ),
    "budget_exhausted": re.compile(r"usage limit", re.IGNORECASE),
    "tool_failed": re.compile(r"error parsing tool call", re.IGNORECASE),
}


class _Refusal(msgspec.Struct, frozen=True):
    error: object = None
    status: object = None
    status_code: object = None


def failure_in(head: ResponseHead, body: bytes, *, in_stream: bool = False) -> Failure:
    """Return the failure that *body* tells of, an error response or a line of a stream."""
    return failure_of(head, body, _report(body), in_stream=in_stream)


def _report(body: bytes) -> ErrorReport:
    try:
        refusal = msgspec.json.decode(body, type=_Refusal)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return ErrorReport()
    error = refusal.error
    if isinstance(error, dict):
        error = error.get("message")
    message = error if isinstance(error, str) and error else None
    return ErrorReport(message=message, status=_status(refusal), code=_code(message or ""))


def _status(refusal: _Refusal) -> int | None:
    for value in (refusal.status_code, refusal.status):
        if isinstance(value, int) and 400 <= value < 600:
            return value
    return None


def _code(message: str) -> ErrorCode | None:
    return next((code for code, text in _SENTENCES.items() if text.search(message)), None)
