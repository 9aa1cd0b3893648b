"""What a provider's refusal means, written from the providers' references."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from beluga.schema import ErrorCode
from tests.conformance.corpus import Json, Recording

__all__ = ["ExpectedError", "code_of", "quoted_code", "retry_after_of"]

_WORDS: Final[Mapping[str, ErrorCode]] = {
    "context_length_exceeded": "context_length",
    "invalid_api_key": "auth_error",
    "authentication_error": "auth_error",
    "model_not_found": "not_found",
    "DeploymentNotFound": "not_found",
    "not_found_error": "not_found",
    "insufficient_quota": "budget_exhausted",
    "overloaded_error": "provider_unavailable",
    "rate_limit_error": "rate_limit",
    "tool_use_failed": "tool_failed",
    "content_filter": "content_filter",
}

_STATUSES: Final[Mapping[int, ErrorCode]] = {
    400: "invalid_input",
    401: "auth_error",
    402: "budget_exhausted",
    403: "auth_error",
    404: "not_found",
    408: "timeout",
    413: "invalid_input",
    422: "invalid_input",
    429: "rate_limit",
    500: "provider_unavailable",
    502: "provider_unavailable",
    503: "provider_unavailable",
    504: "timeout",
    529: "provider_unavailable",
}

_SUGGESTED: Final[Mapping[str, ErrorCode]] = {
    "authentication": "auth_error",
    "context_length": "context_length",
    "invalid_request": "invalid_input",
    "overloaded": "provider_unavailable",
    "quota_exhausted": "budget_exhausted",
    "rate_limit": "rate_limit",
}


class ExpectedError(msgspec.Struct, frozen=True, kw_only=True):
    """What a failure must say. `None` is not compared, but for `retry_after`."""

    code: ErrorCode
    status: int | None = None
    message: str | None = None
    in_stream: bool = False
    retry_after: float | None = None


def code_of(error: Json) -> ErrorCode:
    """Return the code of an error as an official SDK tells it: by its word, then by its status."""
    for key in ("code", "type"):
        word = error.get(key)
        if isinstance(word, str) and word in _WORDS:
            return _WORDS[word]
    inner = str(error.get("code"))
    status = error["status"]
    assert isinstance(status, int)
    if status < 400 and inner.isdecimal():
        status = int(inner)
    return _STATUSES[status]


def quoted_code(recording: Recording) -> ErrorCode:
    """Return the code that those who gathered quoted errors suggest."""
    return _SUGGESTED[str(recording.expected["error_code"])]


def retry_after_of(recording: Recording) -> float | None:
    """Return the seconds to wait that an error's headers or Google's `RetryInfo` ask for."""
    value = recording.headers.get("retry-after")
    if value is not None:
        return float(value)
    delay = re.search(rb'"retryDelay":\s*"([\d.]+)s"', recording.body)
    return float(delay[1]) if delay else None
