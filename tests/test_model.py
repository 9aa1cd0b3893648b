"""One call and its whole answer."""

from __future__ import annotations

import contextvars
from typing import Any

import anyio
import pytest

from beluga.effects import Effects, live
from beluga.errors import InvalidInputError, ModelTimeoutError, RateLimitError
from beluga.events import Attempted, AttemptEnded, Event
from beluga.model import ChatModel
from beluga.schema import (
    AIMessage,
    Finish,
    HumanMessage,
    Request,
    Restarted,
    Spent,
    SystemMessage,
    TextDelta,
    Timeouts,
    Usage,
)
from beluga.testing import ScriptedModel
from tests.doubles import SLOW_DOWN, Endless, FunctionModel, text


async def test_generate_returns_the_whole_answer() -> None:
    async def answer(request: Request, fx: Effects) -> Finish:
        await fx.emit(text("a", "b"))
        await fx.emit(text("c"))
        return Finish("stop", "end", Usage(1, 2, 3), "m", "p", "r", {"k": 1})

    message = await FunctionModel(answer).generate("Hi")
    assert message == AIMessage(
        "abc",
        usage=Usage(1, 2, 3),
        spent=Spent(Usage(1, 2, 3), None, 1),
        finish_reason="stop",
        raw_finish_reason="end",
        model="m",
        provider="p",
        response_id="r",
        metadata={"k": 1},
    )


async def test_generate_tells_the_model_that_nobody_watches() -> None:
    model = ScriptedModel(["a"])
    await model.generate([SystemMessage("Be brief."), HumanMessage("Hi")])
    assert not model.requests[0].streaming
    assert model.requests[0].messages == (SystemMessage("Be brief."), HumanMessage("Hi"))


async def test_what_was_emitted_before_a_restart_is_not_in_the_answer() -> None:
    async def answer(request: Request, fx: Effects) -> Finish:
        await fx.emit([TextDelta("void"), Restarted(SLOW_DOWN), TextDelta("anew")])
        return Finish("stop")

    assert (await FunctionModel(answer).generate("Hi")).text == "anew"


async def test_a_failure_carries_what_had_arrived_and_what_it_took() -> None:
    error = RateLimitError(SLOW_DOWN)

    async def answer(request: Request, fx: Effects) -> Finish:
        fx.notify(Attempted("p", "m"))
        await fx.emit(text("a"))
        fx.notify(AttemptEnded("p", "m", Usage(5, 1, 6), 1.0, failure=SLOW_DOWN))
        raise error

    with pytest.raises(RateLimitError) as caught:
        await FunctionModel(answer).generate("Hi")
    assert caught.value is error
    account = Spent(Usage(5, 1, 6), None, 1)
    assert error.partial == AIMessage("a", interrupted=True, spent=account)


async def test_a_failure_before_anything_arrived_has_no_partial() -> None:
    with pytest.raises(RateLimitError) as caught:
        await ScriptedModel([RateLimitError(SLOW_DOWN)]).generate("Hi")
    assert caught.value.partial is None


async def test_a_partial_that_is_there_already_stays() -> None:
    error = RateLimitError(SLOW_DOWN)
    error.partial = AIMessage("of the router")

    async def answer(request: Request, fx: Effects) -> Finish:
        await fx.emit(text("a"))
        raise error

    with pytest.raises(RateLimitError) as caught:
        await FunctionModel(answer).generate("Hi")
    assert caught.value.partial == AIMessage("of the router")


async def test_the_total_deadline_holds_and_is_not_retryable() -> None:
    producer = Endless()
    with pytest.raises(ModelTimeoutError) as caught:
        await FunctionModel(producer).generate("Hi", timeout=3.5)
    error = caught.value
    assert not error.retryable
    assert error.local
    assert error.partial is not None
    assert error.partial.text == "0 1 2 "
    assert anyio.current_time() == pytest.approx(5.5)
    assert producer.cleaned


