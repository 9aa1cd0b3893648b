"""A provider's model over real sockets, whatever goes wrong on the other side.

Every call ends in time, with the whole answer or with a typed failure that fits the fault; what was
shown is a beginning of the answer; and no socket, task or warning stays behind.
"""

from __future__ import annotations

import gc
import random
import time

import anyio
import pytest

import beluga
from beluga.errors import ModelError
from beluga.model import ChatModel
from beluga.schema import AIMessage, ErrorCode, TextPart, Timeouts, ToolCall, Usage
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

TEXT = "Once upon a time there was a whale who read every stream to its very end."
PATIENT = Timeouts(connect=20, first_content=20, between_content=20, total=20)
QUICK = Timeouts(connect=20, first_content=0.3, between_content=0.3, total=0.6)


def provider(sim: Simulator) -> ChatModel:
    return beluga.new(
        "openai-compatible:sim-1", base_url=f"{sim.url}/v1", api_key="none", timeouts=PATIENT
    )


async def ask(model: ChatModel, *, streaming: bool) -> AIMessage:
    if not streaming:
        return await model.generate("Tell me a story.")
    async with model.stream("Tell me a story.") as chunks:
        return await chunks.message()


@pytest.mark.parametrize("streaming", [False, True])
async def test_an_answer_comes_whole(streaming: bool) -> None:
    reply = AIMessage(
        (TextPart("Ça va ?"), ToolCall("c1", "weather", '{"city": "Åsnes"}')),
        usage=Usage(5, 7, 12),
    )
    async with Simulator([reply]) as sim, provider(sim) as model:
        message = await ask(model, streaming=streaming)
        assert message.text == "Ça va ?"
        assert message.tool_calls == (ToolCall("c1", "weather", '{"city": "Åsnes"}'),)
        assert message.finish_reason == "tool_calls"
        assert message.usage == Usage(5, 7, 12)
        assert message.model == "sim-1"
        assert message.spent.attempts == 1


@pytest.mark.parametrize("streaming", [False, True])
async def test_a_tool_is_called_and_its_result_is_heard(streaming: bool) -> None:
    spec = beluga.ToolSpec("weather", "Current weather.")
    async with Simulator([CallTool('{"city":"Oslo"}'), CallTool()]) as sim, provider(sim) as plain:
        model = plain.bind_tools([spec])
        asked = beluga.HumanMessage("Weather?")
        call = (await ask(model, streaming=streaming)).tool_calls[0]
        assert call.parse() == {"city": "Oslo"}
        result = beluga.ToolMessage("rain", call.id)
        answer = await model.generate([asked, AIMessage((call,)), result])
        assert answer.text == "The tool said: rain"


FITTING: list[tuple[Fault, set[ErrorCode]]] = [
    (Status(400), {"invalid_input"}),
    (Status(401), {"auth_error"}),
    (Status(404), {"not_found"}),
    (Status(429, retry_after=3), {"rate_limit"}),
    (Status(500), {"provider_unavailable"}),
    (Status(503, body="<html>busy</html>"), {"provider_unavailable"}),
    (CutAfter(0), {"incomplete_stream"}),
    (CutAfter(200), {"incomplete_stream"}),
    (EndEarly(0), {"incomplete_stream", "provider_unavailable"}),
    (EndEarly(3), {"incomplete_stream", "provider_unavailable"}),
    (Garbage(0), {"incomplete_stream", "provider_unavailable"}),
    (Garbage(2), {"incomplete_stream", "provider_unavailable"}),
    (InStreamError("server_error", "oh", after=2), {"provider_unavailable"}),
    (InStreamError("rate_limit_exceeded", "slow", after=0), {"rate_limit"}),
    (ResetConnection(), {"provider_unavailable"}),
    (ResetConnection(2), {"incomplete_stream"}),
    (Stall(None), {"timeout"}),
    (Stall(3), {"timeout"}),
]


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(("fault", "codes"), FITTING, ids=[repr(fault) for fault, _ in FITTING])
async def test_a_fault_becomes_the_failure_that_fits(
    fault: Fault, codes: set[ErrorCode], streaming: bool
) -> None:
    async with Simulator([TEXT], [fault]) as sim, provider(sim) as plain:
        model = plain.with_options(timeout=QUICK) if isinstance(fault, Stall) else plain
        with pytest.raises(ModelError) as caught:
            await ask(model, streaming=streaming)
        error = caught.value
        assert error.code in codes
        assert (error.provider, error.model) == ("openai-compatible", "sim-1") or error.local
        if error.partial is not None:
            assert TEXT.startswith(error.partial.text)
        assert (await ask(plain, streaming=streaming)).text == TEXT  # the next call goes well


def faults(chance: random.Random) -> Fault | None:
    after = chance.randint(0, 8)
    return chance.choice(
        [
            None,
            Status(chance.choice([400, 401, 404, 408, 413, 422, 429, 500, 502, 503, 529])),
            CutAfter(chance.randint(0, 4000)),
            EndEarly(after),
            Stall(chance.choice([None, after])),
            Garbage(after),
            Delay(chance.uniform(0, 0.05)),
            SlowDrip(0.00001),
            InStreamError(after=after),
            ResetConnection(chance.choice([None, after])),
        ]
    )


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_goes_wrong_a_call_ends_in_time_and_leaves_nothing(seed: int) -> None:
    chance = random.Random(seed)
    schedule = [faults(chance) for _ in range(40)]
    outcomes: list[str] = []

    async def call() -> None:
        failure: ModelError | None = None
        began = time.monotonic()
        with anyio.move_on_after(chance.choice([None, None, chance.uniform(0, 0.2)])) as scope:
            try:
                message = await ask(model, streaming=chance.random() < 0.7)
                assert message.text == TEXT
                outcomes.append("whole")
            except ModelError as error:
                failure = error
                outcomes.append(error.code)
        if scope.cancelled_caught:
            outcomes.append("cancelled")
        assert time.monotonic() - began < 5
        if failure is not None and failure.partial is not None:
            assert TEXT.startswith(failure.partial.text)

    async def several() -> None:
        for _ in range(10):
            await call()

    async with Simulator([TEXT] * 40, schedule) as sim, provider(sim) as plain:
        model = plain.with_options(timeout=Timeouts(20, 0.2, 0.2, 2))
        async with anyio.create_task_group() as tasks:
            for _ in range(4):
                tasks.start_soon(several)
    gc.collect()
    assert len(outcomes) == 40
    assert {"whole", "timeout", "incomplete_stream"} <= set(outcomes)
