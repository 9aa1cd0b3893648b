"""Mistakes that a type checker must report, and exactly these.

The code that mypy gives stands beside each. This file is never run.
"""

from __future__ import annotations

from typing import assert_never

from msgspec import Struct

import beluga
from beluga import (
    AIMessage,
    ChatModel,
    ContextManager,
    Effects,
    Failure,
    Finish,
    GenerateOptions,
    HasClock,
    Hooks,
    HumanMessage,
    ModelError,
    Ok,
    Outcome,
    ProviderLimits,
    Request,
    Secrets,
    StreamChunk,
    StructuredOutput,
    TextDelta,
    ToolMessage,
    Wrapper,
    apply_middleware,
    with_breaker,
    with_budget,
    with_cache,
    with_context,
    with_fallback,
    with_guardrails,
    with_hedge,
    with_limits,
    with_retry,
    with_timeout,
)


async def calls(model: ChatModel) -> None:
    await model.generate()  # error: call-arg
    await model.generate(messages="Hi")  # error: call-arg
    await model.generate(42)  # error: arg-type
    await model.generate(["Hi"])  # error: list-item
    model.generate("Hi")  # error: unused-coroutine
    await model.stream("Hi")  # error: misc
    with model.stream("Hi"):  # error: attr-defined, attr-defined
        pass


async def options(model: ChatModel) -> None:
    await model.generate("Hi", temprature=0.5)  # error: call-arg
    await model.generate("Hi", temperature="hot")  # error: arg-type
    await model.generate("Hi", reasoning="enormous")  # error: arg-type
    await model.generate("Hi", tools=[print])  # error: list-item
    await model.generate("Hi", cache=True)  # error: arg-type
    model.with_options(max_tokens=1.5)  # error: arg-type
    GenerateOptions(stop="END")  # error: arg-type
    GenerateOptions(timeout=30)  # error: arg-type


class WithoutRespond(ChatModel):
    @property
    def model_id(self) -> str:
        return "x"


class ForgetsTheEnd(Wrapper):
    async def respond(self, request: Request, fx: Effects) -> Finish:  # error: return
        await fx.emit([TextDelta("Hi")])


class EmitsItsFinish(Wrapper):
    async def respond(self, request: Request, fx: Effects) -> Finish:
        await fx.emit([Finish("stop")])  # error: list-item
        return Finish("well")  # error: arg-type


async def not_in_the_row(fx: HasClock) -> None:
    fx.random.uniform(0, 1)  # error: attr-defined


def not_a_middleware(model: ChatModel) -> None:
    apply_middleware(model, model)  # error: arg-type
    apply_middleware(Wrapper)  # error: arg-type
    Hooks(before_generate=lambda request: request.messages)  # error: arg-type, return-value


def middleware(model: ChatModel) -> None:
    with_retry(attempts="3")  # error: arg-type
    with_retry(tries=3)  # error: call-arg
    with_retry()(3)  # error: arg-type
    with_fallback("openai:gpt-5-mini")  # error: arg-type
    with_fallback(model, on_refusal="skip")  # error: arg-type
    with_timeout()  # error: call-arg
    with_breaker(state=model)  # error: arg-type
    with_hedge(delay="1")  # error: arg-type
    apply_middleware(model, with_retry)  # error: arg-type


class NoStrategy:
    def select(self, candidates: list[str]) -> str:
        return candidates[0]


def routers(model: ChatModel) -> None:
    beluga.Router(model)  # error: arg-type
    beluga.Router(["openai:gpt-5-mini"])  # error: list-item
    beluga.Router([model], NoStrategy())  # error: arg-type
    beluga.Router([model], commit="later")  # error: arg-type
    beluga.Router([model], accept=lambda message: message.text)  # error: arg-type, return-value
    beluga.Candidate(model, "name")  # error: call-arg
    beluga.Candidate(model, options={"temprature": 1})  # error: arg-type
    beluga.standard("openai:gpt-5-mini")  # error: arg-type


class Unguarded:
    def check(self, value: str) -> bool:
        return True


