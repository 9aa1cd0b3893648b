"""What Google's refusals mean."""

from __future__ import annotations

import json
from typing import Any

import pytest

from beluga.dialects.gemini.failures import failure_in
from beluga.schema import Failure
from beluga.transport.http import ResponseHead

RPC = "type.googleapis.com/google.rpc."


def refused(code: int, status: str, message: str = "No.", *details: Any) -> Failure:
    error = {"code": code, "message": message, "status": status, "details": list(details)}
    return failure_in(ResponseHead(code), json.dumps({"error": error}).encode())


def reason(word: str) -> dict[str, object]:
    return {"@type": f"{RPC}ErrorInfo", "reason": word, "metadata": {"service": "s"}}


def quota(name: str) -> dict[str, object]:
    return {"@type": f"{RPC}QuotaFailure", "violations": [{"quotaId": name, "quotaValue": "5"}]}


@pytest.mark.parametrize(
    ("code", "status", "meaning", "retryable"),
    [
        (400, "INVALID_ARGUMENT", "invalid_input", False),
        (400, "FAILED_PRECONDITION", "invalid_input", False),
        (401, "UNAUTHENTICATED", "auth_error", False),
        (403, "PERMISSION_DENIED", "auth_error", False),
        (404, "NOT_FOUND", "not_found", False),
        (429, "RESOURCE_EXHAUSTED", "rate_limit", True),
        (499, "CANCELLED", "provider_unavailable", True),
        (500, "INTERNAL", "provider_unavailable", True),
        (503, "UNAVAILABLE", "provider_unavailable", True),
        (504, "DEADLINE_EXCEEDED", "timeout", True),
    ],
)
def test_statuses(code: int, status: str, meaning: str, retryable: bool) -> None:
    failure = refused(code, status)
    assert (failure.code, failure.retryable) == (meaning, retryable)
    assert (failure.status, failure.provider_code, failure.message) == (code, status, "No.")


@pytest.mark.parametrize(
    ("code", "status", "word", "meaning"),
    [
        (400, "INVALID_ARGUMENT", "API_KEY_INVALID", "auth_error"),
        (403, "PERMISSION_DENIED", "BILLING_DISABLED", "budget_exhausted"),
        (429, "RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED", "rate_limit"),
        (429, "RESOURCE_EXHAUSTED", "MODEL_CAPACITY_EXHAUSTED", "provider_unavailable"),
    ],
)
def test_a_reason_says_more_than_the_status(
    code: int, status: str, word: str, meaning: str
) -> None:
    failure = refused(code, status, "No.", reason(word))
    assert (failure.code, failure.provider_code) == (meaning, word)


@pytest.mark.parametrize(
    "message",
    [
        "The input token count (1200345) exceeds the maximum number of tokens allowed (1048576).",
        "The input token count exceeds the maximum number of tokens allowed 1048576.",
        (
            "Unable to submit request because the input token count is 1200345 but model only "
            "supports up to 1048576. Reduce the input token count and try again."
        ),
    ],
)
def test_what_is_too_long(message: str) -> None:
    assert refused(400, "INVALID_ARGUMENT", message).code == "context_length"


@pytest.mark.parametrize(("delay", "seconds"), [("34.4s", 34.4), ("3600s", 3600.0), ("soon", None)])
def test_how_long_to_wait_stands_in_the_body(delay: str, seconds: float | None) -> None:
    wait = {"@type": f"{RPC}RetryInfo", "retryDelay": delay}
    failure = refused(429, "RESOURCE_EXHAUSTED", "No.", reason("RATE_LIMIT_EXCEEDED"), wait)
    assert failure.retry_after == seconds


def test_the_quota_of_a_day_is_no_matter_of_waiting() -> None:
    minute = quota("GenerateRequestsPerMinutePerProjectPerModel-FreeTier")
    day = quota("GenerateContentInputTokensPerModelPerDay-FreeTier")
    assert refused(429, "RESOURCE_EXHAUSTED", "No.", minute).code == "rate_limit"
    assert refused(429, "RESOURCE_EXHAUSTED", "No.", minute, day).code == "budget_exhausted"


def test_a_full_house_is_not_the_callers_limit() -> None:
    message = "No capacity available for model gemini-3-pro on the server"
    assert refused(429, "RESOURCE_EXHAUSTED", message).code == "provider_unavailable"


def test_details_of_another_form_cost_nothing() -> None:
    odd = [
        7,
        {"reason": 7},
        {"violations": "x"},
        {"fieldViolations": []},
        reason("API_KEY_INVALID"),
    ]
    assert refused(400, "INVALID_ARGUMENT", "No.", *odd).code == "auth_error"


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (
            '[{"error": {"code": 404, "message": "No such model.", "status": "NOT_FOUND"}}]',
            "not_found",
            "No such model.",
        ),
        ('{"error": {"code": "404", "message": "No.", "status": 404}}', "not_found", "No."),
        ('{"error": "Not here."}', "not_found", "Not here."),
        ("[]", "not_found", "HTTP 404"),
        ('{"error": 7}', "not_found", "HTTP 404"),
        ("<html>Not Found</html>", "not_found", "HTTP 404"),
        ("[" * 100_000, "not_found", "HTTP 404"),
        ("", "not_found", "HTTP 404"),
    ],
)
def test_bodies_of_other_forms(body: str, code: str, message: str) -> None:
    failure = failure_in(ResponseHead(404), body.encode())
    assert (failure.code, failure.message) == (code, message)


def test_a_status_in_the_body_of_a_good_response() -> None:
    body = b'{"error": {"code": 429, "message": "Slow.", "status": "RESOURCE_EXHAUSTED"}}'
    failure = failure_in(ResponseHead(200), body, in_stream=True)
    assert (failure.code, failure.status, failure.in_stream) == ("rate_limit", 429, True)
