"""What a provider does wrong, on its wire: the failure that it becomes, and that nothing is left.

Every case runs against a streamed answer and a whole one. Afterwards the same model answers.
"""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

import pytest

from beluga.effects import live
from beluga.errors import ModelError
from beluga.events import Attempted, AttemptEnded, Event
from beluga.model import ChatModel
from beluga.registry import new
from beluga.schema import AIMessage, ErrorCode, Timeouts, Usage
from beluga.transport.httpx_http import HttpxHttp
from tests.transport.loopback import (
    Connection,
    Loopback,
    Step,
    answering,
    head,
    nothing_left_open,
)
from tests.transport.wire import (
    DONE,
    END,
    GOOD_STREAM,
    GOOD_WHOLE,
    SSE,
    STREAM,
    TEXT,
    WHOLE,
    chunk,
    delta,
    failure,
    packed,
    refusal,
    whole,
)

pytestmark = pytest.mark.real_time

KEY = "plain-words-that-are-a-key"
PATIENT = Timeouts(10, 10, 10, 10)
CLOSED, RESET, SILENT = Connection.CLOSED, Connection.RESET, Connection.SILENT
HTML = b"<!doctype html><html><body>502 Bad Gateway</body></html>"


class Fault(NamedTuple):
    """What goes wrong, and what is to be seen of it."""

    steps: Sequence[Step]
    code: ErrorCode
    retryable: bool = True
    partial: str = ""
    status: int | None = None
    retry_after: float | None = None
    message: str = ""
    in_stream: bool = False


def date(moment: str) -> bytes:
    return refusal(
        429, date="Wed, 21 Oct 2015 07:28:00 GMT", retry_after=f"Wed, 21 Oct 2015 07:{moment} GMT"
    )


ANYWHERE: dict[str, Fault] = {
    "429, seconds": Fault(
        [refusal(429, retry_after=7)], "rate_limit", status=429, retry_after=7, message="no"
    ),
    "429, milliseconds": Fault(
        [refusal(429, retry_after_ms=1500)], "rate_limit", status=429, retry_after=1.5
    ),
    "429, a date": Fault([date("28:07")], "rate_limit", status=429, retry_after=7),
    "429, a duration": Fault(
        [refusal(429, retry_after="1m30s")], "rate_limit", status=429, retry_after=90
    ),
    "429, nonsense": Fault([refusal(429, retry_after="soon")], "rate_limit", status=429),
    "400": Fault([refusal(400)], "invalid_input", False, status=400),
    "401": Fault([refusal(401)], "auth_error", False, status=401),
    "404": Fault([refusal(404)], "not_found", False, status=404),
    "503, HTML": Fault(
        [packed(HTML, 503, content_type="text/html")], "provider_unavailable", status=503
    ),
    "503, empty": Fault([packed(b"", 503)], "provider_unavailable", status=503),
    "503, no length": Fault([head(503), b"busy", CLOSED], "provider_unavailable", status=503),
    "429, a cut body": Fault(
        [head(429, retry_after=3, content_length=99), b'{"error', CLOSED],
        "rate_limit",
        status=429,
        retry_after=3,
    ),
    "429, a reset body": Fault(
        [head(429, retry_after=3, content_length=99), 0.02, RESET],
        "rate_limit",
        status=429,
        retry_after=3,
    ),
    "429, a body no gzip": Fault(
        [packed(b"oops", 429, retry_after=3, content_encoding="gzip")],
        "rate_limit",
        status=429,
        retry_after=3,
    ),
    "500, a huge body": Fault(
        [head(500, transfer_encoding="chunked"), *[chunk(bytes(65000))] * 100, END],
        "provider_unavailable",
        status=500,
    ),
    "a reset before the head": Fault([RESET], "provider_unavailable", message="reset"),
    "a close before the head": Fault([CLOSED], "provider_unavailable", message="disconnected"),
    "a reset in the head": Fault([b"HTTP/1.1 200 O", 0.02, RESET], "provider_unavailable"),
    "a reset after the head": Fault([SSE, 0.02, RESET], "incomplete_stream", message="reset"),
    "a close after the head": Fault([SSE, CLOSED], "incomplete_stream", message="broke off"),
    "no HTTP": Fault([b"SSH-2.0-OpenSSH_9.6\r\n\r\n"], "provider_unavailable"),
    "a wrong length": Fault([head(content_length=-1), STREAM], "provider_unavailable"),
    "two lengths": Fault(
        [head(content_length=5, Content_Length=6), b"hello"], "provider_unavailable"
    ),
    "an endless head": Fault([head(x="y" * 500_000)], "provider_unavailable"),
    "another protocol": Fault(
        [head(101, upgrade="chat", connection="upgrade"), SILENT], "provider_unavailable"
    ),
    "HTML with 200": Fault(
        [packed(HTML, content_type="text/html; charset=utf-8")],
        "provider_unavailable",
        message="HTML",
    ),
    "an empty list": Fault([whole(b"[]")], "provider_unavailable"),
    "no gzip": Fault([packed(b"oops", content_encoding="gzip")], "provider_unavailable"),
    "a coding nobody asked for": Fault(
        [packed(b"oops", content_encoding="br")], "provider_unavailable", False, message="'br'"
    ),
    "an error with 200": Fault(
        [whole(b'{"error": {"message": "busy", "code": "server_error"}}')],
        "provider_unavailable",
        status=200,
        message="busy",
        in_stream=True,
    ),
    "a redirect": Fault(
        [head(307, location="http://elsewhere.example/v1", content_length=0)],
        "invalid_input",
        False,
        status=307,
        message="http://elsewhere.example/v1",
    ),
    "a redirect to nowhere": Fault(
        [head(302, content_length=0)], "invalid_input", False, status=302, message="nowhere"
    ),
}

