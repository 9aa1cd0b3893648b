"""Recording and replaying: the same answers again, without a network and without a key."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import beluga
from beluga.errors import (
    AuthError,
    IncompleteStreamError,
    InvalidInputError,
    ProviderDownError,
    RateLimitError,
)
from beluga.model import ChatModel
from beluga.schema import AIMessage, Failure, TextPart, ToolCall, Usage
from beluga.testing import (
    CutAfter,
    Fault,
    Recorder,
    Recording,
    ResetConnection,
    Simulator,
    Status,
    record,
    replay,
)
from beluga.testing.replay import Body, Cut
from beluga.testing.simulator import SimulatedReply
from beluga.transport.http import Http, HttpRequest
from beluga.transport.httpx_http import HttpxHttp

KEY = "sk-not-a-real-key-at-all-0123456789"
CALL = ToolCall("c1", "weather", '{"city": "Åsnes 🌧"}')
REPLY = AIMessage((TextPart("Un été à Åsnes 🌧."), CALL), usage=Usage(5, 7, 12))
SSE = b'data: {"a":"\xc3\xa9"}\n\n'


def model_by(http: Http, url: str = "https://a.example") -> ChatModel:
    return beluga.new("openai-compatible:sim-1", base_url=f"{url}/v1", api_key=KEY, http=http)


async def recorded(
    replies: Sequence[SimulatedReply], faults: Sequence[Fault | None] = ()
) -> tuple[Recorder, list[AIMessage]]:
    """Ask a simulator, streamed and not, and record it."""
    messages: list[AIMessage] = []
    recorder = record(HttpxHttp())
    async with Simulator(replies, faults) as sim, aclosing(recorder):
        model = model_by(recorder, sim.url)
        for streaming in (True, False):
            try:
                messages.append(await ask(model, streaming=streaming))
            except beluga.ModelError as error:
                messages.append(AIMessage(error.code))
    return recorder, messages


async def ask(model: ChatModel, *, streaming: bool) -> AIMessage:
    if not streaming:
        return await model.generate(f"Do not say {KEY}")
    async with model.stream(f"Do not say {KEY}") as chunks:
        return await chunks.message()


def kept(recordings: Sequence[Recording]) -> tuple[Recording, ...]:
    """Write recordings to a file and read them back."""
    return msgspec.json.decode(msgspec.json.encode(recordings), type=tuple[Recording, ...])


@pytest.mark.real_time
async def test_what_was_recorded_is_answered_again() -> None:
    recorder, messages = await recorded([REPLY, REPLY])
    assert messages[0].content == REPLY.content
    cuts: list[Cut] = ["recorded", "whole", "bytes", "random", [1, 5, 40], []]
    for cut in cuts:
        http = replay(kept(recorder.recordings), cut=cut)
        model = model_by(http)
        again = [await ask(model, streaming=streaming) for streaming in (True, False)]
        assert [m.content for m in again] == [m.content for m in messages]
        assert [m.usage for m in again] == [m.usage for m in messages]
        assert len(http.requests) == 2


@pytest.mark.real_time
async def test_no_key_is_recorded() -> None:
    recorder, _ = await recorded([f"You said {KEY}.", f"You said {KEY}."])
    written = msgspec.json.encode(recorder.recordings)
    assert KEY.encode() not in written
    assert KEY[-10:].encode() not in written
    assert recorder.recordings[0].request_headers["authorization"] == "Bearer [redacted]"
    again = await ask(model_by(replay(kept(recorder.recordings))), streaming=True)
    assert again.text == "You said [redacted]."


@pytest.mark.real_time
async def test_failures_are_recorded_and_raised_again() -> None:
    faults: list[Fault | None] = [Status(429, retry_after=2), ResetConnection()]
    recorder, messages = await recorded([], faults)
    assert [m.text for m in messages] == ["rate_limit", "provider_unavailable"]
    model = model_by(replay(kept(recorder.recordings)))
    with pytest.raises(RateLimitError) as caught:
        await ask(model, streaming=True)
    assert caught.value.retry_after == 2
    with pytest.raises(ProviderDownError):
        await ask(model, streaming=False)


@pytest.mark.real_time
async def test_an_answer_that_broke_off_breaks_off_again() -> None:
    recorder, messages = await recorded(["Once upon a time"], [CutAfter(450), CutAfter(40)])
    assert [m.text for m in messages] == ["incomplete_stream"] * 2
    assert recorder.recordings[0].failure is not None
    model = model_by(replay(kept(recorder.recordings), cut="random"))
    for streaming in (True, False):
        with pytest.raises(IncompleteStreamError):
            await ask(model, streaming=streaming)


@pytest.mark.real_time
async def test_a_replay_can_break_anywhere() -> None:
    recorder, _ = await recorded(["Once upon a time"])
    length = sum(map(len, recorder.recordings[0].response.arrivals()))
    for limit in range(0, length - len("data: [DONE]\n\n"), 37):
        http = replay(recorder.recordings[:1], breaks_after=limit, cut="random", seed=limit)
        with pytest.raises(IncompleteStreamError) as caught:
            await ask(model_by(http), streaming=True)
        partial = caught.value.partial
        assert partial is None or "Once upon a time".startswith(partial.text)
    http = replay(recorder.recordings[:1], breaks_after=length)
    assert (await ask(model_by(http), streaming=True)).text == "Once upon a time"


async def test_a_request_that_was_not_recorded_is_named() -> None:
    model = model_by(replay([]))
    with pytest.raises(AssertionError, match="0 exchanges are recorded; request 1 is new"):
        await model.generate("Hi")
    other = Recording(method="GET", url="https://a.example/v1/models", status=200)
    with pytest.raises(AssertionError, match="request 1 is POST /v1/chat/completions; recorded is"):
        await model_by(replay([other])).generate("Hi")


async def test_a_refusal_is_replayed_without_a_network() -> None:
    refusal = b'{"error": {"message": "no", "code": "invalid_api_key"}}'
    recording = Recording(
        method="POST",
        url="https://other.example/v1/chat/completions?key=[redacted]",
        status=401,
        headers={"content-type": "application/json"},
        response=Body.of([refusal]),
    )
    with pytest.raises(AuthError):
        await model_by(replay([recording])).generate("Hi")


async def read_all(http: Http, url: str = "https://a.example/x") -> list[bytes]:
    told: list[str] = []
    request = HttpRequest("POST", url)
    response = await http.send(request, connect_timeout=1, sent=lambda: told.append("sent"))
    assert told == ["sent"]
    pieces: list[bytes] = []
    while piece := await response.read():
        pieces.append(piece)
    await response.aclose()
    assert await response.read() == b""
    return pieces


def holding(*pieces: bytes, failure: Failure | None = None) -> Recording:
    return Recording(
        method="POST",
        url="https://a.example/x",
        status=200,
        response=Body.of(pieces),
        failure=failure,
    )


async def test_a_body_is_cut_as_it_is_asked() -> None:
    recording = holding(SSE, SSE)
    assert await read_all(replay([recording])) == [SSE, SSE]
    assert await read_all(replay([recording], cut="whole")) == [SSE + SSE]
    assert await read_all(replay([recording], cut="bytes")) == [bytes([b]) for b in SSE + SSE]
    cut = await read_all(replay([recording], cut=[13, 2, 999]))
    assert [len(piece) for piece in cut] == [2, 11, 2 * len(SSE) - 13]


async def test_random_cuts_are_repeatable() -> None:
    recording = holding(SSE * 40)
    first, again, other = [
        await read_all(replay([recording], cut="random", seed=seed)) for seed in (1, 1, 2)
    ]
    assert first == again != other
    assert b"".join(other) == SSE * 40


@given(st.lists(st.binary(min_size=1, max_size=8)))
def test_a_body_survives_json_in_its_pieces(pieces: list[bytes]) -> None:
    body = Body.of(pieces)
    assert msgspec.json.decode(msgspec.json.encode(body), type=Body).arrivals() == pieces


def test_text_is_kept_as_text() -> None:
    assert Body.of([b"data: ", "é".encode()]) == Body("utf-8", ("data: ", "é"))
    assert Body.of([b"\xc3", b"\xa9"]).encoding == "base64"


@pytest.mark.parametrize("wrong", [{"cut": "half"}, {"breaks_after": -1}])
def test_a_wrong_cut_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        replay([], **wrong)
