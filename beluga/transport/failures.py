"""What a response that is no answer means: one table for all providers.

A provider's own words come first, then the words of its message, then the HTTP status.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from beluga.schema import ErrorCode, Failure
from beluga.schema.failure import RETRYABLE
from beluga.transport.http import ResponseHead
from beluga.transport.retry_after import retry_after

__all__ = ["ErrorReport", "classify", "failure_of", "garbage", "request_id_of"]

_STATUSES: Final[Mapping[int, ErrorCode]] = {
    401: "auth_error",
    402: "budget_exhausted",
    403: "auth_error",
    404: "not_found",
    408: "timeout",
    409: "provider_unavailable",
    424: "provider_unavailable",
    425: "provider_unavailable",
    429: "rate_limit",
    498: "content_filter",
    499: "provider_unavailable",
    504: "timeout",
}

_WORDS: Final[Mapping[str, ErrorCode]] = {
    "insufficient_quota": "budget_exhausted",
    "billing_error": "budget_exhausted",
    "billing_hard_limit_reached": "budget_exhausted",
    "context_length_exceeded": "context_length",
    "exceed_context_size_error": "context_length",
    "string_above_max_length": "context_length",
    "request_too_large": "context_length",
    "model_not_found": "not_found",
    "not_found_error": "not_found",
    "DeploymentNotFound": "not_found",
    "NOT_FOUND": "not_found",
    "invalid_api_key": "auth_error",
    "authentication_error": "auth_error",
    "permission_error": "auth_error",
    "API_KEY_INVALID": "auth_error",
    "PERMISSION_DENIED": "auth_error",
    "UNAUTHENTICATED": "auth_error",
    "content_filter": "content_filter",
    "content_policy_violation": "content_filter",
    "tool_use_failed": "tool_failed",
    "rate_limit_error": "rate_limit",
    "rate_limit_exceeded": "rate_limit",
    "RESOURCE_EXHAUSTED": "rate_limit",
    "overloaded_error": "provider_unavailable",
    "api_error": "provider_unavailable",
    "server_error": "provider_unavailable",
    "UNAVAILABLE": "provider_unavailable",
    "INTERNAL": "provider_unavailable",
    "timeout_error": "timeout",
    "DEADLINE_EXCEEDED": "timeout",
}

_MESSAGES: Final[Mapping[ErrorCode, re.Pattern[str]]] = {
    "context_length": re.compile(
        r"maximum context length|context length is only|exceeds the available context size"
        r"|prompt is too long|input is too long for requested model|too many input tokens"
        r"|input token count .*(?:exceeds|only supports)|reduce the length of the (messages|prompt)"
        r"|number of input tokens exceeds|exceed context limit",
        re.IGNORECASE,
    ),
    "auth_error": re.compile(r"(incorrect|invalid) api[ -]key|api key not valid", re.IGNORECASE),
    "not_found": re.compile(r"provided model identifier is invalid", re.IGNORECASE),
    "budget_exhausted": re.compile(
        r"insufficient (balance|credits?|funds)|exceeded your current quota", re.IGNORECASE
    ),
    "provider_unavailable": re.compile(
        r"service tier capacity exceeded|no capacity available|overloaded", re.IGNORECASE
    ),
}

REQUEST_IDS: Final = ("x-request-id", "request-id", "x-amzn-requestid", "apim-request-id", "cf-ray")


class ErrorReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider said of a failure, read from its own form.

    Attributes:
        message: Its words.
        words: Its codes and types, the most telling first.
        status: A status given inside the body, if any.
        retry_after: Seconds to wait, given inside the body.
        code: What it means, where the dialect knows better than the table.
    """

    message: str | None = None
    words: tuple[str, ...] = ()
    status: int | None = None
    retry_after: float | None = None
    code: ErrorCode | None = None


def classify(status: int | None, report: ErrorReport) -> ErrorCode:
    """Return the code of a failure; what nothing recognises is told by the status alone.

    A status of 500 and above stays a failing provider, whatever its message mentions.
    """
    if report.code is not None:
        return report.code
    for word in report.words:
        if word in _WORDS:
            return _WORDS[word]
    if status is None or status < 500:
        for code, pattern in _MESSAGES.items():
            if report.message is not None and pattern.search(report.message):
                return code
    if status is None or status < 400:
        return "provider_unavailable"
    return _STATUSES.get(status) or ("provider_unavailable" if status >= 500 else "invalid_input")


def failure_of(
    head: ResponseHead, body: bytes, report: ErrorReport, *, in_stream: bool = False
) -> Failure:
    """Return the failure that a response, or an error inside a good one, stands for.

    `Retry-After` is read on error statuses only: some providers send it with good answers. An
    `x-should-retry` header overrides what the code says of retrying.
    """
    status = head.status if head.status >= 400 else report.status
    code = classify(status, report)
    wait = report.retry_after
    if wait is None and head.status >= 400:
        wait = retry_after(head.headers)
    wish = head.header("x-should-retry") if head.status >= 400 else None
    text = body.decode("utf-8", "replace")
    return Failure(
        code,
        report.message or _first_line(text) or f"HTTP {head.status}",
        status=head.status if status is None else status,
        request_id=request_id_of(head),
        provider_code=report.words[0] if report.words else None,
        body=text or None,
        retry_after=wait,
        in_stream=in_stream,
        retryable=wish == "true" if wish in {"true", "false"} else code in RETRYABLE,
    )


def request_id_of(head: ResponseHead) -> str | None:
    """Return the provider's id of a request, from whichever header holds it."""
    return next((head.headers[name] for name in REQUEST_IDS if name in head.headers), None)


def garbage(what: str, body: bytes = b"") -> Failure:
    """Return the failure of a good response that cannot be understood."""
    text = body.decode("utf-8", "replace")
    return Failure("provider_unavailable", what, body=text or None, retryable=True)


def _first_line(text: str) -> str:
    """A short plain body is its own message; a page of HTML is not."""
    line = text.strip().partition("\n")[0]
    return "" if line.startswith(("<", "{", "[")) else line[:300]