def guarding(model: ChatModel) -> None:
    with_limits()  # error: call-arg
    with_limits({"rpm": 5})  # error: arg-type
    ProviderLimits(rpm="5")  # error: arg-type
    with_cache({})  # error: arg-type
    with_cache(key="k")  # error: arg-type
    with_guardrails(output=[Unguarded()])  # error: list-item
    with_guardrails(output=Secrets())  # error: arg-type
    Secrets("log")  # error: arg-type
    with_budget("2.5")  # error: arg-type
    with_budget(2.5)("openai:gpt-5-mini")  # error: arg-type


def forgets_a_failure(outcome: Outcome[str]) -> str:
    match outcome:
        case Ok(value):
            return value
        case _:
            assert_never(outcome)  # error: arg-type


def forgets_the_end(chunk: StreamChunk) -> str:
    match chunk:  # error: exhaustive-match
        case TextDelta(text):
            return text
    return ""


def errors(error: ModelError) -> None:
    error.retry_after + 1.0  # error: operator
    if error.code == "rate_limited":  # error: comparison-overlap
        pass
    Failure("oops", "no such code")  # error: arg-type
    ModelError("a text")  # error: arg-type


def data(message: AIMessage, request: Request) -> None:
    message.content = "changed"  # error: misc
    request.options.temperature = 0.5  # error: misc
    message.tokens  # error: attr-defined
    HumanMessage(3)  # error: arg-type
    ToolMessage("12:00")  # error: call-arg


def names() -> None:
    from beluga import no_such_name  # error: attr-defined

    beluga.nwe("openai:gpt-5-mini")  # error: attr-defined


def providers() -> None:
    WithoutRespond()  # error: abstract
    beluga.new("openai", modle="gpt-5-mini")  # error: call-arg
    beluga.register("x", lambda model: model)  # error: arg-type, return-value


async def contexts(model: ChatModel) -> None:
    ContextManager(3)  # error: arg-type
    ContextManager(budget="8k")  # error: arg-type
    fitted = await ContextManager().fit("Hi", 100)  # error: arg-type
    fitted.dropped = 0  # error: misc
    with_context("truncate")  # error: arg-type
    beluga.Summarize()  # error: call-arg


@beluga.tool
async def get_weather(city: str, days: int = 1) -> str:
    return city * days


class Station:
    @beluga.tool
    def read(self, sensor: int) -> float:
        return sensor / 2


async def tools(model: ChatModel, reply: AIMessage, station: Station) -> None:
    await get_weather()  # error: call-arg
    await get_weather("Rome", days="2")  # error: arg-type
    days: int = await get_weather("Rome")  # error: assignment
    station.read("3")  # error: arg-type
    Station.read(3)  # error: arg-type, call-arg
    beluga.tool(3)  # error: call-overload
    beluga.tool(nam="x")  # error: call-overload
    await beluga.run_tools(reply, [print])  # error: list-item
    await beluga.run_tools(reply, [get_weather], on_exception="text?")  # error: arg-type
    await beluga.run_tools(reply, [], approve=lambda call: True)  # error: arg-type, return-value
    beluga.ToolLoop(model, [get_weather], max_steps="3")  # error: arg-type
    await beluga.ToolLoop(model, []).generate("Hi", temprature=1)  # error: call-arg


class Person(Struct):
    name: str


async def values(model: ChatModel) -> None:
    people = StructuredOutput(model, Person)
    person: Person = await people.generate("Who?")
    person.nmae  # error: attr-defined
    text: str = await people.generate("Who?")  # error: assignment
    StructuredOutput(Person, model)  # error: call-overload
    StructuredOutput(model, Person, retries="many")  # error: call-overload
    StructuredOutput(model, Person, mode="json")  # error: call-overload
    await people.generate("Who?", temprature=0)  # error: call-arg
    people.stream("Who?", on_invalid="again")  # error: arg-type
    async with people.stream("Who?") as stream:
        async for view in stream:
            person = view  # error: assignment
            len(view.name)  # error: arg-type
        number: int = stream.value  # error: assignment
    either = StructuredOutput(model, Person | int)
    person = await either.generate("Who?")  # error: assignment
