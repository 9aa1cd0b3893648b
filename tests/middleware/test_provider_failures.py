"""Retries of what providers say: every form of a wish to wait, and a provider that misbehaves."""

from __future__ import annotations

import json
from pathlib import Path

import anyio
import pytest

import beluga
from beluga.dialects.gemini.failures import failure_in
from beluga.errors import AllModelsFailedError, ModelError, error_for
from beluga.flows.retry import RetryPolicy, retry
from beluga.middleware import with_fallback, with_hedge, with_retry
from beluga.model import ChatModel
from beluga.schema import Failure, Timeouts
from beluga.testing import (
    CutAfter,
    EndEarly,
    Fault,
    InStreamError,
    ResetConnection,
    Simulator,
    Stall,
    Status,
)
from beluga.transport.failures import ErrorReport, failure_of
from beluga.transport.http import ResponseHead
from tests.flows.test_retry import World
from tests.middleware.stage import ask

DATE = "Wed, 21 Oct 2015 07:28:00 GMT"
RECORDED = Path(__file__).parents[1] / "recordings/google/rate_limit.json"


def wait_after(failure: Failure) -> float:
    flow = retry(RetryPolicy(base=0.0), World())
    next(flow)
    return flow.send(failure).delay


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after": "1m30s"}, 90.0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:42 GMT", "date": DATE}, 42.0),
        ({"retry-after": "Wed, 21 Oct 2015 07:27:00 GMT", "date": DATE}, 0.0),
    ],
)
@pytest.mark.parametrize("status", [429, 503, 529])
def test_every_form_of_a_header_is_waited_for(
    headers: dict[str, str], seconds: float, status: int
) -> None:
    failure = failure_of(ResponseHead(status, headers), b"", ErrorReport())
    assert wait_after(failure) == seconds


def test_a_wish_in_the_body_is_waited_for() -> None:
    response = json.loads(RECORDED.read_text(encoding="utf-8"))["response"]
    assert wait_after(failure_in(ResponseHead(429), response["body"].encode())) == 12.25


SPOILT: list[Fault] = [
    Status(429, retry_after=0.01),
    Status(500),
    Status(529),
    ResetConnection(),
    EndEarly(0),
    InStreamError(after=0),
    CutAfter(0),
]


def provider(sim: Simulator) -> ChatModel:
    patient = Timeouts(connect=20, first_content=20, between_content=20, total=20)
    return beluga.new(
        "openai-compatible:sim-1", base_url=f"{sim.url}/v1", api_key="none", timeouts=patient
    )


@pytest.mark.real_time
@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("fault", SPOILT, ids=lambda fault: type(fault).__name__)
async def test_what_passes_is_survived_over_a_real_connection(
    fault: Fault, streaming: bool
) -> None:
    async with Simulator(["Call me Ishmael."], [fault, fault]) as sim, provider(sim) as model:
        message = await ask(with_retry(3, base=0.01)(model), streaming=streaming)
    assert message.text == "Call me Ishmael."
    assert message.spent.attempts == len(sim.requests) == 3


@pytest.mark.real_time
@pytest.mark.parametrize("streaming", [False, True])
async def test_a_second_request_answers_for_one_that_hangs(streaming: bool) -> None:
    async with Simulator(["Call me Ishmael."], [Stall(0)]) as sim, provider(sim) as model:
        message = await ask(with_hedge(0.1, budget=1.0)(model), streaming=streaming)
    assert message.text == "Call me Ishmael."
    assert message.spent.attempts == 2
    assert message.spent.estimated


@pytest.mark.real_time
@pytest.mark.parametrize("streaming", [False, True])
async def test_models_of_two_servers_stand_in_for_each_other(streaming: bool) -> None:
    async with (
        Simulator(faults=[Status(401), Status(404), Status(429)]) as dead,
        Simulator(["Here."], faults=[None, None, Status(500)]) as alive,
        with_fallback(provider(alive))(provider(dead)) as model,
    ):
        for _ in range(2):
            assert (await ask(model, streaming=streaming)).provider == "openai-compatible"
        with pytest.raises(AllModelsFailedError) as raised:
            await ask(model, streaming=streaming)
    assert [failure.code for failure in raised.value.attempts] == [
        "rate_limit",
        "provider_unavailable",
    ]


@pytest.mark.real_time
async def test_a_wish_that_is_too_long_is_not_waited_for() -> None:
    async with Simulator(["Hi."], [Status(429, retry_after=3600)]) as sim, provider(sim) as model:
        with anyio.fail_after(10), pytest.raises(ModelError) as raised:
            await with_retry()(model).generate("Hi")
    assert raised.value.retry_after == 3600
    assert type(raised.value) is type(error_for(raised.value.failure))