STREAMED: dict[str, Fault] = {
    "204": Fault([head(204)], "incomplete_stream"),
    "nothing": Fault([SSE, END], "incomplete_stream", message="without its terminal event"),
    "pings only": Fault([SSE, chunk(b": ping\n\n" * 99), END], "incomplete_stream"),
    "garbage": Fault([SSE, chunk(b"data: {oh\n\n"), END], "provider_unavailable"),
    "garbage later": Fault(
        [SSE, chunk(delta("Hi ") + b"data: {oh\n\n"), END], "provider_unavailable", False, "Hi "
    ),
    "a close before content": Fault([SSE, chunk(b": ping\n\n"), CLOSED], "incomplete_stream"),
    "a close after content": Fault(
        [SSE, chunk(delta("Hi ")), CLOSED], "incomplete_stream", False, "Hi "
    ),
    "a reset after content": Fault(
        [SSE, chunk(delta("Hi ")), 0.05, RESET], "incomplete_stream", False, "Hi "
    ),
    "a close within an event": Fault(
        [SSE, chunk(delta("Hi ") + delta("you.")[:-9]), CLOSED], "incomplete_stream", False, "Hi "
    ),
    "no terminal event": Fault(
        [SSE, chunk(delta("Hi ")), END], "incomplete_stream", False, "Hi "
    ),
    "a wrong chunk": Fault(
        [SSE, chunk(delta("Hi ")), b"oh\r\n"], "incomplete_stream", False, "Hi "
    ),
    "an error at once": Fault(
        [SSE, chunk(failure("busy")), END],
        "provider_unavailable",
        status=200,
        message="busy",
        in_stream=True,
    ),
    "an error after content": Fault(
        [SSE, chunk(delta("Hi ") + failure("slow", "rate_limit_exceeded") + delta("you.")), END],
        "rate_limit",
        False,
        "Hi ",
        status=200,
        message="slow",
        in_stream=True,
    ),
    "cut gzip": Fault(
        [packed(gzip.compress(delta("Hi "))[:-1], content_encoding="gzip")],
        "incomplete_stream",
        False,
        "Hi ",
    ),
    "a length too small": Fault(
        [head(content_length=len(delta("Hi "))), delta("Hi "), CLOSED],
        "incomplete_stream",
        False,
        "Hi ",
    ),
}  # fmt: skip

