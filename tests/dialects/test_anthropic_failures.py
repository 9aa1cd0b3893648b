"""What Anthropic's refusals mean."""

from __future__ import annotations

import json

import pytest

from beluga.dialects.anthropic import AnthropicDialect
from beluga.schema import ErrorCode
from beluga.transport.http import ResponseHead

DIALECT = AnthropicDialect("anthropic", "claude-sonnet-4-5", "https://example.com/v1/messages")


@pytest.mark.parametrize(
    ("status", "kind", "code", "retryable"),
    [
        (400, "invalid_request_error", "invalid_input", False),
        (401, "authentication_error", "auth_error", False),
        (402, "billing_error", "budget_exhausted", False),
        (403, "permission_error", "auth_error", False),
        (404, "not_found_error", "not_found", False),
        (408, "timeout_error", "timeout", True),
        (409, "conflict_error", "provider_unavailable", True),
        (413, "request_too_large", "context_length", False),
        (429, "rate_limit_error", "rate_limit", True),
        (500, "api_error", "provider_unavailable", True),
        (504, "timeout_error", "timeout", True),
        (529, "overloaded_error", "provider_unavailable", True),
    ],
)
def test_every_error_has_its_code(status: int, kind: str, code: ErrorCode, retryable: bool) -> None:
    body = {"type": "error", "error": {"type": kind, "message": "No."}, "request_id": "req_1"}
    failed = DIALECT.failure(ResponseHead(status), json.dumps(body).encode())
    assert (failed.code, failed.retryable, failed.message) == (code, retryable, "No.")
    assert (failed.status, failed.provider_code, failed.request_id) == (status, kind, "req_1")


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("prompt is too long: 210000 tokens > 200000 maximum", "context_length"),
        ("input length and `max_tokens` exceed context limit: 9 + 9 > 10", "context_length"),
        ("Your credit balance is too low to access the Anthropic API.", "budget_exhausted"),
        ("Output blocked by content filtering policy", "content_filter"),
        ("This model does not support effort level 'xhigh'.", "invalid_input"),
    ],
)
def test_some_errors_are_told_by_their_words(message: str, code: ErrorCode) -> None:
    body = {"type": "error", "error": {"type": "invalid_request_error", "message": message}}
    assert DIALECT.failure(ResponseHead(400), json.dumps(body).encode()).code == code


@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>", b"[]", b"\xff", b"[" * 100_000])
def test_what_is_no_error_of_theirs_is_told_by_its_status(body: bytes) -> None:
    assert DIALECT.failure(ResponseHead(502), body).code == "provider_unavailable"


def test_the_header_knows_the_request_best() -> None:
    head = ResponseHead(500, {"request-id": "req_h", "retry-after": "3"})
    failed = DIALECT.failure(head, b'{"error":{"type":"api_error"},"request_id":"req_b"}')
    assert (failed.request_id, failed.retry_after) == ("req_h", 3.0)