async def test_the_total_deadline_is_ten_minutes_unless_something_else_is_said() -> None:
    with pytest.raises(ModelTimeoutError, match="600 s"):
        await FunctionModel(Endless(interval=1e9)).generate("Hi")
    assert anyio.current_time() == pytest.approx(602)
    slow = FunctionModel(Endless(interval=1e9))
    with anyio.move_on_after(1e5) as scope:
        await slow.generate("Hi", timeout=Timeouts(total=float("inf")))
    assert scope.cancelled_caught


async def test_a_model_is_told_what_remains() -> None:
    deadlines: list[float] = []

    async def answer(request: Request, fx: Effects) -> Finish:
        deadlines.append(fx.deadline)
        return Finish("stop")

    model = FunctionModel(answer)
    await model.generate("Hi", timeout=7)
    await model.generate("Hi", timeout=7, fx=live().until(5))
    assert deadlines == [pytest.approx(7), pytest.approx(5)]


async def test_cancellation_passes() -> None:
    producer = Endless()
    with anyio.move_on_after(2.5) as scope:
        await FunctionModel(producer).generate("Hi")
    assert scope.cancelled_caught
    assert producer.cleaned


async def test_generate_runs_in_the_callers_own_task() -> None:
    tasks: list[int] = []

    async def answer(request: Request, fx: Effects) -> Finish:
        tasks.append(anyio.get_current_task().id)
        colour.set("the model's")
        return Finish("stop")

    colour = contextvars.ContextVar("colour", default="none")
    await FunctionModel(answer).generate("Hi")
    assert tasks == [anyio.get_current_task().id]
    assert colour.get() == "the model's"


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), ValueError("a bug")])
async def test_whatever_else_is_raised_passes_untouched(error: BaseException) -> None:
    async def answer(request: Request, fx: Effects) -> Finish:
        await fx.emit(text("a"))
        raise error

    with pytest.raises(type(error)) as caught:
        await FunctionModel(answer).generate("Hi")
    assert caught.value is error


async def test_one_failure_in_a_task_group_comes_alone_and_several_as_they_are() -> None:
    async def fail(error: Exception) -> None:
        with anyio.CancelScope(shield=True):
            await anyio.sleep(1)
        raise error

    def failing(*errors: Exception) -> ChatModel:
        async def answer(request: Request, fx: Effects) -> Finish:
            async with anyio.create_task_group() as outer, anyio.create_task_group() as inner:
                outer.start_soon(anyio.sleep, 0)
                for error in errors:
                    inner.start_soon(fail, error)
            return Finish("stop")

        return FunctionModel(answer)

    error = RateLimitError(SLOW_DOWN)
    with pytest.raises(RateLimitError) as caught:
        await failing(error).generate("Hi")
    assert caught.value is error
    with pytest.raises(ExceptionGroup):
        await failing(ValueError("a"), ValueError("b")).generate("Hi")


async def test_a_model_that_returns_no_finish_is_told_so() -> None:
    async def answer(request: Request, fx: Effects) -> Any:
        return AIMessage("Hi")

    with pytest.raises(TypeError, match="must return a Finish; it returned AIMessage"):
        await FunctionModel(answer).generate("Hi")


@pytest.mark.parametrize(
    "wrong",
    [{"temperature": 7j}, {"nonsense": 1}, {"timeout": -1}, {"tools": [1]}, {"max_tokens": 0}],
)
async def test_a_wrong_option_is_refused_and_nothing_is_asked(wrong: dict[str, Any]) -> None:
    model = ScriptedModel(["a"])
    with pytest.raises(InvalidInputError) as caught:
        await model.generate("Hi", **wrong)
    assert caught.value.local
    with pytest.raises(InvalidInputError):
        model.with_options(**wrong)
    assert model.requests == []


async def test_a_wrong_prompt_is_refused() -> None:
    wrong: Any = [{"role": "user", "content": "Hi"}]
    with pytest.raises(InvalidInputError, match="got dict"):
        await ScriptedModel(["a"]).generate(wrong)


async def test_observers_of_the_caller_see_what_happens_and_hurt_nobody() -> None:
    seen: list[Event] = []
    await ScriptedModel(["a"]).generate("Hi", fx=live().observed_by(seen.append))
    assert [type(event) for event in seen] == [Attempted, AttemptEnded]
