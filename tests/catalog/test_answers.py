"""What answers cost: as their provider says, else by prices, else unknown; over HTTP."""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec
import pytest

from beluga.errors import IncompleteStreamError, ModelError, RateLimitError
from beluga.events import AttemptEnded, Event
from beluga.hooks import Hooks, with_hooks
from beluga.middleware.cache import with_cache
from beluga.middleware.retry import with_retry
from beluga.model import ChatModel
from beluga.registry import new
from beluga.schema import (
    AIMessage,
    AudioPart,
    HumanMessage,
    Message,
    ModelInfo,
    Options,
    Prices,
    PromptCache,
    ProviderTool,
    Spent,
    TextPart,
    ToolSpec,
    Usage,
)
from beluga.testing import ScriptedModel
from tests.conformance.corpus import Recording, recordings
from tests.conformance.providers import BY_FOLDER
from tests.conformance.server import CUTS, Reply, Server, serving
from tests.doubles import SLOW_DOWN

TOLD_BY = ("openrouter", "openrouter_responses", "xai", "xai_responses")
"""Folders of those who say what an answer cost."""


def told(recording: Recording) -> float | None:
    """Return what the body says, read by nothing of beluga's."""
    found: float | None = None
    for event in bodies(recording):
        usage = event.get("usage") or (event.get("response") or {}).get("usage") or {}
        if usage.get("cost") is not None:
            found = usage["cost"]
            if usage.get("is_byok"):  # the user's own key is charged for the rest
                found += usage["cost_details"]["upstream_inference_cost"]
        elif usage.get("cost_in_usd_ticks") is not None:
            found = usage["cost_in_usd_ticks"] / 10**10
    return found


def bodies(recording: Recording) -> list[dict]:  # type: ignore[type-arg]  # any JSON
    text = recording.body.decode()
    if not recording.streaming:
        return [json.loads(text)]
    lines = [line.removeprefix("data:").strip() for line in text.splitlines()]
    events = [json.loads(line) for line in lines if line.startswith("{")]
    return [event for event in events if isinstance(event, dict)]


@pytest.mark.real_time
@pytest.mark.parametrize("folder", TOLD_BY)
async def test_what_a_provider_says_is_what_it_cost(folder: str) -> None:
    stored = [r for r in recordings(folder) if r.status == 200 and told(r) is not None]
    if not stored:
        pytest.skip(f"no recordings of {folder} beside the repository")
    wrong: list[str] = []
    answered = 0

    async def use(server: Server) -> None:
        nonlocal answered
        async with BY_FOLDER[folder].model_at(server.url) as model:
            for recording in stored:
                for cut in CUTS[:3]:
                    server.reply = Reply(200, recording.headers, recording.body, cut)
                    message = await asked(model, streaming=recording.streaming)
                    if message is None:
                        continue
                    answered += 1
                    if not message.cost == message.spent.cost == pytest.approx(told(recording)):
                        wrong.append(f"{recording.place}: {message.cost} and {told(recording)}")

    await serving(use)
    assert not wrong, "\n".join(wrong)
    assert answered >= len(stored)


async def asked(model: ChatModel, *, streaming: bool) -> AIMessage | None:
    try:
        if not streaming:
            return await model.generate("Hi")
        async with model.stream("Hi") as chunks:
            return await chunks.message()
    except ModelError:
        return None  # a refusal or a broken stream, which is recorded too


def chat_body(**usage: object) -> bytes:
    counts = {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500, **usage}
    choice = {"index": 0, "message": {"content": "Hi."}, "finish_reason": "stop"}
    return json.dumps({"id": "1", "model": "m", "choices": [choice], "usage": counts}).encode()


