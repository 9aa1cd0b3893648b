"""Routers over real connections to simulated providers: every fault has the outcome named here."""

from __future__ import annotations

import socket

import pytest

import beluga
from beluga.errors import AllModelsFailedError, IncompleteStreamError, ModelError
from beluga.events import Event, FailedOver
from beluga.middleware import with_timeout
from beluga.model import ChatModel
from beluga.routing import FailoverChain, Router
from beluga.schema import AIMessage, ErrorCode, Restarted, TextDelta, Timeouts
from beluga.testing import (
    CutAfter,
    Delay,
    EndEarly,
    Fault,
    Garbage,
    InStreamError,
    ResetConnection,
    Simulator,
    SlowDrip,
    Stall,
    Status,
)
from tests.middleware.stage import ask

pytestmark = pytest.mark.real_time

SAID = "Call me Ishmael. Some years ago, never mind how long precisely, I went to sea."
BOTH_WAYS = pytest.mark.parametrize("streaming", [False, True], ids=["call", "stream"])

BEFORE: dict[str, tuple[Fault, ErrorCode]] = {
    "429": (Status(429, retry_after=30), "rate_limit"),
    "500": (Status(500), "provider_unavailable"),
    "503": (Status(503, retry_after=30), "provider_unavailable"),
    "529": (Status(529), "provider_unavailable"),
    "401": (Status(401), "auth_error"),
    "404": (Status(404), "not_found"),
    "reset": (ResetConnection(), "provider_unavailable"),
    "reset after the head": (ResetConnection(0), "incomplete_stream"),
    "cut": (CutAfter(0), "incomplete_stream"),
    "end": (EndEarly(0), "provider_unavailable"),
    "stall": (Stall(None), "timeout"),
    "stall after the head": (Stall(0), "timeout"),
    "garbage": (Garbage(0), "provider_unavailable"),
    "overload in the stream": (InStreamError("overloaded", after=0), "provider_unavailable"),
}

AFTER: dict[str, tuple[Fault, ErrorCode]] = {
    "reset": (ResetConnection(4), "incomplete_stream"),
    "cut": (CutAfter(900), "incomplete_stream"),
    "end": (EndEarly(4), "incomplete_stream"),
    "stall": (Stall(4), "timeout"),
    "garbage": (Garbage(4), "incomplete_stream"),
    "overload in the stream": (InStreamError("overloaded", after=4), "provider_unavailable"),
}


def provider(sim: Simulator, name: str) -> ChatModel:
    patient = Timeouts(connect=20, first_content=20, between_content=20, total=20)
    return beluga.new(
        f"openai-compatible:{name}", base_url=f"{sim.url}/v1", api_key="none", timeouts=patient
    )


def hasty(sim: Simulator) -> ChatModel:
    """A model whose silence is borne as long as a busy machine may need."""
    return with_timeout(Timeouts(20, 1.0, 0.4, 1.5))(provider(sim, "bad"))


def after_content(fault: str, *, streaming: bool) -> tuple[Fault, ErrorCode]:
    """The fault; an answer that is not streamed is shorter, and is cut sooner."""
    given, code = AFTER[fault]
    return (given if streaming or fault != "cut" else CutAfter(100)), code


def pair(bad: Simulator, good: Simulator, *, stalls: bool = False, **options: object) -> Router:
    """A router that asks the bad one first; where that one stalls, not for long."""
    first = hasty(bad) if stalls else provider(bad, "bad")
    return Router([first, provider(good, "good")], FailoverChain(), **options)


@BOTH_WAYS
@pytest.mark.parametrize("fault", BEFORE)
async def test_before_content_another_answers(fault: str, streaming: bool) -> None:
    given, code = BEFORE[fault]
    events: list[Event] = []
    async with (
        Simulator(["no"], [given]) as bad,
        Simulator([SAID]) as good,
        pair(bad, good, stalls=code == "timeout") as router,
    ):
        message = await ask(router, streaming=streaming, events=events)
    assert message.text == SAID
    assert message.spent.attempts == 2
    [over] = [event for event in events if isinstance(event, FailedOver)]
    broke_off = streaming and fault in {"end", "garbage"}  # a call has got what is no answer
    assert over.failure.code == ("incomplete_stream" if broke_off else code)
    assert over.model == "good"
    assert len(good.requests) == 1


@BOTH_WAYS
@pytest.mark.parametrize("fault", AFTER)
async def test_after_content_it_is_raised_with_what_has_come(fault: str, streaming: bool) -> None:
    given, code = after_content(fault, streaming=streaming)
    async with (
        Simulator([SAID], [given]) as bad,
        Simulator([SAID]) as good,
        pair(bad, good, stalls=code == "timeout") as router,
    ):
        if not streaming:
            assert (await ask(router, streaming=False)).text == SAID
            assert len(good.requests) == 1
            return
        with pytest.raises(IncompleteStreamError) as raised:
            await ask(router, streaming=True)
    cause = raised.value if code == "incomplete_stream" else raised.value.__cause__
    assert isinstance(cause, ModelError)
    assert cause.code == code
    partial = raised.value.partial
    assert partial is not None
    assert partial.text
    assert SAID.startswith(partial.text)
    assert partial.interrupted
    assert not good.requests


