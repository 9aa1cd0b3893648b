"""Other models in place of one that failed, asked either way."""

from __future__ import annotations

import pickle
from typing import get_args

import anyio
import msgspec
import pytest

from beluga.effects import Effects, Judge, live
from beluga.errors import (
    AllModelsFailedError,
    ContentFilterError,
    InvalidInputError,
    ModelError,
    ProviderDownError,
    RateLimitError,
    error_for,
)
from beluga.events import Event, FailedOver
from beluga.flows.failover import ELSEWHERE
from beluga.middleware import with_fallback, with_retry
from beluga.model import ChatModel, Wrapper
from beluga.schema import (
    AIMessage,
    ErrorCode,
    Failure,
    Finish,
    GenerateOptions,
    Request,
    Restarted,
    TextDelta,
)
from beluga.testing import ScriptedModel
from tests.doubles import FunctionModel
from tests.middleware.stage import DOWN, REFUSED, SLOW, WRONG, Raising, ask, down, reply

both_ways = pytest.mark.parametrize("streaming", [False, True])


@both_ways
@pytest.mark.parametrize("code", get_args(ErrorCode))
async def test_what_the_table_says_happens(code: ErrorCode, streaming: bool) -> None:
    failure = Failure(code, "oops")
    second = ScriptedModel(["second"])
    model = with_fallback(second)(ScriptedModel([error_for(failure)]))
    if ELSEWHERE[code] in {"yes", "if_theirs"}:
        assert (await ask(model, streaming=streaming)).text == "second"
    else:
        with pytest.raises(ModelError) as raised:
            await ask(model, streaming=streaming)
        assert raised.value.failure is failure
        assert not second.requests


@both_ways
async def test_models_are_asked_in_order(streaming: bool) -> None:
    events: list[Event] = []
    models = [
        ScriptedModel([down()], model_id="a"),
        ScriptedModel([error_for(SLOW)], model_id="b"),
        ScriptedModel(["third"], model_id="c"),
        ScriptedModel([], model_id="d"),
    ]
    message = await ask(with_fallback(*models[1:])(models[0]), streaming=streaming, events=events)
    assert (message.text, message.model, message.spent.attempts) == ("third", "c", 3)
    assert [event for event in events if isinstance(event, FailedOver)] == [
        FailedOver(DOWN, "mock", "b"),
        FailedOver(SLOW, "mock", "c"),
    ]


@both_ways
async def test_if_nobody_answers_every_cause_is_told(streaming: bool) -> None:
    sooner = msgspec.structs.replace(SLOW, retry_after=4.0)
    model = with_fallback(
        ScriptedModel([[2.0, error_for(sooner)]]), ScriptedModel([[1.0, down()]])
    )(ScriptedModel([error_for(SLOW)]))
    with pytest.raises(AllModelsFailedError) as raised:
        await ask(model, streaming=streaming)
    error = raised.value
    assert error.attempts == (SLOW, sooner, DOWN)
    assert error.code == "provider_unavailable"
    assert error.retry_after == pytest.approx(3.0)
    assert not error.retryable
    assert isinstance(error.__cause__, ProviderDownError)
    assert pickle.loads(pickle.dumps(error)).failure == error.failure


@both_ways
async def test_what_is_wrong_everywhere_is_raised_as_it_came(streaming: bool) -> None:
    wrong = error_for(WRONG)
    third = ScriptedModel([])
    model = with_fallback(Raising(wrong), third)(ScriptedModel([down()]))
    with pytest.raises(InvalidInputError) as raised:
        await ask(model, streaming=streaming)
    assert raised.value is wrong
    assert not third.requests


async def test_a_watcher_never_sees_two_models() -> None:
    second = ScriptedModel([])
    model = with_fallback(second)(ScriptedModel([reply("a", failure=DOWN)]))
    with pytest.raises(ProviderDownError) as raised:
        await ask(model, streaming=True)
    assert raised.value.partial is not None
    assert raised.value.partial.text == "a"
    assert not second.requests


async def test_without_a_watcher_the_next_is_asked_even_after_content() -> None:
    model = with_fallback(ScriptedModel(["b"]))(ScriptedModel([reply("a", failure=DOWN)]))
    assert (await ask(model, streaming=False)).text == "b"


async def test_the_partial_of_the_last_model_is_kept() -> None:
    models = [ScriptedModel([reply(name, failure=DOWN)]) for name in "ab"]
    with pytest.raises(AllModelsFailedError) as raised:
        await ask(with_fallback(models[1])(models[0]), streaming=False)
    assert raised.value.partial is not None
    assert raised.value.partial.text == "b"


async def test_after_a_restart_another_model_may_be_asked() -> None:
    begun = [TextDelta("a"), Restarted(DOWN), down()]
    model = with_fallback(ScriptedModel(["b"]))(ScriptedModel([begun]))
    assert (await ask(model, streaming=True)).text == "b"


@both_ways
async def test_a_refusal_is_passed_on_only_if_asked(streaming: bool) -> None:
    with pytest.raises(ContentFilterError):
        model = with_fallback(ScriptedModel([]))(ScriptedModel([error_for(REFUSED)]))
        await ask(model, streaming=streaming)
    model = with_fallback(ScriptedModel(["b"]), on_refusal="next")(
        ScriptedModel([error_for(REFUSED)])
    )
    assert (await ask(model, streaming=streaming)).text == "b"


