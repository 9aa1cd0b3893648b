"""Requests that are too long for a model's window, and providers that say so."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from beluga import (
    ChatModel,
    ContextLengthError,
    ContextManager,
    ContextOverflowError,
    Effects,
    Event,
    Failure,
    Finish,
    Fitted,
    Hooks,
    HumanMessage,
    JsonSchema,
    Message,
    ModelInfo,
    Request,
    TextDelta,
    ToolSpec,
    apply_middleware,
    error_for,
    with_context,
    with_hooks,
)
from beluga.fitting import input_budget
from beluga.schema import GenerateOptions
from tests.context.histories import Letters, chat

pytestmark = pytest.mark.anyio

COUNTER = Letters()


class Windowed(ChatModel):
    """A model that refuses what is longer than it takes; what it says of itself may be wrong."""

    def __init__(self, says: int | None, takes: int, *, speaks_first: bool = False) -> None:
        self.says, self.takes, self.speaks_first = says, takes, speaks_first
        self.sent: list[int] = []

    @property
    def model_id(self) -> str:
        return "windowed"

    @property
    def info(self) -> ModelInfo:
        return ModelInfo(context_window=self.says)

    async def respond(self, request: Request, fx: Effects) -> Finish:
        tokens = COUNTER.count_messages(request.messages)
        self.sent.append(tokens)
        if self.speaks_first:
            await fx.emit([TextDelta("Well")])
        if tokens > self.takes:
            raise error_for(Failure("context_length", "too long"))
        await fx.emit([TextDelta(f"{len(request.messages)}")])
        return Finish("stop")


def fitting(model: ChatModel, events: list[Event], **options: int) -> ChatModel:
    manager = ContextManager("truncate", tokenizer=COUNTER, **options)
    observed = with_hooks(Hooks(on_event=events.append))
    return apply_middleware(model, observed, with_context(manager))


def fittings(events: Sequence[Event]) -> list[Fitted]:
    return [event for event in events if isinstance(event, Fitted)]


async def test_a_request_is_fitted_to_the_window_less_the_answer() -> None:
    inner, events = Windowed(3000, 3000), list[Event]()
    await fitting(inner, events).generate(chat(100), max_tokens=1000)
    assert 900 < inner.sent[0] <= 2000
    [event] = fittings(events)
    assert (event.messages, event.budget, event.strategy) == ((), 2000, "truncate")
    assert event.dropped > 100


async def test_tools_and_a_schema_take_their_share() -> None:
    inner, events = Windowed(3000, 3000), list[Event]()
    schema = JsonSchema("whale", {"type": "object", "description": "s" * 1200})
    tools = [ToolSpec("t" * 500)]
    await fitting(inner, events, reserve_output=500).generate(
        chat(100), tools=tools, response_format=schema
    )
    assert inner.sent[0] <= 2500 - 500 - 300
    assert fittings(events)[0].budget < 2200


async def test_what_fits_goes_as_it_is() -> None:
    inner, events = Windowed(3000, 3000), list[Event]()
    assert (await fitting(inner, events).generate("Hi")).text == "1"
    assert fittings(events) == []


async def test_a_model_of_unknown_window_is_asked_as_it_is() -> None:
    inner, events = Windowed(None, 10**6), list[Event]()
    await fitting(inner, events).generate(chat(100))
    assert inner.sent == [COUNTER.count_messages(chat(100))]


@pytest.mark.parametrize(("says", "takes"), [(None, 5000), (20_000, 5000), (7000, 4000)])
async def test_a_refusal_is_met_with_less_once(says: int | None, takes: int) -> None:
    inner, events = Windowed(says, takes), list[Event]()
    reply = await fitting(inner, events).generate(chat(100))
    first, second = inner.sent
    assert second <= 0.75 * first
    assert reply.text
    assert fittings(events)


async def test_a_second_refusal_is_the_callers() -> None:
    inner, events = Windowed(None, 100), list[Event]()
    with pytest.raises(ContextLengthError):
        await fitting(inner, events).generate(chat(100))
    assert len(inner.sent) == 2


async def test_what_was_begun_is_not_begun_again() -> None:
    inner, events = Windowed(None, 100, speaks_first=True), list[Event]()
    with pytest.raises(ContextLengthError):
        await fitting(inner, events).generate(chat(100))
    assert len(inner.sent) == 1


async def test_a_question_too_long_for_the_window_is_never_sent() -> None:
    inner, events = Windowed(1000, 1000), list[Event]()
    question: list[Message] = [HumanMessage("why " * 5000)]
    with pytest.raises(ContextOverflowError) as caught:
        await fitting(inner, events).generate(question)
    assert caught.value.needed == COUNTER.count_messages(question)
    assert inner.sent == []


async def test_what_cannot_be_made_smaller_is_refused_as_the_provider_did() -> None:
    inner, events = Windowed(None, 1000), list[Event]()
    with pytest.raises(ContextLengthError):
        await fitting(inner, events).generate("why " * 5000)
    assert len(inner.sent) == 1


@pytest.mark.parametrize(
    ("info", "options", "reserve", "budget"),
    [
        (ModelInfo(), GenerateOptions(), None, None),
        (ModelInfo(context_window=8000), GenerateOptions(max_tokens=1000), None, 7000),
        (ModelInfo(context_window=8000), GenerateOptions(max_tokens=1000), 500, 7500),
        (ModelInfo(context_window=8000), GenerateOptions(), None, 6000),
        (ModelInfo(context_window=200_000), GenerateOptions(), None, 195_904),
        (ModelInfo(context_window=8000, max_output_tokens=800), GenerateOptions(), None, 7200),
        (ModelInfo(context_window=8000, max_input_tokens=5000), GenerateOptions(), 0, 5000),
        (ModelInfo(max_input_tokens=5000), GenerateOptions(), 100, 5000),
        (ModelInfo(context_window=100), GenerateOptions(max_tokens=500), None, 0),
    ],
)
def test_a_budget_is_what_a_window_leaves(
    info: ModelInfo, options: GenerateOptions, reserve: int | None, budget: int | None
) -> None:
    assert input_budget(info, options, reserve) == budget
