"""A loop over real sockets: every dialect, failures in the midst, middleware round its model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import pytest

import beluga
from beluga import (
    AIMessage,
    ChatModel,
    HumanMessage,
    IncompleteStreamError,
    Middleware,
    Router,
    ToolLoop,
    ToolMessage,
    apply_middleware,
    tool,
    with_budget,
    with_cache,
    with_fallback,
    with_guardrails,
    with_hedge,
    with_limits,
    with_logging,
    with_retry,
    with_timeout,
)
from beluga.middleware import Secrets
from beluga.stores import ProviderLimits
from beluga.testing import CallTool, CutAfter, ScriptedModel, SimulatedReply, Simulator

pytestmark = pytest.mark.real_time

DIALECTS = {
    "openai": ("openai", "/v1"),
    "chat": ("openai-compatible", "/v1"),
    "anthropic": ("anthropic", ""),
    "google": ("google", ""),
    "ollama": ("ollama", ""),
    "cohere": ("cohere", ""),
    "bedrock": ("bedrock", ""),
    "mistral": ("mistral", "/v1"),
}
SCRIPT: list[SimulatedReply] = [CallTool('{"city": "Tadoussac"}'), "It snows in Tadoussac."]


@tool
async def get_weather(city: str) -> str:
    """The weather in a city, now."""
    return f"snow in {city}"


def at(sim: Simulator, dialect: str = "chat") -> ChatModel:
    provider, base = DIALECTS[dialect]
    settings: dict[str, Any] = {"region": "us-east-1"} if provider == "bedrock" else {}
    return beluga.new(
        provider, model="sim-1", base_url=f"{sim.url}{base}", api_key="none", settings=settings
    )


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_every_dialect(dialect: str, streaming: bool) -> None:
    async with Simulator(SCRIPT) as sim, at(sim, dialect) as model:
        loop = ToolLoop(model, [get_weather])
        if streaming:
            async with loop.stream("What is the weather?") as items:
                run = await items.run()
        else:
            run = await loop.generate("What is the weather?")
        assert run.text == "It snows in Tadoussac."
        assert [type(m) for m in run.messages] == [HumanMessage, AIMessage, ToolMessage, AIMessage]
        assert "snow in Tadoussac" in str(sim.requests[1].body)
        assert run.spent.attempts == 2


WRAPPED: dict[str, Callable[[], Middleware]] = {
    "retry": with_retry,
    "cache": with_cache,
    "limits": lambda: with_limits(ProviderLimits(rpm=1000, max_concurrent=2)),
    "guards": lambda: with_guardrails(input=[Secrets()], output=[Secrets("block")]),
    "hedge": lambda: with_hedge(delay=20),
    "timeout": lambda: with_timeout(20),
    "budget": lambda: with_budget(100, prices=beluga.Prices(input=1, output=1)),
    "logging": with_logging,
    "fallback": lambda: with_fallback(ScriptedModel([])),
    "router": lambda: lambda model: Router([model]),
}


@pytest.mark.parametrize("name", WRAPPED)
@pytest.mark.parametrize("streaming", [False, True])
async def test_middleware_and_router_round_the_model(name: str, streaming: bool) -> None:
    async with Simulator(SCRIPT) as sim, at(sim) as model:
        loop = ToolLoop(apply_middleware(model, WRAPPED[name]()), [get_weather])
        if streaming:
            async with loop.stream("What is the weather?") as items:
                run = await items.run()
        else:
            run = await loop.generate("What is the weather?")
        assert len(sim.requests) == 2
    assert (run.text, run.steps, run.ended) == ("It snows in Tadoussac.", 2, "answer")


async def test_an_answer_that_breaks_off_keeps_the_step_before() -> None:
    async with Simulator(SCRIPT, [None, CutAfter(400)]) as sim, at(sim) as model:
        async with ToolLoop(model, [get_weather]).stream("What is the weather?") as items:
            with pytest.raises(IncompleteStreamError):
                await items.run()
        assert [type(m) for m in items.partial.messages] == [HumanMessage, AIMessage, ToolMessage]
        assert items.partial.message.interrupted
        assert items.partial.spent.attempts == 2


async def test_leaving_in_the_midst_of_an_answer_closes_its_connection() -> None:
    async with Simulator(SCRIPT, pace=0.05) as sim, at(sim) as model:
        with anyio.fail_after(20):
            async with ToolLoop(model, [get_weather]).stream("What is the weather?") as items:
                async for _ in items.text():
                    break
        assert items.partial.message.interrupted
        assert len(items.partial.messages) == 3
