"""Refusals of Google's: a status in words, and details of many types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from beluga.schema import ErrorCode, Failure
from beluga.transport.failures import ErrorReport, failure_of
from beluga.transport.http import ResponseHead
from beluga.transport.retry_after import parse_duration

__all__ = ["failure_in", "read_report"]


class Violation(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """A quota that was exceeded."""

    quota_id: str | None = None


class Detail(msgspec.Struct, frozen=True, rename="camel"):
    """The fields of `ErrorInfo`, `RetryInfo` and `QuotaFailure`, whichever it is."""

    reason: str | None = None
    retry_delay: str | None = None
    violations: list[Violation] | None = None


class ErrorWire(msgspec.Struct, frozen=True):
    """What stands under `error`."""

    code: int | None = None
    message: str | None = None
    status: str | None = None
    details: list[Detail] | None = None


class _Envelope(msgspec.Struct, frozen=True):
    error: ErrorWire | str


# Reasons in an ErrorInfo that say more than the status beside them.
_REASONS: Final[Mapping[str, ErrorCode]] = {
    "API_KEY_EXPIRED": "auth_error",
    "BILLING_DISABLED": "budget_exhausted",
    "MODEL_CAPACITY_EXHAUSTED": "provider_unavailable",
    "QUOTA_EXHAUSTED": "budget_exhausted",
}

_decode: Final = msgspec.json.Decoder(_Envelope | list[_Envelope], strict=False).decode


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


def _report(error: ErrorWire) -> ErrorReport:
    details = error.details or []
    reasons = [detail.reason for detail in details if detail.reason]
    delays = [parse_duration(d.retry_delay) for d in details if d.retry_delay is not None]
    status = error.code if error.code is not None and 400 <= error.code < 600 else None
    return ErrorReport(
        message=error.message,
        words=(*reasons, error.status) if error.status else tuple(reasons),
        status=status,
        retry_after=next((delay for delay in delays if delay is not None), None),
        code=_code(error, reasons),
    )


def _code(error: ErrorWire, reasons: list[str]) -> ErrorCode | None:
    for reason in reasons:
        if reason in _REASONS:
            return _REASONS[reason]
    if error.status != "RESOURCE_EXHAUSTED" and error.code != 429:
        return None
    if any("PerDay" in quota for quota in _quotas(error)):
        return "budget_exhausted"  # tomorrow there is more; no back-off waits that long
    if error.message is not None and "no capacity available" in error.message.lower():
        return "provider_unavailable"
    return None


def _quotas(error: ErrorWire) -> list[str]:
    violations = [v for detail in error.details or [] for v in detail.violations or []]
    return [violation.quota_id for violation in violations if violation.quota_id is not None]