WHOLE_ONES: dict[str, Fault] = {
    "204": Fault([head(204)], "provider_unavailable"),
    "nothing": Fault([packed(b"")], "provider_unavailable"),
    "garbage": Fault([whole(WHOLE[:-7])], "provider_unavailable"),
    "no choices": Fault([whole(b'{"choices": []}')], "provider_unavailable"),
    "a close within": Fault([whole(WHOLE)[:-7], CLOSED], "incomplete_stream"),
    "a reset within": Fault([whole(WHOLE)[:-7], 0.05, RESET], "incomplete_stream"),
    "cut gzip": Fault(
        [packed(gzip.compress(WHOLE)[:-9], content_encoding="gzip")], "incomplete_stream"
    ),
    "a length too large": Fault([head(content_length=9999), WHOLE, CLOSED], "incomplete_stream"),
}  # fmt: skip

FAULTS = [
    *[pytest.param(f, True, id=f"stream, {name}") for name, f in (ANYWHERE | STREAMED).items()],
    *[pytest.param(f, False, id=f"whole, {name}") for name, f in (ANYWHERE | WHOLE_ONES).items()],
]


def in_coding(coding: str, pack: Callable[[bytes], bytes]) -> tuple[list[Step], list[Step]]:
    streamed, at_once = (packed(pack(body), content_encoding=coding) for body in (STREAM, WHOLE))
    return [streamed], [at_once]


def after_the_end(*steps: Step) -> tuple[Sequence[Step], Sequence[Step]]:
    return [SSE, chunk(STREAM), *steps], GOOD_WHOLE


OLD = b"HTTP/1.0 200 OK\r\n\r\n"
HARMLESS: dict[str, tuple[Sequence[Step], Sequence[Step]]] = {
    "nothing": (GOOD_STREAM, GOOD_WHOLE),
    "byte by byte": (
        [SSE, *[chunk(STREAM[at : at + 1]) for at in range(len(STREAM))], END],
        [whole(WHOLE)[at : at + 1] for at in range(len(whole(WHOLE)))],
    ),
    "a slow start": ([0.05, *GOOD_STREAM], [0.05, *GOOD_WHOLE]),
    "first a 100": ([head(100), *GOOD_STREAM], [head(103), *GOOD_WHOLE]),
    "HTTP/1.0": ([OLD, STREAM, CLOSED], [OLD, WHOLE, CLOSED]),
    "no length": ([head(), STREAM, CLOSED], [head(), WHOLE, CLOSED]),
    "gzip": in_coding("gzip", gzip.compress),
    "deflate": in_coding("deflate", zlib.compress),
    "bare deflate": in_coding("deflate", lambda body: zlib.compress(body)[2:-4]),
    "identity": in_coding("identity", bytes),
    "a close after the end": after_the_end(CLOSED),
    "a reset after the end": after_the_end(0.05, RESET),
    "garbage after the end": after_the_end(b"oh\r\n"),
    "silence after the end": after_the_end(SILENT),
    "a flood after the end": after_the_end(*[chunk(bytes(65000))] * 2000, SILENT),
    "an event after the end": after_the_end(chunk(delta("more") + DONE), END),
    "a length too large": ([head(content_length=99999), STREAM, CLOSED], GOOD_WHOLE),
}


class Asked(NamedTuple):
    """A model on loopback, and what its observers heard."""

    model: ChatModel
    server: Loopback
    events: list[Event]

    async def ask(self, *, streaming: bool) -> AIMessage:
        fx = live().notifying(self.events.append)
        if not streaming:
            return await self.model.generate("Hi", fx=fx)
        async with self.model.stream("Hi", fx=fx) as chunks:
            return await chunks.message()


@asynccontextmanager
async def asking(*scripts: Sequence[Step]) -> AsyncGenerator[Asked, None]:
    with nothing_left_open():
        async with answering(*scripts) as server:
            url = f"{server.url}/v1"
            async with new(
                "openai-compatible:m", base_url=url, api_key=KEY, timeouts=PATIENT
            ) as model:
                yield Asked(model, server, [])


def attempts(events: Sequence[Event]) -> tuple[int, list[AttemptEnded]]:
    begun = sum(isinstance(event, Attempted) for event in events)
    return begun, [event for event in events if isinstance(event, AttemptEnded)]


