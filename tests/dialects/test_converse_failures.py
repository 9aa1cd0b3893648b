"""What Bedrock refuses, and what goes wrong on the way."""

from __future__ import annotations

import json
from typing import Any

import pytest

from beluga.schema import (
    TextDelta,
)
from beluga.transport.http import ResponseHead
from tests.dialects.converse_events import (
    DIALECT,
    METADATA,
    delta,
    end,
    event,
    exception,
    failure,
    fed,
    frame,
    message,
    stop,
    streamed,
    whole,
)


def test_nothing_said_and_filtered_is_a_failure() -> None:
    for _, ending in (streamed(end("content_filtered")), whole(reason="content_filtered")):
        assert failure(ending).code == "content_filter"
        assert failure(ending).provider_code == "content_filtered"


@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [
        ("throttlingException", "rate_limit", 429),
        ("internalServerException", "provider_unavailable", 500),
        ("serviceUnavailableException", "provider_unavailable", 503),
        ("modelStreamErrorException", "provider_unavailable", 424),
        ("modelTimeoutException", "timeout", 408),
        ("validationException", "invalid_input", 400),
        ("somethingNewException", "provider_unavailable", 500),
    ],
)
def test_an_exception_ends_the_stream_and_loses_nothing(kind: str, code: str, status: int) -> None:
    chunks, ending = streamed(
        delta(0, text="a"), exception(kind, message="Sorry."), delta(0, text="b")
    )
    told = failure(ending)
    assert chunks == [TextDelta("a")]
    assert (told.code, told.status, told.message) == (code, status, "Sorry.")
    assert (told.in_stream, told.provider_code, told.request_id) == (True, kind, "r1")


def test_the_models_own_server_may_be_too_busy() -> None:
    more = {"originalStatusCode": 429, "originalMessage": "slow down"}
    _, ending = streamed(exception("modelStreamErrorException", **more))
    assert (failure(ending).code, failure(ending).message) == ("rate_limit", "slow down")


def test_an_error_without_a_name_of_its_own() -> None:
    wire = frame(b"", message_type="error", error_code="InternalFailure", error_message="Sorry.")
    _, ending = streamed(wire)
    assert (failure(ending).code, failure(ending).message) == ("provider_unavailable", "Sorry.")


def test_a_prompt_too_long_may_show_in_the_stream() -> None:
    _, ending = streamed(
        exception("validationException", message="Input is too long for requested model.")
    )
    assert failure(ending).code == "context_length"


@pytest.mark.parametrize(
    "after", [exception("internalServerException"), b"\0" * 16, event("metadata", usage=7)]
)
def test_what_comes_after_the_end_does_not_undo_it(after: bytes) -> None:
    chunks, ending = streamed(delta(0, text="a"), end(), after)
    assert message(chunks, ending).text == "a"


@pytest.mark.parametrize("events", [(), (delta(0, text="a"), stop(0)), (METADATA,)])
def test_a_stream_that_does_not_end_is_a_failure(events: tuple[bytes, ...]) -> None:
    _, ending = streamed(*events)
    assert failure(ending).code == "incomplete_stream"
    assert failure(ending).retryable


@pytest.mark.parametrize(
    "wrong",
    [
        b"HTTP/1.1 502 Bad Gateway",
        frame(b"no JSON", message_type="event", event_type="contentBlockDelta"),
        frame(b"[" * 100_000, message_type="event", event_type="metadata"),
        frame(b'{"stopReason": "\xff"}', message_type="event", event_type="messageStop"),
        frame(b'{"delta": {"text": 1}}', message_type="event", event_type="contentBlockDelta"),
        delta(0, image={"source": {"bytes": "!"}}) + stop(0) + delta(1, text="b"),
        delta(0, citation=7),
    ],
)
def test_garbage_is_a_failure(wrong: bytes) -> None:
    chunks, ending = streamed(delta(9, text="a"), wrong, end())
    assert chunks == [TextDelta("a")]
    assert failure(ending).code == "provider_unavailable"
    assert failure(ending).retryable


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"<html>",
        b"{}",
        b"[" * 100_000,
        b'{"output":{"message":{"content":[{"text":"\xff"}]}}}',
    ],
)
def test_garbage_for_a_whole_answer_is_a_failure(wrong: bytes) -> None:
    chunks, ending = fed(wrong, 5, streaming=False)
    assert chunks == []
    assert failure(ending).code == "provider_unavailable"


MODEL_GONE = "The provided model identifier is invalid."
TOO_LONG = "input length and `max_tokens` exceed context limit: 9 + 1 > 8"


@pytest.mark.parametrize(
    ("status", "word", "body", "code"),
    [
        (429, "ThrottlingException", {"message": "Slow down."}, "rate_limit"),
        (429, "ModelNotReadyException", {"message": "Wait."}, "provider_unavailable"),
        (403, "ExpiredTokenException", {"message": "Expired."}, "auth_error"),
        (400, "ExpiredTokenException", {"Message": "Expired."}, "auth_error"),
        (400, "ServiceQuotaExceededException", {}, "rate_limit"),
        (404, "ResourceNotFoundException", {"Message": "No such model."}, "not_found"),
        (408, "ModelTimeoutException", {"message": "Late."}, "timeout"),
        (424, "ModelErrorException", {"originalStatusCode": 500}, "provider_unavailable"),
        (400, "ValidationException", {"message": MODEL_GONE}, "not_found"),
        (400, "ValidationException", {"message": TOO_LONG}, "context_length"),
        (400, "ValidationException", {"message": "Malformed input request"}, "invalid_input"),
        (500, "InternalServerException", {}, "provider_unavailable"),
    ],
)
@pytest.mark.parametrize("form", ["{}", "{}:http://internal.amazon.com/", "com.amazon#{}", "body"])
def test_refusals(status: int, word: str, body: dict[str, Any], code: str, form: str) -> None:
    headers = {"x-amzn-requestid": "r1"}
    if form == "body":
        body = {**body, "__type": f"com.amazon.coral.service#{word}"}
    else:
        headers["x-amzn-errortype"] = form.format(word)
    told = DIALECT.failure(ResponseHead(status, headers), json.dumps(body).encode())
    assert (told.code, told.status, told.request_id) == (code, status, "r1")
    assert told.provider_code == word


@pytest.mark.parametrize("body", [b"<html>", b"", b"[" * 100_000, b"[]", b"\xff"])
def test_refusals_by_somebody_in_between(body: bytes) -> None:
    assert DIALECT.failure(ResponseHead(503), body).code == "provider_unavailable"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"Output": {"__type": "com.amazon.coral.service#UnknownOperationException"}}, "not_found"),
        ({"__type": "a#ValidationException", "message": "Malformed"}, "invalid_input"),
        ({"message": "Something broke."}, "provider_unavailable"),
    ],
)
def test_a_good_response_may_hold_an_error(body: dict[str, Any], code: str) -> None:
    chunks, ending = fed(json.dumps(body).encode(), 9, streaming=False)
    assert chunks == []
    assert (failure(ending).code, failure(ending).in_stream) == (code, True)
