"""Refusals of Google's: a status in words, and details of many types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

import msgspec

from beluga.schema import ErrorCode, Failure
from beluga.transport.failures import ErrorReport, failure_of
from beluga.transport.http import ResponseHead
from beluga.transport.retry_after import parse_duration

__all__ = ["failure_in", "read_report"]


class _Violation(msgspec.Struct, frozen=True, rename="camel", gc=False):
    quota_id: str | None = None


class _Detail(msgspec.Struct, frozen=True, rename="camel"):
    """The fields of `ErrorInfo`, `RetryInfo` and `QuotaFailure`, whichever it is."""

    reason: str | None = None
    retry_delay: str | None = None
    violations: list[_Violation] | None = None


class _Error(msgspec.Struct, frozen=True):
    code: int | str | None = None
    message: str | None = None
    status: int | str | None = None
    details: list[msgspec.Raw] | None = None


class _Envelope(msgspec.Struct, frozen=True):
    error: _Error | str


# Reasons in an ErrorInfo that say more than the status beside them.
_REASONS: Final[Mapping[str, ErrorCode]] = {
    "API_KEY_EXPIRED": "auth_error",
    "BILLING_DISABLED": "budget_exhausted",
    "MODEL_CAPACITY_EXHAUSTED": "provider_unavailable",
    "QUOTA_EXHAUSTED": "budget_exhausted",
}

_decode: Final = msgspec.json.Decoder(_Envelope | list[_Envelope]).decode
_decode_detail: Final = msgspec.json.Decoder(_Detail).decode


def failure_in(head: ResponseHead, body: bytes, *, in_stream: bool = False) -> Failure:
    """Return the failure that *body* tells of, an error response or one inside a stream."""
    return failure_of(head, body, read_report(body), in_stream=in_stream)


def read_report(body: bytes) -> ErrorReport:
    """Read `{"error": {…}}`, alone or as a list's first; a body of another form says nothing."""
    try:
        value = _decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return ErrorReport()
    if isinstance(value, list):
        if not value:
            return ErrorReport()
        value = value[0]
    error = value.error
    return ErrorReport(message=error) if isinstance(error, str) else _report(error)


def _report(error: _Error) -> ErrorReport:
    details = _known_details(error.details or ())
    reasons = [detail.reason for detail in details if detail.reason]
    delays = [parse_duration(d.retry_delay) for d in details if d.retry_delay is not None]
    word = error.status if isinstance(error.status, str) else None
    return ErrorReport(
        message=error.message,
        words=(*reasons, word) if word else tuple(reasons),
        status=_status(error),
        retry_after=next((delay for delay in delays if delay is not None), None),
        code=_code(error, reasons, _quotas(details)),
    )


def _known_details(raws: Sequence[msgspec.Raw]) -> list[_Detail]:
    """Return the details that have a known form; there are many more."""
    details: list[_Detail] = []
    for raw in raws:
        with suppress(msgspec.MsgspecError):
            details.append(_decode_detail(raw))
    return details


def _status(error: _Error) -> int | None:
    for value in (error.code, error.status):
        number = int(value) if isinstance(value, str) and value.isdecimal() else value
        if isinstance(number, int) and 400 <= number < 600:
            return number
    return None


def _code(error: _Error, reasons: Sequence[str], quotas: Sequence[str]) -> ErrorCode | None:
    for reason in reasons:
        if reason in _REASONS:
            return _REASONS[reason]
    if error.status != "RESOURCE_EXHAUSTED" and _status(error) != 429:
        return None
    if any("PerDay" in quota for quota in quotas):
        return "budget_exhausted"  # tomorrow there is more; no back-off waits that long
    if error.message is not None and "no capacity available" in error.message.lower():
        return "provider_unavailable"
    return None


def _quotas(details: Sequence[_Detail]) -> list[str]:
    violations = [violation for detail in details for violation in detail.violations or ()]
    return [violation.quota_id for violation in violations if violation.quota_id is not None]
