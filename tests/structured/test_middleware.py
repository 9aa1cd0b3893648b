"""Values come through every middleware, whole and watched, in every mode."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from beluga.context import ContextManager, with_context
from beluga.errors import error_for
from beluga.hooks import Hooks, Middleware, with_hooks
from beluga.middleware import (
    Length,
    with_breaker,
    with_budget,
    with_cache,
    with_fallback,
    with_guardrails,
    with_hedge,
    with_limits,
    with_logging,
    with_retry,
    with_timeout,
    with_tracing,
)
from beluga.model import ChatModel
from beluga.schema import AIMessage, Prices
from beluga.stack import standard
from beluga.stores import ProviderLimits
from beluga.structured import StructuredOutput
from tests.structured.stage import ANN, BAD, BILLED, DOWN, GOOD, Person, cut, scripted

MIDDLE: dict[str, Callable[[], Middleware]] = {
    "breaker": lambda: with_breaker(3),
    "budget": lambda: with_budget(1.0, prices=Prices(input=1, output=1)),
    "cache": with_cache,
    "context": lambda: with_context(ContextManager(budget=2000)),
    "fallback": lambda: with_fallback(scripted()),
    "guardrails": lambda: with_guardrails(output=[Length(1000)]),
    "hedge": lambda: with_hedge(delay=1),
    "hooks": lambda: with_hooks(Hooks(after_generate=kept, on_stream=lambda chunk: None)),
    "limits": lambda: with_limits(ProviderLimits(rpm=10)),
    "logging": with_logging,
    "retry": with_retry,
    "standard": lambda: (
        lambda model: standard(model, cache=with_cache(), guardrails=[Length(1000)])
    ),
    "timeout": lambda: with_timeout(10),
    "tracing": with_tracing,
}


def kept(message: AIMessage) -> AIMessage:
    return message


@pytest.mark.parametrize("mode", ["native", "tool", "prompt"])
@pytest.mark.parametrize("name", MIDDLE)
async def test_a_value_comes_through_the_second_time(name: str, mode: Any) -> None:
    output = StructuredOutput(MIDDLE[name]()(scripted(cut(BAD), cut(GOOD))), Person, mode=mode)
    result = await output.run("Who?")
    assert (result.value, result.usage, len(result.attempts)) == (ANN, BILLED + BILLED, 2)


@pytest.mark.parametrize("mode", ["native", "tool", "prompt"])
@pytest.mark.parametrize("name", MIDDLE)
async def test_a_value_is_watched_through_it(name: str, mode: Any) -> None:
    output = StructuredOutput(MIDDLE[name]()(scripted(cut(BAD), cut(GOOD))), Person, mode=mode)
    async with output.stream("Who?", on_invalid="restart") as stream:
        shown = [view.as_json() async for view in stream]
        assert (stream.value, stream.spent.usage) == (ANN, BILLED + BILLED)
    assert shown[-1] == {"name": "Ann", "age": 3}
    assert None in shown


async def test_a_value_comes_through_all_of_it_at_once() -> None:
    down = error_for(DOWN)
    first = scripted(down, down, down, cut(GOOD), model_id="a")
    second = scripted(cut(BAD), cut(GOOD), model_id="b")
    model: ChatModel = standard(first, second, cache=with_cache(), hooks=Hooks(after_generate=kept))
    result = await StructuredOutput(model, Person).run("Who?")
    assert (result.value, len(result.attempts)) == (ANN, 2)
    assert result.message.spent.attempts == 5
