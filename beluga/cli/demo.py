"""`beluga demo`: the main job, over real sockets; no key is needed.

A simulator on loopback stands in for a provider. With a provider's key in the environment, that
provider answers instead, and only the one that dies is still simulated.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from beluga.cli.show import one_line, say, show_account, show_stream
from beluga.errors import ModelError
from beluga.model import ChatModel
from beluga.registry import new
from beluga.routing import FailoverChain, Router
from beluga.schema import HumanMessage, Message
from beluga.testing import CallTool, SimulatedReply, Simulator
from beluga.testing.faults import CutAfter
from beluga.tools import run_tools, tool

__all__ = ["demo", "get_weather"]

# The variable that holds a provider's key, and a model to show there.
_REAL: Final[dict[str, str]] = {
    "OPENAI_API_KEY": "openai:gpt-5-mini",
    "ANTHROPIC_API_KEY": "anthropic:claude-haiku-4-5",
    "GEMINI_API_KEY": "google:gemini-2.5-flash",
    "GROQ_API_KEY": "groq:llama-3.3-70b-versatile",
    "OPENROUTER_API_KEY": "openrouter:openai/gpt-5-mini",
    "DEEPSEEK_API_KEY": "deepseek:deepseek-chat",
    "MISTRAL_API_KEY": "mistral:mistral-small-latest",
}

_STORY: Final = (
    "Under the ice of the Saint Lawrence a white whale sings, and every other whale "
    "within ten miles sings back. Nobody has yet told them that they are the choir."
)


@tool
async def get_weather(city: str) -> str:
    """The weather in a city, now.

    Args:
        city: Name of the city.
    """
    return f"snow in {city}, -4 °C"


async def demo(name: str | None = None) -> int:
    """Stream an answer, run a tool call, and survive a provider that dies."""
    name = name or next((model for key, model in _REAL.items() if os.environ.get(key)), None)
    script: list[SimulatedReply] = [
        _STORY,
        CallTool('{"city": "Tadoussac"}'),
        "It snows in Tadoussac, at -4 °C.",
        _STORY,
    ]
    dies_late = CutAfter(900)
    async with (
        Simulator(script, pace=0.03) as healthy,
        Simulator([_STORY], [dies_late, dies_late], pace=0.03) as dying,
        _model(name, healthy) as model,
        new("openai-compatible:dying", base_url=f"{dying.url}/v1") as fragile,
    ):
        say(f"asking {name or 'a simulated provider on loopback; a key or -m asks a real one'}\n")
        await _stream(model)
        await _call_a_tool(model)
        return 0 if await _survive([fragile, model]) else 1


@asynccontextmanager
async def _model(name: str | None, simulator: Simulator) -> AsyncGenerator[ChatModel, None]:
    if name is None:
        model = new("openai-compatible:simulated", base_url=f"{simulator.url}/v1")
    else:
        model = new(name)
    async with model:
        yield model


async def _stream(model: ChatModel) -> None:
    say("1. An answer, as it comes:")
    async with model.stream("Tell me of the beluga whale, in two sentences.") as chunks:
        show_account(await show_stream(chunks))


async def _call_a_tool(model: ChatModel) -> None:
    say("\n2. A tool call, and the answer that rests on it:")
    history: list[Message] = [HumanMessage("What is the weather in Tadoussac?")]
    tooled = model.bind_tools([get_weather])
    answer = await tooled.generate(history)
    if not answer.tool_calls:
        say(answer.text)
        show_account(answer)
        return
    for call in answer.tool_calls:
        say(f"  the model calls {call.name}({call.arguments})")
    history += [answer, *await run_tools(answer, [get_weather])]
    async with tooled.stream(history) as chunks:
        show_account(await show_stream(chunks))


async def _survive(models: list[ChatModel]) -> bool:
    say("\n3. A provider that dies in mid-sentence, and the next one:")
    router = Router(models, FailoverChain(), on_interrupt="restart")
    try:
        async with router.stream("Tell me of the beluga whale, in two sentences.") as chunks:
            show_account(await show_stream(chunks))
    except ModelError as error:
        say(f"\n  [{error.code}: {one_line(error)}]")
        return False
    return True
