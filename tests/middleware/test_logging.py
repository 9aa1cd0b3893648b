"""Logging: few fixed messages, structured fields, no content unless asked, never a key."""

from __future__ import annotations

import logging
from typing import Any

import anyio
import pytest

from beluga.errors import AuthError, ModelTimeoutError, RateLimitError
from beluga.middleware import with_breaker, with_fallback, with_logging, with_retry
from beluga.schema import AIMessage, Failure, HumanMessage, SystemMessage, Usage
from beluga.testing import ScriptedModel

KEY = "sk-abcdefghijklmnop1234"


def records(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, dict[str, Any]]]:
    return [(r.levelname, r.getMessage(), r.__dict__["beluga"]) for r in caplog.records]


@pytest.mark.parametrize("streaming", [False, True])
async def test_a_call(caplog: pytest.LogCaptureFixture, streaming: bool) -> None:
    answer = AIMessage("a secret", usage=Usage(3, 4, 7), finish_reason="stop", response_id="r")
    model = with_logging()(ScriptedModel([answer]))
    with caplog.at_level(logging.DEBUG, "beluga.calls"):
        if streaming:
            async with model.stream("the question", extra_headers={"x": KEY}) as chunks:
                await chunks.message()
        else:
            await model.generate("the question", extra_headers={"x": KEY})
    logged = records(caplog)
    names = ["call started", "Attempted", "AttemptEnded", "call ended"]
    assert [message for _, message, _ in logged] == names
    assert [level for level, _, _ in logged] == ["INFO", "DEBUG", "DEBUG", "INFO"]
    assert all(f["model"] == "scripted" and f["streaming"] is streaming for _, _, f in logged)
    ended = logged[-1][2]
    assert (ended["finish_reason"], ended["response_id"]) == ("stop", "r")
    assert ended["usage"]["total_tokens"] == 7
    everything = repr(logged) + caplog.text
    assert "question" not in everything
    assert "secret" not in everything
    assert KEY not in everything


async def test_content_if_asked_without_keys(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("beluga-test")
    model = with_logging(logger, content=True)(ScriptedModel([f"your key is {KEY}"]))
    with caplog.at_level(logging.INFO, "beluga-test"):
        await model.generate([SystemMessage("Be brief."), HumanMessage(f"I use {KEY}")])
    started, ended = records(caplog)
    assert started[2]["prompt"] == [
        {"role": "system", "text": "Be brief."},
        {"role": "human", "text": "I use [redacted]"},
    ]
    assert ended[2]["answer"] == "your key is [redacted]"


async def test_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    failure = Failure("auth_error", "bad question", status=401, request_id="q", body="the question")
    model = with_logging()(ScriptedModel([AuthError(failure), ValueError("the question")]))
    with caplog.at_level(logging.INFO, "beluga.calls"):
        with pytest.raises(AuthError):
            await model.generate("Hi")
        with pytest.raises(ValueError):
            await model.generate("Hi")
    failed = [fields for level, _, fields in records(caplog) if level == "WARNING"]
    assert (failed[0]["error"], failed[0]["code"], failed[0]["status"]) == (
        "AuthError", "auth_error", 401,
    )  # fmt: skip
    assert failed[1]["error"] == "ValueError"
    assert "question" not in repr(records(caplog))


async def test_no_event_tells_what_a_provider_said_of_a_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failure = Failure("rate_limit", "the question", status=429, body="question?", retryable=True)
    replies = [RateLimitError(failure), RateLimitError(failure), "a"]
    model = with_breaker(failures=2, cooldown=0.5)(ScriptedModel(replies))
    logged = with_logging()(with_fallback(ScriptedModel(["b"]))(with_retry(2, base=0)(model)))
    with caplog.at_level(logging.DEBUG, "beluga.calls"):
        await logged.generate("Hi")
    told = records(caplog)
    names = {name for _, name, fields in told if "failure" in fields.get("event", {})}
    assert {"AttemptEnded", "Retried", "BreakerOpened", "FailedOver"} <= names
    [retried] = [fields["event"] for _, name, fields in told if name == "Retried"]
    assert retried["failure"] == {"code": "rate_limit", "status": 429}
    assert "question" not in repr(told)


async def test_a_call_that_is_cancelled(caplog: pytest.LogCaptureFixture) -> None:
    model = with_logging()(ScriptedModel([[60.0]]))
    with caplog.at_level(logging.INFO, "beluga.calls"), anyio.move_on_after(5):
        await model.generate("Hi")
    assert records(caplog)[-1][1] == "call cancelled"
    assert records(caplog)[-1][2]["seconds"] == pytest.approx(5)


async def test_an_answer_beyond_its_total_time_has_failed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    model = with_logging()(ScriptedModel([[60.0]]))
    with caplog.at_level(logging.INFO), pytest.raises(ModelTimeoutError):
        await model.generate("Hi", timeout=5)
    assert [message for _, message, _ in records(caplog)] == ["call started", "call failed"]
    _, _, fields = records(caplog)[1]
    assert (fields["error"], fields["code"], fields["seconds"]) == (
        "ModelTimeoutError",
        "timeout",
        pytest.approx(5),
    )


async def test_a_silent_logger_costs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("beluga-silent")
    logger.setLevel(logging.CRITICAL + 1)
    assert (await with_logging(logger)(ScriptedModel(["a"])).generate("Hi")).text == "a"
    assert caplog.records == []
