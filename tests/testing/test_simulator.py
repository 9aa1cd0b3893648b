"""The simulator: a provider that a plain HTTP client can talk to, and that fails as it is told."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import anyio
import httpx
import msgspec
import pytest

from beluga.errors import InvalidInputError
from beluga.schema import AIMessage, ReasoningPart, RefusalPart, TextPart, ToolCall, Usage
from beluga.testing import (
    CallTool,
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

pytestmark = pytest.mark.real_time

WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
        yield client


def question(text: str = "Hi there", **more: Any) -> dict[str, Any]:
    return {"model": "sim-1", "messages": [{"role": "user", "content": text}], **more}


async def ask(client: httpx.AsyncClient, sim: Simulator, **more: Any) -> httpx.Response:
    headers = {"authorization": "Bearer sk-not-a-real-key-at-all"}
    return await client.post(
        f"{sim.url}/v1/chat/completions", json=question(**more), headers=headers
    )


def events(response: httpx.Response) -> list[dict[str, Any]]:
    lines = response.text.split("\n\n")
    assert lines[-2:] == ["data: [DONE]", ""]
    return [msgspec.json.decode(line.removeprefix("data: ")) for line in lines[:-2]]


def deltas(response: httpx.Response) -> list[dict[str, Any]]:
    return [choice["delta"] for event in events(response) for choice in event["choices"]]


async def test_without_a_script_it_says_again_what_it_was_told(client: httpx.AsyncClient) -> None:
    async with Simulator() as sim:
        response = await ask(client, sim)
        assert response.status_code == 200
        completion = response.json()
        assert completion["object"] == "chat.completion"
        assert completion["model"] == "sim-1"
        assert completion["choices"][0]["message"]["content"] == "You said: Hi there"
        assert completion["choices"][0]["finish_reason"] == "stop"
        usage = completion["usage"]
        assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 0


async def test_a_stream_has_an_event_a_word_and_an_end(client: httpx.AsyncClient) -> None:
    async with Simulator(["Once upon a time."]) as sim:
        response = await ask(client, sim, stream=True, stream_options={"include_usage": True})
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        words = [delta["content"] for delta in deltas(response) if "content" in delta]
        assert words == ["", "Once ", "upon ", "a ", "time."]
        *_, end, usage = events(response)
        assert end["choices"][0]["finish_reason"] == "stop"
        assert usage["choices"] == []
        assert usage["usage"]["completion_tokens"] > 0


async def test_usage_ends_a_stream_only_if_it_was_asked_for(client: httpx.AsyncClient) -> None:
    async with Simulator() as sim:
        response = await ask(client, sim, stream=True)
        assert all("usage" not in event for event in events(response))


async def test_a_message_keeps_its_reasoning_calls_and_account(client: httpx.AsyncClient) -> None:
    reply = AIMessage(
        (
            ReasoningPart("Hm, well."),
            TextPart("Looking."),
            ToolCall("c1", "weather", '{"city":"X"}'),
        ),
        usage=Usage(10, 20, 30, cached_tokens=4, reasoning_tokens=5),
        response_id="r-1",
    )
    async with Simulator([reply, reply]) as sim:
        whole = (await ask(client, sim)).json()
        streamed = await ask(client, sim, stream=True)
    message = whole["choices"][0]["message"]
    assert message["reasoning_content"] == "Hm, well."
    assert message["content"] == "Looking."
    call = {"name": "weather", "arguments": '{"city":"X"}'}
    assert message["tool_calls"] == [{"id": "c1", "type": "function", "function": call}]
    assert whole["choices"][0]["finish_reason"] == "tool_calls"
    assert whole["id"] == "r-1"
    assert whole["usage"] == {
        "prompt_tokens": 10,
        "completion_tokens": 20,
        "total_tokens": 30,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 5},
    }
    fragments = [d["tool_calls"][0] for d in deltas(streamed) if "tool_calls" in d]
    assert fragments[0]["id"] == "c1"
    assert "".join(f["function"]["arguments"] for f in fragments) == '{"city":"X"}'
    assert len(fragments) > 2
    reasoning = [d["reasoning_content"] for d in deltas(streamed) if "reasoning_content" in d]
    assert reasoning == ["Hm, ", "well."]


async def test_a_refusal_and_a_cut_call_are_said(client: httpx.AsyncClient) -> None:
    cut = AIMessage("Look: ", cut_calls=(ToolCall("c1", "weather", '{"ci'),))
    async with Simulator([AIMessage((RefusalPart("I won't."),)), cut]) as sim:
        assert (await ask(client, sim)).json()["choices"][0]["message"]["refusal"] == "I won't."
        choice = (await ask(client, sim)).json()["choices"][0]
    assert choice["finish_reason"] == "length"
    assert choice["message"]["tool_calls"][0]["function"]["arguments"] == '{"ci'


async def test_it_calls_the_tool_that_is_offered(client: httpx.AsyncClient) -> None:
    async with Simulator([CallTool('{"city":"Oslo"}'), CallTool()]) as sim:
        message = (await ask(client, sim, tools=[WEATHER])).json()["choices"][0]["message"]
        assert message["tool_calls"][0]["function"] == {
            "name": "weather",
            "arguments": '{"city":"Oslo"}',
        }
        result = {"role": "tool", "tool_call_id": "x", "content": "rainy"}
        body = question(tools=[WEATHER])
        body["messages"].append(result)
        answer = await client.post(f"{sim.url}/v1/chat/completions", json=body)
        assert answer.json()["choices"][0]["message"]["content"] == "The tool said: rainy"


async def test_requests_are_kept_without_their_keys(client: httpx.AsyncClient) -> None:
    async with Simulator() as sim:
        await ask(client, sim, temperature=0.5)
        await client.get(f"{sim.url}/v1/models?key=secret-of-mine")
        kept, other = sim.requests
    assert kept.method == "POST"
    assert kept.path == "/v1/chat/completions"
    assert kept.headers["authorization"] == "Bearer [redacted]"
    assert kept.body == question(temperature=0.5)
    assert other.path == "/v1/models?key=[redacted]"
    assert "sk-not" not in repr(sim.requests)


async def test_what_is_no_request_is_refused(client: httpx.AsyncClient) -> None:
    async with Simulator() as sim:
        url = f"{sim.url}/v1/chat/completions"
        assert (await client.get(url)).status_code == 404
        assert (await client.post(f"{sim.url}/elsewhere", json={})).status_code == 404
        bad = await client.post(url, content=b"{not json")
        assert bad.status_code == 400
        assert bad.json()["error"]["type"] == "invalid_request_error"
        assert (await client.post(url, json=question() | {"messages": []})).status_code == 400
        async with await anyio.connect_tcp("127.0.0.1", int(sim.url.rpartition(":")[2])) as raw:
            await raw.send(b"this is not HTTP\r\n\r\n")
            assert (await raw.receive()).startswith(b"HTTP/1.1 400")


async def test_a_spoiled_call_leaves_its_reply_to_the_next(client: httpx.AsyncClient) -> None:
    faults = [Status(429, retry_after=1.5), Status(500, body="oh"), None]
    async with Simulator(["Hello."], faults) as sim:
        first, second, third = [await ask(client, sim) for _ in range(3)]
    assert first.status_code == 429
    assert first.headers["retry-after"] == "1.5"
    assert first.json()["error"]["code"] == "rate_limit_exceeded"
    assert (second.status_code, second.text) == (500, "oh")
    assert third.json()["choices"][0]["message"]["content"] == "Hello."


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("fault", [CutAfter(30), ResetConnection(), ResetConnection(1)])
async def test_a_broken_connection_is_an_error_of_the_client(
    client: httpx.AsyncClient, fault: Fault, streaming: bool
) -> None:
    async with Simulator(faults=[fault]) as sim:
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await ask(client, sim, stream=streaming)
        assert (await ask(client, sim)).status_code == 200  # the next call is served


async def test_a_stall_lasts_until_the_client_leaves(client: httpx.AsyncClient) -> None:
    async with Simulator(faults=[Stall(None), Stall(1)]) as sim:
        for after in (None, 1):
            began = time.monotonic()
            with pytest.raises(httpx.ReadTimeout):
                await client.post(
                    f"{sim.url}/v1/chat/completions", json=question(stream=True), timeout=0.2
                )
            assert 0.1 < time.monotonic() - began < 5, after


async def test_silence_is_bounded(client: httpx.AsyncClient) -> None:
    async with Simulator(faults=[Stall()], patience=0.2) as sim:
        with pytest.raises(httpx.RemoteProtocolError):
            await ask(client, sim, stream=True)


async def test_faults_inside_a_good_response(client: httpx.AsyncClient) -> None:
    faults: list[Fault] = [
        Garbage(1),
        InStreamError("overloaded", "Try later", after=2),
        EndEarly(1),
    ]
    async with Simulator(faults=faults) as sim:
        garbage, failed, early = [await ask(client, sim, stream=True) for _ in faults]
    assert [r.status_code for r in (garbage, failed, early)] == [200, 200, 200]
    assert garbage.text.endswith("</html>")
    assert '"code":"overloaded"' in failed.text.split("\n\n")[2]
    assert early.text.count("data:") == 1
    assert "[DONE]" not in garbage.text + failed.text + early.text


async def test_slow_answers_are_whole(client: httpx.AsyncClient) -> None:
    async with Simulator(["Hi"] * 3, [Delay(0.2), SlowDrip(0.0001)], pace=0.02) as sim:
        began = time.monotonic()
        assert (await ask(client, sim)).json()["choices"][0]["message"]["content"] == "Hi"
        assert time.monotonic() - began >= 0.2
        assert (await ask(client, sim)).json()["choices"][0]["message"]["content"] == "Hi"
        began = time.monotonic()
        await ask(client, sim, stream=True)
        assert time.monotonic() - began >= 0.06


async def test_many_calls_at_once(client: httpx.AsyncClient) -> None:
    answers: list[str] = []

    async def one(number: int) -> None:
        response = await ask(client, sim, text=f"number {number}")
        answers.append(response.json()["choices"][0]["message"]["content"])

    async with Simulator() as sim, anyio.create_task_group() as tasks:
        for number in range(30):
            tasks.start_soon(one, number)
    assert sorted(answers) == sorted(f"You said: number {number}" for number in range(30))


async def test_it_can_refuse_connections_for_a_while(client: httpx.AsyncClient) -> None:
    async with Simulator() as sim:
        assert (await ask(client, sim)).status_code == 200
        async with sim.refusing():
            with pytest.raises(httpx.ConnectError):
                await ask(client, sim)
        assert (await ask(client, sim)).status_code == 200


async def test_leaving_its_block_drops_calls_in_flight(client: httpx.AsyncClient) -> None:
    failures: list[Exception] = []

    async def one() -> None:
        try:
            await ask(client, sim, stream=True)
        except httpx.TransportError as error:
            failures.append(error)

    faults = [Stall(0), Stall(None)]
    async with anyio.create_task_group() as tasks, Simulator(faults=faults) as sim:
        tasks.start_soon(one)
        tasks.start_soon(one)
        with anyio.fail_after(5):
            while len(sim.requests) < 2:  # noqa: ASYNC110 - the simulator sets no event
                await anyio.sleep(0.01)
    assert len(failures) == 2


async def test_what_its_block_raises_leaves_as_it_is() -> None:
    error = ValueError("mine")
    with pytest.raises(ValueError, match="mine") as caught:
        async with Simulator():
            raise error
    assert caught.value is error


async def test_it_is_cancelled_cleanly() -> None:
    with anyio.move_on_after(0.1) as scope:
        async with Simulator():
            await anyio.sleep_forever()
    assert scope.cancelled_caught


async def test_it_is_used_once_and_inside_its_block() -> None:
    sim = Simulator()
    with pytest.raises(RuntimeError, match="before its block"):
        _ = sim.url
    async with sim:
        assert sim.base_url == sim.url
    with pytest.raises(RuntimeError, match="used once"):
        await sim.__aenter__()


@pytest.mark.parametrize(
    "wrong",
    [
        {"replies": "Hello"},
        {"replies": [7]},
        {"faults": [429]},
        {"faults": Status(429)},
        {"pace": -1},
        {"pace": float("nan")},
        {"patience": 0},
        {"patience": float("inf")},
    ],
)
def test_what_cannot_be_simulated_is_refused_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        Simulator(**wrong)
