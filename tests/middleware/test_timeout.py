"""The time of one model, inside that of the answer."""

from __future__ import annotations

import math

import anyio
import pytest

from beluga.errors import InvalidInputError, ModelTimeoutError, RateLimitError, error_for
from beluga.middleware import with_fallback, with_retry, with_timeout
from beluga.schema import GenerateOptions, Timeouts
from beluga.testing import ScriptedModel
from tests.middleware.stage import SLOW, ask, reply

both_ways = pytest.mark.parametrize("streaming", [False, True])


@both_ways
async def test_each_attempt_has_the_time_to_itself(streaming: bool) -> None:
    scripted = ScriptedModel([[60.0], [60.0], "Hi"])
    model = with_retry(base=0.0)(with_timeout(5)(scripted))
    began = anyio.current_time()
    message = await ask(model, streaming=streaming)
    assert (message.text, message.spent.attempts) == ("Hi", 3)
    assert anyio.current_time() - began == pytest.approx(10.0)


@both_ways
async def test_the_next_model_is_asked_in_place_of_a_late_one(streaming: bool) -> None:
    late = with_timeout(5)(ScriptedModel([[60.0]]))
    model = with_fallback(ScriptedModel(["Hi"]))(late)
    assert (await ask(model, streaming=streaming)).text == "Hi"


async def test_once_content_was_shown_it_is_no_failure_that_passes() -> None:
    scripted = ScriptedModel([reply("a", 60.0), "never"])
    with pytest.raises(ModelTimeoutError, match="within the model's 5 s") as raised:
        await ask(with_retry()(with_timeout(5)(scripted)), streaming=True)
    assert not raised.value.retryable
    assert not raised.value.local
    assert raised.value.partial is not None
    assert raised.value.partial.text == "a"
    assert len(scripted.requests) == 1


@both_ways
async def test_the_answers_own_time_comes_first(streaming: bool) -> None:
    model = with_timeout(5)(ScriptedModel([[60.0]])).with_options(timeout=5.0)
    with pytest.raises(ModelTimeoutError, match="total time of 5 s"):
        await ask(model, streaming=streaming)


@both_ways
async def test_inside_retries_know_of_it(streaming: bool) -> None:
    scripted = ScriptedModel([error_for(SLOW), "never"])
    model = with_timeout(5)(with_retry()(scripted))
    began = anyio.current_time()
    with pytest.raises(RateLimitError):
        await ask(model, streaming=streaming)
    assert anyio.current_time() == began


@pytest.mark.parametrize(
    ("given", "asked", "sent"),
    [
        (9.0, None, Timeouts(total=9.0)),
        (Timeouts(1, 2, 3, 4), None, Timeouts(1, 2, 3, 4)),
        (Timeouts(1, 200, 300, 4), Timeouts(5, 6, 7, 8), Timeouts(1, 6, 7, 4)),
        (Timeouts(1, 200, 300, math.inf), None, Timeouts(1, 120, 120, 600)),
    ],
)
async def test_of_two_bounds_the_shorter_one_holds(
    given: float | Timeouts, asked: Timeouts | None, sent: Timeouts
) -> None:
    scripted = ScriptedModel(["Hi"])
    await with_timeout(given)(scripted).generate("Hi", timeout=asked)
    assert scripted.requests[0].options.timeout == sent


async def test_the_models_own_bounds_are_not_forgotten() -> None:
    mine = Timeouts(first_content=7.0)
    others = [ScriptedModel(["Hi"], defaults=GenerateOptions(timeout=mine)), ScriptedModel([])]
    model = with_fallback(others[1])(with_timeout(9)(others[0]))
    await model.generate("Hi")
    assert others[0].requests[0].options.timeout == Timeouts(first_content=7.0, total=9.0)


@pytest.mark.parametrize("given", [0, -1, math.nan, "5", True])
def test_what_makes_no_sense_is_refused(given: float) -> None:
    with pytest.raises(InvalidInputError, match="with_timeout: total must be a number"):
        with_timeout(given)


@both_ways
async def test_a_long_time_of_its_own_does_not_hide_that_of_the_answer(streaming: bool) -> None:
    model = with_timeout(100)(with_retry()(ScriptedModel([error_for(SLOW), "never"])))
    began = anyio.current_time()
    with pytest.raises(RateLimitError):
        await ask(model.with_options(timeout=6.0), streaming=streaming)
    assert anyio.current_time() == began
