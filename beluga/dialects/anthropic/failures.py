"""Refusals on the Messages wire."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from beluga.dialects.anthropic.wire import ErrorBody
from beluga.schema import ErrorCode, Failure
from beluga.transport.failures import ErrorReport, failure_of
from beluga.transport.http import ResponseHead

__all__ = ["failure_in"]

# What is told by the words of an `invalid_request_error` alone.
_MESSAGES: Final[Sequence[tuple[re.Pattern[str], ErrorCode]]] = (
    (re.compile(r"exceed context limit|context window", re.IGNORECASE), "context_length"),
    (re.compile(r"credit balance is too low", re.IGNORECASE), "budget_exhausted"),
    (re.compile(r"blocked by content filtering", re.IGNORECASE), "content_filter"),
)


def failure_in(head: ResponseHead, body: bytes, *, in_stream: bool = False) -> Failure:
    """Return the failure that *body* tells of, an error response or an event inside a stream."""
    try:
        told = msgspec.json.decode(body, type=ErrorBody)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return failure_of(head, body, ErrorReport(), in_stream=in_stream)
    failure = failure_of(head, body, _report(told), in_stream=in_stream)
    if failure.request_id is not None or told.request_id is None:
        return failure
    return msgspec.structs.replace(failure, request_id=told.request_id)


def _report(told: ErrorBody) -> ErrorReport:
    error = told.error
    if error is None:
        return ErrorReport()
    kinds = (error.details.type if error.details is not None else None, error.type)
    message = error.message or ""
    known = next((code for words, code in _MESSAGES if words.search(message)), None)
    return ErrorReport(
        message=error.message,
        words=tuple([kind for kind in kinds if kind]),
        code=known if error.type in (None, "invalid_request_error", "api_error") else None,
    )