@both_ways
async def test_cancellation_asks_nobody_else(streaming: bool) -> None:
    second = ScriptedModel([])
    with anyio.move_on_after(1) as scope:
        await ask(with_fallback(second)(ScriptedModel([[60.0]])), streaming=streaming)
    assert scope.cancelled_caught
    assert not second.requests


@both_ways
async def test_around_all_of_them_nothing_retries(streaming: bool) -> None:
    models = [ScriptedModel([error_for(SLOW)]) for _ in range(2)]
    with pytest.raises(AllModelsFailedError):
        await ask(with_retry()(with_fallback(models[1])(models[0])), streaming=streaming)


async def test_each_model_brings_its_own_options() -> None:
    first = ScriptedModel(
        [down()], defaults=GenerateOptions(temperature=0.1, seed=1, extra={"only": "mine"})
    )
    second = ScriptedModel(["b"], defaults=GenerateOptions(temperature=0.9, seed=1))
    model = with_fallback(second)(first)
    assert model.defaults.options == GenerateOptions(seed=1)
    await model.generate("Hi", max_tokens=5)
    asked = [model.requests[0].options for model in (first, second)]
    assert asked[0] == GenerateOptions(
        temperature=0.1, seed=1, max_tokens=5, extra={"only": "mine"}
    )
    assert asked[1] == GenerateOptions(temperature=0.9, seed=1, max_tokens=5)


class Closing(ChatModel):
    def __init__(self, log: list[str], name: str, *, fails: bool = False) -> None:
        self.log, self.name, self.fails = log, name, fails

    @property
    def model_id(self) -> str:
        return self.name

    async def respond(self, request: Request, fx: Effects) -> Finish:
        raise AssertionError

    async def aclose(self) -> None:
        self.log.append(self.name)
        if self.fails:
            raise OSError(self.name)


async def test_all_are_closed_also_if_one_cannot_be() -> None:
    log: list[str] = []
    first, second = Closing(log, "a", fails=True), Closing(log, "b")
    model = with_fallback(second)(first)
    with pytest.raises(OSError, match="a"):
        await model.aclose()
    assert log == ["a", "b"]
    assert model.model_id == "a"


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="needs another model"):
        with_fallback()
    with pytest.raises(InvalidInputError, match="takes models; got 'gpt'"):
        with_fallback("gpt")  # type: ignore[arg-type]
    model = ScriptedModel([])
    with pytest.raises(InvalidInputError, match="given a model twice"):
        with_fallback(model)(model)
    with pytest.raises(InvalidInputError, match="on_refusal is 'raise' or 'next'"):
        with_fallback(model, on_refusal="maybe")  # type: ignore[arg-type]


@both_ways
async def test_fallbacks_nest(streaming: bool) -> None:
    models = [ScriptedModel([error_for(SLOW)]) for _ in range(3)] + [ScriptedModel(["d"])]
    inner = with_fallback(models[1])(models[0])
    model = with_fallback(models[2], models[3])(inner)
    assert (await ask(model, streaming=streaming)).text == "d"
    assert RateLimitError is type(error_for(SLOW))


def refusing(*texts: str) -> Judge:
    """Refuse answers that are one of these texts."""

    async def judge(message: AIMessage) -> Failure | None:
        refused = message.text in texts
        return Failure("output_invalid", f"not {message.text}") if refused else None

    return judge


class Judged(Wrapper):
    """A model whose answers are judged."""

    def __init__(self, inner: ChatModel, judge: Judge) -> None:
        super().__init__(inner)
        self.judge = judge

    async def respond(self, request: Request, fx: Effects) -> Finish:
        return await self.inner.respond(request, fx.judged_by(self.judge))


async def test_an_answer_that_will_not_do_counts_as_a_failure() -> None:
    models = [ScriptedModel([word]) for word in ("one", "two", "three")]
    model = Judged(with_fallback(*models[1:])(models[0]), refusing("one", "two"))
    message = await ask(model, streaming=False)
    assert (message.text, message.spent.attempts) == ("three", 3)


async def test_answers_that_will_not_do_are_told_in_order_with_the_last_of_them() -> None:
    models = [ScriptedModel([word]) for word in ("one", "two")]
    with pytest.raises(AllModelsFailedError) as raised:
        await ask(
            Judged(with_fallback(models[1])(models[0]), refusing("one", "two")), streaming=False
        )
    assert [failure.message for failure in raised.value.attempts] == ["not one", "not two"]
    assert raised.value.partial is not None
    assert raised.value.partial.text == "two"


async def test_what_was_shown_is_not_judged() -> None:
    second = ScriptedModel(["two"])
    model = Judged(with_fallback(second)(ScriptedModel(["one"])), refusing("one"))
    assert (await ask(model, streaming=True)).text == "one"
    assert not second.requests


async def test_a_judge_does_not_judge_answers_to_other_requests() -> None:
    seen: list[bool] = []

    async def answer(request: Request, fx: Effects) -> Finish:
        seen.append(fx.judge is None)
        return Finish("stop")

    await FunctionModel(answer).generate("Hi", fx=live().judged_by(refusing()))
    assert seen == [True]
