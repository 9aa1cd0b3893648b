"""Every provider, over loopback HTTP: its form of the schema goes out, and values come back."""

from __future__ import annotations

import json
from typing import Annotated, Any

import msgspec
import pytest

from beluga.effects import live
from beluga.errors import OutputInvalidError, UnsupportedError
from beluga.events import Attempted, Event
from beluga.middleware import with_cache
from beluga.routing import FailoverChain, Router
from beluga.schema import AIMessage, Restarted, ToolCall
from beluga.schemas import codec_for, schema_of
from beluga.structured import FieldDone, StructuredOutput
from beluga.testing import Simulator, Status
from tests.testing.test_speakers import EACH, provider

pytestmark = pytest.mark.real_time


class Stop(msgspec.Struct, frozen=True):
    place: str
    at: tuple[float, float]


class Journey(msgspec.Struct, frozen=True):
    title: Annotated[str, msgspec.Meta(max_length=20)]
    stops: list[Stop]
    notes: dict[str, str]
    days: int = 1


JOURNEY = Journey("Round the bay", [Stop("Pier", (1.5, 2.0)), Stop("Rock", (2.0, 3.0))], {"a": "b"})
PLAIN = msgspec.to_builtins(JOURNEY)
STREAMING = pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])

CODECS = {"openai": "openai", "anthropic": "anthropic", "google": "gemini"}
"""Of the others, the simulator is asked in the form that the provider's own models take."""


async def codec_named(name: str) -> str:
    """Return the codec that a request of this provider says it was written with."""
    events: list[Event] = []
    async with Simulator(["{}"]) as sim, provider(name, sim) as model:
        output = StructuredOutput(model, Journey, mode="native", retries=0)
        with pytest.raises(OutputInvalidError):
            await output.generate("Where to?", fx=live().observed_by(events.append))
    [attempted] = [event for event in events if isinstance(event, Attempted)]
    assert CODECS.get(name) in {None, attempted.schema_codec}
    return attempted.schema_codec or "plain"


def in_form(codec: Any) -> str:
    return json.dumps(codec_for(schema_of(Journey).schema, codec).encode(PLAIN))


@STREAMING
@EACH
async def test_natively(name: str, streaming: bool) -> None:
    reply = in_form(await codec_named(name))
    async with Simulator([reply]) as sim, provider(name, sim) as model:
        output = StructuredOutput(model, Journey, mode="native", retries=0)
        if not streaming:
            assert await output.generate("Where to?") == JOURNEY
            return
        async with output.stream("Where to?") as stream:
            events = [event async for event in stream.events()]
            assert stream.value == JOURNEY
    assert not any(isinstance(event, Restarted) for event in events)
    assert FieldDone(("stops", 1, "at"), [2.0, 3.0]) in events
    assert FieldDone(("notes", "a"), "b") in events


@STREAMING
@EACH
async def test_as_a_tool(name: str, streaming: bool) -> None:
    call = AIMessage((ToolCall("call_0", "Journey", json.dumps(PLAIN)),))
    async with Simulator([call]) as sim, provider(name, sim) as model:
        output = StructuredOutput(model, Journey, mode="tool", retries=0)
        if name == "ollama":  # it has no way to have a tool called
            with pytest.raises(UnsupportedError):
                await output.generate("Where to?")
            return
        if not streaming:
            assert await output.generate("Where to?") == JOURNEY
            return
        async with output.stream("Where to?") as stream:
            views = [view async for view in stream]
            assert stream.value == JOURNEY
    assert views[-1].as_json() == json.loads(json.dumps(PLAIN))


@EACH
async def test_in_words_and_asked_again(name: str) -> None:
    bad = json.dumps({**PLAIN, "title": "x" * 30, "days": "two"})
    replies = [bad, f"```json\n{json.dumps(PLAIN)}\n```"]
    async with Simulator(replies) as sim, provider(name, sim) as model:
        result = await StructuredOutput(model, Journey, mode="prompt").run("Where to?")
    assert (result.value, len(result.attempts)) == (JOURNEY, 2)
    again = json.dumps(sim.requests[1].body)
    assert "/title: expected 20 characters or fewer" in again
    assert "/days: expected integer" in again


@EACH
async def test_whatever_mode_a_provider_has_auto_finds_one(name: str) -> None:
    async with Simulator([in_form(await codec_named(name))]) as sim, provider(name, sim) as model:
        assert await StructuredOutput(model, Journey).generate("Where to?") == JOURNEY


async def test_behind_a_router_it_is_the_form_of_whoever_answers() -> None:
    async with (
        Simulator([], [Status(503)]) as down,
        Simulator([in_form("anthropic")]) as up,
        provider("openai", down) as first,
        provider("anthropic", up) as second,
    ):
        cache = with_cache()
        output = StructuredOutput(cache(Router([first, second], FailoverChain())), Journey)
        for _ in range(2):  # the second time out of the cache
            async with output.stream("Where to?") as stream:
                views = [view async for view in stream]
                assert stream.value == JOURNEY
            shown = [view.notes for view in views if view.notes is not None]
            assert all(notes == shown[-1] or len(notes) < 2 for notes in shown)
    assert len(up.requests) == 1