async def answered(
    name: str,
    body: bytes,
    prompt: str | Sequence[Message] = "Hi",
    options: Options | None = None,
    **config: object,
) -> tuple[AIMessage, list[Event]]:
    """Ask the model called *name* for the answer *body*."""
    events: list[Event] = []
    found: list[AIMessage] = []

    async def use(server: Server) -> None:
        server.reply = Reply(200, {"content-type": "application/json"}, body)
        base = f"{server.url}/v1" if not name.startswith("anthropic") else server.url
        settings = {"settings": {"api": "chat"}} if name.startswith("openai:") else {}
        async with new(name, api_key="k", base_url=base, **settings) as model:  # type: ignore[arg-type]
            watched = with_hooks(Hooks(on_event=events.append))(model)
            found.append(await watched.generate(prompt, **(options or {})))

    await serving(use)
    return found[0], events


@pytest.mark.real_time
async def test_by_the_models_prices_where_nobody_says() -> None:
    cached = {"prompt_tokens_details": {"cached_tokens": 800}}
    message, events = await answered("openai:gpt-5-mini", chat_body(**cached))
    expected = pytest.approx(200 * 0.25e-6 + 800 * 0.025e-6 + 500 * 2e-6)
    assert message.cost == message.spent.cost == expected
    assert message.metadata["cost_computed"] is True
    (ended,) = [event for event in events if isinstance(event, AttemptEnded)]
    assert (ended.cost, ended.computed) == (message.cost, True)
    assert msgspec.json.decode(msgspec.json.encode(message), type=AIMessage).cost == message.cost


@pytest.mark.real_time
@pytest.mark.parametrize(
    ("cost", "dollars"),
    [
        (0.5, 0.5),
        (0, 0.0),
        ({"input_tokens_cost": 0.1, "request_cost": 0.2, "total_cost": 0.25}, 0.25),
        ({"currency": "USD", "total_cost": 0.25}, 0.25),
        ({"currency": "EUR", "total_cost": 0.25}, 0.00125),  # by the prices, then
        ("much", 0.00125),
        (True, 0.00125),
        (-1, None),  # what it says is no cost, and it knows better than the table
    ],
)
async def test_what_a_server_says_wins_in_every_form(cost: object, dollars: float | None) -> None:
    message, events = await answered("openai:gpt-5-mini", chat_body(cost=cost))
    assert message.cost == (None if dollars is None else pytest.approx(dollars))
    (ended,) = [event for event in events if isinstance(event, AttemptEnded)]
    assert ended.computed == (dollars == 0.00125)


def tier(name: str | None) -> bytes:
    body = json.loads(chat_body())
    return json.dumps({**body, "service_tier": name}).encode()


@pytest.mark.real_time
@pytest.mark.parametrize(
    ("name", "known"),
    [(None, True), ("default", True), ("auto", True), ("flex", False), ("priority", False)],
)
async def test_another_tier_of_service_has_other_prices(name: str | None, known: bool) -> None:
    message, _ = await answered("openai:gpt-5-mini", tier(name))
    assert (message.cost is not None) == known


SOUND = HumanMessage([AudioPart(b"RIFF", media_type="audio/wav"), TextPart("What is this?")])
LONG = HumanMessage([TextPart("Much", prompt_cache=PromptCache(ttl="1h"))])
SEARCH = ProviderTool("anthropic", '{"type": "web_search_20250305", "name": "web_search"}')


@pytest.mark.real_time
@pytest.mark.parametrize(
    ("prompt", "options", "known"),
    [
        ("Hi", {}, True),
        ("Hi", {"tools": [ToolSpec("f", "F.", {"type": "object", "properties": {}})]}, True),
        ([SOUND], {}, False),
        ("Hi", {"extra": {"web_search_options": {}}}, False),
        ("Hi", {"extra": {"seed": 1}}, True),
    ],
)
async def test_no_cost_where_the_request_allows_what_is_charged_besides(
    prompt: str | Sequence[Message], options: Options, known: bool
) -> None:
    message, _ = await answered("openai:gpt-5-mini", chat_body(), prompt, options)
    assert (message.cost is not None) == known


def claude(**usage: object) -> bytes:
    counts = {"input_tokens": 10, "output_tokens": 100, **usage}
    content = [{"type": "text", "text": "Hi."}]
    whole = {"type": "message", "role": "assistant", "content": content, "stop_reason": "end_turn"}
    return json.dumps({"id": "1", "model": "claude", **whole, "usage": counts}).encode()