@pytest.mark.parametrize(("fault", "streaming"), FAULTS)
async def test_a_fault_is_the_failure_that_fits_and_the_next_call_goes_well(
    fault: Fault, streaming: bool
) -> None:
    async with asking(fault.steps, GOOD_STREAM if streaming else GOOD_WHOLE) as asked:
        with pytest.raises(ModelError) as caught:
            await asked.ask(streaming=streaming)
        error = caught.value
        assert (error.code, error.retryable) == (fault.code, fault.retryable)
        assert (error.status, error.retry_after) == (fault.status, fault.retry_after)
        assert (error.in_stream, error.local) == (fault.in_stream, False)
        assert fault.message in error.message
        assert (error.provider, error.model) == ("openai-compatible", "m")
        assert (error.partial.text if error.partial else "") == fault.partial
        begun, ended = attempts(asked.events)
        assert (begun, [event.failure for event in ended]) == (1, [error.failure])
        assert not ended[0].abandoned
        assert (ended[0].first_content is not None) == bool(fault.partial)
        assert (await asked.ask(streaming=streaming)).text == TEXT
        assert all(b"elsewhere" not in request for request in asked.server.requests)


@pytest.mark.parametrize("streaming", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("steps", HARMLESS.values(), ids=HARMLESS)
async def test_what_is_odd_but_whole_is_an_answer(
    steps: tuple[Sequence[Step], Sequence[Step]], streaming: bool
) -> None:
    script = steps[0] if streaming else steps[1]
    async with asking(script, GOOD_STREAM if streaming else GOOD_WHOLE) as asked:
        answer = await asked.ask(streaming=streaming)
        assert (answer.text, answer.finish_reason) == (TEXT, "stop")
        assert answer.usage == answer.spent.usage == Usage(1, 2, 3)
        begun, ended = attempts(asked.events)
        assert (begun, len(ended), ended[0].failure, ended[0].abandoned) == (1, 1, None, False)
        assert (await asked.ask(streaming=streaming)).text == TEXT


@pytest.mark.parametrize("streaming", [True, False], ids=["stream", "whole"])
async def test_nobody_there(streaming: bool) -> None:
    async with answering(GOOD_WHOLE) as server:
        url = f"{server.url}/v1"
    with nothing_left_open():
        async with new("openai-compatible:m", base_url=url, timeouts=PATIENT) as model:
            events: list[Event] = []
            asked = Asked(model, server, events)
            with pytest.raises(ModelError, match=r"no connection was made: .*111") as caught:
                await asked.ask(streaming=streaming)
            assert (caught.value.code, caught.value.retryable) == ("provider_unavailable", True)
            assert attempts(events)[1][0].failure == caught.value.failure


async def test_chunks_before_a_failure_are_delivered() -> None:
    script = [SSE, chunk(delta("Hi ") + delta("you") + failure("busy")), END]
    async with asking(script) as asked:
        texts: list[str] = []
        with pytest.raises(ModelError, match="busy") as caught:
            async with asked.model.stream("Hi") as chunks:
                async for text in chunks.text():
                    texts.append(text)
        assert texts == ["Hi ", "you"]
        partial = caught.value.partial
        assert partial is not None
        assert (partial.text, partial.interrupted, partial.spent.attempts) == ("Hi you", True, 1)
        assert partial.spent.estimated


async def test_a_body_over_the_cap_is_refused_and_never_all_in_memory() -> None:
    bomb = packed(gzip.compress(bytes(50_000_000), 9), content_encoding="gzip")
    plain = [head(transfer_encoding="chunked"), *[chunk(b" " * 65000)] * 800, END]
    async with answering([bomb], plain, GOOD_WHOLE) as server:
        http = HttpxHttp(body_cap=1_000_000)
        model = new("openai-compatible:m", base_url=f"{server.url}/v1", http=http)
        tracemalloc.start()
        for _ in range(2):
            with pytest.raises(ModelError, match="over 1000000 bytes") as caught:
                await model.generate("Hi")
            assert caught.value.code == "provider_unavailable"
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
        tracemalloc.stop()
        assert (await model.generate("Hi")).text == TEXT
        await http.aclose()


async def test_an_event_without_an_end_is_refused() -> None:
    script = [SSE, chunk(b"data: " + b"x" * 1000), *[chunk(b"x" * 1_000_000)] * 40, SILENT]
    async with asking(script, GOOD_STREAM) as asked:
        with pytest.raises(ModelError, match="one event has over") as caught:
            await asked.ask(streaming=True)
        assert caught.value.code == "provider_unavailable"
        assert (await asked.ask(streaming=True)).text == TEXT