@pytest.mark.parametrize("fault", AFTER)
async def test_after_content_it_begins_anew_if_asked(fault: str) -> None:
    given, code = AFTER[fault]
    other = "Another story altogether."
    async with (
        Simulator([SAID], [given]) as bad,
        Simulator([other]) as good,
        pair(bad, good, stalls=code == "timeout", on_interrupt="restart") as router,
        router.stream("Hi") as stream,
    ):
        chunks = [chunk async for chunk in stream]
    [restarted] = [n for n, chunk in enumerate(chunks) if isinstance(chunk, Restarted)]
    shown = "".join([chunk.text for chunk in chunks[:restarted] if isinstance(chunk, TextDelta)])
    assert shown
    assert SAID.startswith(shown)
    assert chunks[restarted].failure.code == code
    assert stream.partial.text == other
    assert stream.partial.model == "good"
    assert stream.spent.attempts == 2


@BOTH_WAYS
@pytest.mark.parametrize("fault", AFTER)
async def test_nothing_is_shown_of_what_breaks_off_if_so_chosen(
    fault: str, streaming: bool
) -> None:
    given, code = after_content(fault, streaming=streaming)

    def accept(message: AIMessage) -> bool:
        return message.text == SAID

    events: list[Event] = []
    async with (
        Simulator([SAID], [given]) as bad,
        Simulator(["no"]) as poor,
        Simulator([SAID]) as good,
        Router(
            [hasty(bad) if code == "timeout" else provider(bad, "bad"), provider(poor, "poor")],
            FailoverChain(),
            fallbacks=[provider(good, "good")],
            commit="finish",
            accept=accept,
        ) as router,
    ):
        message = await ask(router, streaming=streaming, events=events)
    codes = [event.failure.code for event in events if isinstance(event, FailedOver)]
    assert codes[1:] == ["output_invalid"]
    assert (message.text, message.model) == (SAID, "good")


@BOTH_WAYS
async def test_a_refused_connection_is_survived(streaming: bool) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]  # bound, and nobody listens there
        dead = beluga.new("openai-compatible:dead", base_url=f"http://127.0.0.1:{port}/v1")
        async with (
            Simulator([SAID]) as good,
            Router([dead, provider(good, "good")], FailoverChain()) as router,
        ):
            assert (await ask(router, streaming=streaming)).text == SAID


@BOTH_WAYS
async def test_a_wrong_request_is_raised_as_it_came(streaming: bool) -> None:
    async with (
        Simulator([SAID], [Status(400)]) as bad,
        Simulator([SAID]) as good,
        pair(bad, good) as router,
    ):
        with pytest.raises(ModelError) as raised:
            await ask(router, streaming=streaming)
    assert (raised.value.code, raised.value.status) == ("invalid_input", 400)
    assert not good.requests


@BOTH_WAYS
async def test_who_asked_for_time_is_left_alone(streaming: bool) -> None:
    async with (
        Simulator([SAID], [Status(429, retry_after=30)]) as bad,
        Simulator([SAID]) as good,
        pair(bad, good) as router,
    ):
        for _ in range(4):
            assert (await ask(router, streaming=streaming)).model == "good"
        told = await router.explain("Hi")
    assert len(bad.requests) == 1
    assert told.chosen == "good"
    assert 20 < told.standings[0].wait <= 30


@BOTH_WAYS
@pytest.mark.parametrize("fault", [Delay(0.05), SlowDrip(0.0)], ids=["delay", "drip"])
async def test_what_answers_in_the_end_has_answered(fault: Fault, streaming: bool) -> None:
    async with (
        Simulator([SAID], [fault]) as slow,
        Simulator([SAID]) as good,
        pair(slow, good) as router,
    ):
        assert (await ask(router, streaming=streaming)).model == "bad"
    assert not good.requests


@BOTH_WAYS
async def test_when_all_fail_every_cause_is_told(streaming: bool) -> None:
    faults = [Status(401), Status(429, retry_after=12)]
    async with (
        Simulator([SAID], faults[:1]) as one,
        Simulator([SAID], faults[1:]) as two,
        pair(one, two) as router,
    ):
        with pytest.raises(AllModelsFailedError) as raised:
            await ask(router, streaming=streaming)
    causes = raised.value.attempts
    assert [(cause.code, cause.status, cause.model) for cause in causes] == [
        ("auth_error", 401, "bad"),
        ("rate_limit", 429, "good"),
    ]
    assert raised.value.retry_after == pytest.approx(12, abs=1)