@pytest.mark.real_time
@pytest.mark.parametrize(
    ("prompt", "options", "usage", "dollars"),
    [
        ("Hi", {}, {}, 10 * 3e-6 + 100 * 15e-6),
        ("Hi", {}, {"cache_creation_input_tokens": 1000}, 1.53e-3 + 1000 * 3.75e-6),
        ("Hi", {}, {"cache_read_input_tokens": 1000}, 1.53e-3 + 1000 * 0.3e-6),
        ([LONG], {}, {"cache_creation_input_tokens": 1000}, None),  # an hour costs more
        ([LONG], {}, {"cache_read_input_tokens": 1000}, 1.53e-3 + 1000 * 0.3e-6),
        ("Hi", {}, {"service_tier": "standard", "inference_geo": "global"}, 1.53e-3),
        ("Hi", {}, {"inference_geo": "us"}, None),
        ("Hi", {}, {"speed": "fast"}, None),
        ("Hi", {"tools": [SEARCH]}, {}, None),
    ],
)
async def test_caches_places_and_searches_of_claude(
    prompt: str | Sequence[Message],
    options: Options,
    usage: dict[str, object],
    dollars: float | None,
) -> None:
    message, _ = await answered("anthropic:claude-sonnet-4-5", claude(**usage), prompt, options)
    assert message.cost == (None if dollars is None else pytest.approx(dollars))


@pytest.mark.real_time
@pytest.mark.parametrize("name", ["azure:gpt-4o", "openai-compatible:gpt-4o", "openai:gpt-999"])
async def test_an_unknown_model_costs_nobody_knows_what(name: str) -> None:
    message, _ = await answered(name, chat_body())
    assert (message.cost, message.spent.cost) == (None, None)
    assert "cost" not in message.metadata


PRICES = ModelInfo(model="m", provider="p", prices=Prices(input=1e6, output=1e6))


@pytest.mark.parametrize("retried", [False, True])
async def test_what_was_spent_is_that_of_all_attempts(retried: bool) -> None:
    answer = AIMessage("a", usage=Usage(2, 3, 5), finish_reason="stop")
    busy = RateLimitError(SLOW_DOWN)
    scripted = ScriptedModel([busy, answer] if retried else [answer], info=PRICES)
    message = await with_retry()(scripted).generate("Hi")
    assert (message.cost, message.spent.cost) == (5.0, 5.0)
    assert (message.spent.attempts, message.spent.estimated) == (1 + retried, False)


@pytest.mark.real_time
async def test_an_abandoned_stream_cost_what_had_been_said() -> None:
    events = [
        {"type": "message_start", "message": json.loads(claude(output_tokens=1))},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "text_delta", "text": "Once"},
        },
    ]
    events[0]["message"]["content"] = []  # type: ignore[index]  # as a stream begins
    body = "".join([f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events]).encode()
    spent: list[Spent] = []

    async def use(server: Server) -> None:
        server.reply = Reply(200, {"content-type": "text/event-stream"}, body)
        async with new("anthropic:claude-sonnet-4-5", api_key="k", base_url=server.url) as model:
            with pytest.raises(IncompleteStreamError):
                async with model.stream("Hi") as chunks:
                    await chunks.message()
            spent.append(chunks.spent)

    await serving(use)
    assert spent[0].cost == pytest.approx(10 * 3e-6 + 1 * 15e-6)
    assert (spent[0].attempts, spent[0].estimated) == (1, True)


async def test_an_answer_out_of_a_cache_takes_nothing_and_tells_what_it_cost_once() -> None:
    answer = AIMessage("a", usage=Usage(2, 3, 5), finish_reason="stop")
    model = with_cache()(ScriptedModel([answer], info=PRICES))
    first, second = await model.generate("Hi"), await model.generate("Hi")
    assert (first.cost, first.spent.cost) == (5.0, 5.0)
    assert (second.cost, second.spent.cost) == (5.0, None)
