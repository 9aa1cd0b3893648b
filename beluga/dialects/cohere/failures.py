"""Refusals of Cohere's: a status and a sentence, or the same inside a good answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from beluga.schema import ErrorCode, Failure
from beluga.transport.failures import ErrorReport, failure_of
from beluga.transport.http import ResponseHead

__all__ = ["failure_in", "generation_failure"]

# What the status alone does not tell.
_SENTENCES: Final[Mapping[ErrorCode, re.Pattern[str]]] = {
    "context_length": re.compile(r"too many tokens", re.IGNORECASE),
    "budget_exhausted": re.compile(r"calls? ?/ ?month|monthly limit|billing limit", re.IGNORECASE),
    "unsupported": re.compile(r"does(n't| not) support", re.IGNORECASE),
}


class _Refusal(msgspec.Struct, frozen=True):
    message: object = None
    detail: object = None
    id: str | None = None


def failure_in(head: ResponseHead, body: bytes, *, in_stream: bool = False) -> Failure:
    """Return the failure that *body* tells of, an error response or an error in a good one."""
    try:
        refusal = msgspec.json.decode(body, type=_Refusal)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        refusal = _Refusal()
    message = _sentence(refusal.message) or _sentence(refusal.detail)
    status = head.status if head.status >= 400 else None
    report = ErrorReport(message=message, code=_code(status, message or ""))
    failure = failure_of(head, body, report, in_stream=in_stream)
    return msgspec.structs.replace(failure, request_id=failure.request_id or refusal.id)


def generation_failure(head: ResponseHead, body: bytes, reason: str, error: str | None) -> Failure:
    """Return the failure of an answer that ended in `ERROR` or `TIMEOUT`."""
    message = error or f"the answer ended in {reason} before it began"
    code: ErrorCode | None = "timeout" if reason == "TIMEOUT" else _code(None, message)
    report = ErrorReport(message=message, words=(reason,), code=code)
    return failure_of(head, body, report, in_stream=True)


def _sentence(value: object) -> str | None:
    if isinstance(value, str):
        return value or None
    return None if value is None else msgspec.json.encode(value).decode()


def _code(status: int | None, message: str) -> ErrorCode | None:
    if status is not None and status >= 498:
        return None
    return next((code for code, text in _SENTENCES.items() if text.search(message)), None)
