"""Programs that must type-check as they stand. This file is read by type checkers, never run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple, Protocol, TypedDict, assert_never, assert_type

import beluga
from beluga import (
    UNSET,
    Adaptive,
    AIMessage,
    Allow,
    AttemptEnded,
    AttemptReport,
    Block,
    CanChoose,
    Candidate,
    Change,
    ChatModel,
    ChunkStream,
    ContextManager,
    ContextStrategy,
    Cooldown,
    Effects,
    Emission,
    ErrorCode,
    Event,
    Failure,
    Finish,
    FinishReason,
    Fitted,
    Fitter,
    GenerateOptions,
    HasClock,
    HasRandom,
    HealthStore,
    Hooks,
    HumanMessage,
    ImagePart,
    JsonSchema,
    JsonValue,
    Length,
    MemoryLimits,
    MemoryStore,
    Message,
    Middleware,
    ModelError,
    ModelInfo,
    NamedTool,
    Ok,
    Options,
    Outcome,
    Part,
    PartDone,
    Patterns,
    Prices,
    ProviderConfig,
    ProviderLimits,
    ProviderTool,
    ReasoningConfig,
    ReasoningDelta,
    Request,
    Restarted,
    Retried,
    Router,
    RouterStrategy,
    Scored,
    Secrets,
    Semantic,
    Spent,
    StreamChunk,
    SystemMessage,
    TextDelta,
    TextPart,
    Timeouts,
    Tool,
    ToolCall,
    ToolCallDelta,
    ToolMessage,
    ToolSpec,
    Usage,
    Verdict,
    Wrapper,
    apply_middleware,
    attempt,
    fold,
    unfold,
    unwrap,
    with_breaker,
    with_budget,
    with_cache,
    with_context,
    with_fallback,
    with_guardrails,
    with_hedge,
    with_hooks,
    with_limits,
    with_logging,
    with_retry,
    with_timeout,
    with_tracing,
)
from beluga.blocking_model import BlockingStream
from beluga.health.breaker import BreakerState
from beluga.structured import PartialEvent


# A model is asked.
async def whole_answers(model: ChatModel) -> None:
    reply = await model.generate("Hi")
    assert_type(reply, AIMessage)
    assert_type(reply.text, str)
    assert_type(reply.parts, tuple[Part, ...])
    assert_type(reply.tool_calls, tuple[ToolCall, ...])
    assert_type(reply.cost, float | None)
    assert_type(reply.usage.input_tokens, int | None)
    assert_type(reply.spent, Spent)
    assert_type(reply.finish_reason, FinishReason | None)
    await model.generate(HumanMessage("Hi"))
    await model.generate([SystemMessage("Be brief."), HumanMessage("Hi"), reply])


async def answers_as_they_come(model: ChatModel) -> None:
    async with model.stream("Hi", temperature=0.7) as chunks:
        assert_type(chunks, ChunkStream)
        async for chunk in chunks:
            assert_type(chunk, StreamChunk)
        assert_type(chunks.text(), AsyncIterator[str])
        assert_type(await chunks.message(), AIMessage)
    assert_type(chunks.partial, AIMessage)
    assert_type(chunks.spent, Spent)


def kind_of(chunk: StreamChunk) -> str:
    match chunk:
        case TextDelta(text) | ReasoningDelta(text):
            return text
        case ToolCallDelta(index=index):
            return str(index)
        case PartDone(part=part):
            assert_type(part, Part)
            return "part"
        case Restarted(failure):
            return failure.message
        case Finish(reason):
            return reason
        case _:
            assert_never(chunk)


# Options are wide at a call and narrow in a request.
class Clock:
    """A tool of a user's own."""

    @property
    def spec(self) -> ToolSpec:
        return ToolSpec("clock", "Tell the time.")

    async def invoke(self, arguments: Mapping[str, JsonValue], /) -> object:
        return arguments.get("zone")


async def every_option(model: ChatModel, tool: Tool) -> None:
    await model.generate(
        "Hi",
        temperature=0,
        top_p=0.9,
        top_k=40,
        max_tokens=100,
        stop="END",
        seed=1,
        presence_penalty=0.1,
        frequency_penalty=0.1,
        tools=[tool, Clock(), ToolSpec("noop"), ProviderTool("openai", '{"type": "web_search"}')],
        tool_choice=NamedTool("clock"),
        parallel_tool_calls=False,
        response_format=JsonSchema("answer", {"type": "object", "properties": {}}),
        reasoning=ReasoningConfig(budget_tokens=1000),
        timeout=Timeouts(total=30),
        metadata={"team": "whales"},
        prompt_cache="auto",
        cache="refresh",
        extra={"logprobs": True, "logit_bias": {"50256": -100}},
        extra_headers={"x-trace": "1"},
        unsupported="warn",
    )
    await model.generate("Hi", stop=["A", "B"], reasoning="low", timeout=30, tool_choice="auto")
    await model.generate("Hi", temperature=None, stop=UNSET)
    shared: Options = {"temperature": 0.2, "max_tokens": 10}
    await model.generate("Hi", **shared)


def derived(model: ChatModel) -> None:
    assert_type(model.with_options(temperature=0.2), ChatModel)
    assert_type(model.bind_tools([ToolSpec("noop")]), ChatModel)
    assert_type(GenerateOptions(stop=("END",)).merge(GenerateOptions(seed=1)), GenerateOptions)


# A model is written.
class Parrot(ChatModel):
    @property
    def model_id(self) -> str:
        return "parrot"

    @property
    def info(self) -> ModelInfo:
        return ModelInfo(model="parrot")

    async def respond(self, request: Request, fx: Effects) -> Finish:
        await fx.emit([TextDelta(request.messages[-1].text)])
        return Finish("stop", usage=Usage(output_tokens=1))


class Loud(Wrapper):
    async def respond(self, request: Request, fx: Effects) -> Finish:
        async def emit(chunks: Sequence[Emission]) -> None:
            loud = [TextDelta(c.text.upper()) if isinstance(c, TextDelta) else c for c in chunks]
            await fx.emit(loud)

        return await self.inner.respond(request, fx.emitting(emit))


class CanWait(HasClock, HasRandom, Protocol):
    """A row: no more than these two capabilities."""


async def jittered(fx: CanWait) -> None:
    await fx.clock.sleep(fx.random.uniform(0, 1))


async def effects_hold_every_row(fx: Effects) -> None:
    await jittered(fx)
    assert_type(fx.deadline, float)


def composed() -> ChatModel:
    def quiet(model: ChatModel) -> ChatModel:
        return model.with_options(temperature=0)

    middleware: list[Middleware] = [Loud, quiet, with_hooks(Hooks())]
    return apply_middleware(Parrot(), *middleware)


class Cheapest:
    async def select(
        self, candidates: Sequence[Candidate], request: Request, fx: CanChoose
    ) -> Candidate:
        fx.notify(Scored(scores={candidate.label: 1.0 for candidate in candidates}))
        return candidates[0]

    def observe(self, report: AttemptReport) -> None:
        assert_type(report.first_content, float | None)


async def routed(model: ChatModel, health: HealthStore) -> ChatModel:
    eu = Candidate(model, tags=["eu"], options={"temperature": UNSET}, capabilities={"tools"})
    strategies: list[RouterStrategy] = [
        Cheapest(),
        beluga.RoundRobin(),
        beluga.FailoverChain(),
        beluga.LowestLatency(explore=0.1),
        beluga.CostOptimized(0.5),
        beluga.CapabilityBased(["eu"]),
    ]
    router = Router(
        [eu, model],
        strategies[0],
        fallbacks=[Parrot()],
        commit="finish",
        accept=lambda message: bool(message.text),
        cooldown=Cooldown(failures=1),
        store=health,
    )
    told = await router.explain("Hi", tools=[])
    assert_type(told.chosen, str | None)
    return beluga.standard(eu, model, retry=2, limits=beluga.ProviderLimits(rpm=1))


def resilient(state: BreakerState) -> ChatModel:
    middleware: list[Middleware] = [
        with_fallback(Parrot(), Parrot(), on_refusal="next"),
        with_breaker(3, cooldown=10),
        with_breaker(state=state),
        with_retry(attempts=5, base=0.1, cap=10, retry_after_cap=60),
        with_hedge(delay=2, budget=0.05),
        with_hedge(percentile=99),
        with_timeout(30),
        with_timeout(Timeouts(first_content=10)),
    ]
    return apply_middleware(Parrot(), *middleware)


class Polite:
    """A guard of texts."""

    window = "sentence"

    def check(self, value: str, role: str, /) -> Verdict:
        return Change(value.lower()) if value.isupper() else Allow()


class Reviewed:
    """A guard of calls, which asks somebody."""

    async def check(self, value: ToolCall, role: str, /) -> Verdict:
        return Block("not that one") if value.name == "rm" else Allow()


def guarded(count: Callable[[Sequence[Message], Sequence[ToolSpec]], int]) -> ChatModel:
    limits = ProviderLimits(rpm=5, tpm=1_000, max_concurrent=2, cooldown_on_retry=1.5)
    middleware: list[Middleware] = [
        with_logging(),
        with_tracing(content=True),
        with_guardrails(input=[Polite(), Secrets()], tool_calls=[Reviewed()]),
        with_guardrails(output=[Patterns("a", replacement="b"), Length(9)]),
        with_cache(MemoryStore(), ttl=60, key=lambda request: request.messages[0].text),
        with_budget(2.5, window=3600, prices=Prices(input=1, output=2)),
        with_limits(limits, store=MemoryLimits(), key="k", max_wait=1, count=count),
    ]
    return apply_middleware(Parrot(), *middleware)


async def waits(request: Request) -> None:
    limited = with_limits(ProviderLimits(rpm=5))(Parrot())
    assert_type(await limited.would_wait(request), float)
    async with with_cache() as cache:
        assert_type(await cache(Parrot()).generate("Hi"), AIMessage)


async def note(call: ToolCall) -> None:
    assert_type(call.parse(), dict[str, JsonValue])


def count(event: Event) -> None:
    if isinstance(event, AttemptEnded):
        assert_type(event.usage, Usage)
    if isinstance(event, Retried):
        assert_type(event.failure, Failure)
        assert_type(event.delay, float)


def hooks() -> Hooks:
    return beluga.compose_hooks(
        Hooks(before_generate=lambda request: request, on_tool_call=note),
        Hooks(on_error=print, on_event=count),
    )


# Failures are values and exceptions.
async def outcomes(model: ChatModel) -> str:
    async def ask() -> AIMessage:
        return await model.generate("Hi")

    outcome = await attempt(ask)
    assert_type(outcome, Outcome[AIMessage])
    assert_type(unwrap(outcome), AIMessage)
    match outcome:
        case Ok(value):
            assert_type(value, AIMessage)
            return value.text
        case Failure(code=code):
            assert_type(code, ErrorCode)
            return code
        case _:
            assert_never(outcome)


def properties_of(error: ModelError) -> None:
    assert_type(error.failure, Failure)
    assert_type(error.code, ErrorCode)
    assert_type(error.retry_after, float | None)
    assert_type(error.partial, AIMessage | None)
    assert_type(error.attempts, tuple[Failure, ...])
    assert_type(beluga.error_for(error.failure), ModelError)


# Data is data.
def messages() -> list[Message]:
    picture = ImagePart(url="https://example.com/whale.png")
    return [
        HumanMessage((TextPart("What is this?"), picture)),
        AIMessage("A whale.", usage=Usage() + Usage(output_tokens=3)),
        ToolMessage("12:00", "call_1", is_error=False),
    ]


def algebra(chunks: list[StreamChunk]) -> None:
    message = fold(chunks)
    assert_type(message, AIMessage)
    assert_type(unfold(message), list[StreamChunk])


# Providers have names.
def providers() -> None:
    assert_type(beluga.new("openai:gpt-5-mini", timeouts=Timeouts(total=5)), ChatModel)
    assert_type(beluga.new("openai", model="gpt-5-mini", headers={}), ChatModel)
    assert_type(beluga.list_providers(), tuple[str, ...])

    def factory(config: ProviderConfig) -> ChatModel:
        assert_type(config.base_url, str | None)
        return Parrot()

    beluga.register("parrot", factory, replace=True)


async def entered() -> None:
    async with Parrot() as parrot:
        assert_type(parrot, Parrot)
    async with beluga.new("mock:x") as model:
        assert_type(model, ChatModel)


def without_a_loop(model: ChatModel) -> None:
    with beluga.blocking(model, backend="trio") as blocked:
        assert_type(blocked.generate("Hi", seed=1), AIMessage)
        with blocked.stream("Hi") as chunks:
            assert_type(chunks, BlockingStream)
            assert_type(chunks.text(), Iterator[str])


# Functions become tools, and stay what they were.
@beluga.tool
async def get_weather(city: str, unit: str = "c", *, days: int = 1) -> str:
    return f"{city} {unit} {days}"


@beluga.tool(name="sum", timeout=3)
def add(a: int, b: int) -> int:
    return a + b


class Station:
    @beluga.tool
    async def read(self, sensor: int) -> float:
        return sensor / 2


async def tools(model: ChatModel, station: Station) -> None:
    assert_type(await get_weather("Rome", unit="f", days=2), str)
    assert_type(add(1, b=2), int)
    assert_type(await station.read(3), float)
    assert_type(await Station.read(station, sensor=3), float)
    offered: list[Tool] = [get_weather, add, station.read]
    assert_type(add.spec, ToolSpec)

    async def search(arguments: dict[str, JsonValue]) -> object:
        return arguments.get("query")

    offered.append(beluga.tool_from_schema(ToolSpec("search"), search))
    reply = await model.generate("Hi", tools=offered)
    results = await beluga.run_tools(reply, offered, max_concurrent=3, approve=judged)
    assert_type(results, tuple[ToolMessage, ...])


async def judged(call: ToolCall) -> Verdict:
    return Allow() if call.name == "sum" else Block("not today")


async def loops(model: ChatModel) -> None:
    loop = beluga.ToolLoop(model, [get_weather, ProviderTool("openai", "{}")], max_steps=3)
    run = await loop.generate("Hi", temperature=0.5, on_turn=print)
    assert_type(run, beluga.ToolRun)
    assert_type(run.message, AIMessage)
    assert_type(run.messages, tuple[Message, ...])
    async with loop.stream(run.messages) as items:
        assert_type(items, beluga.ToolStream)
        async for item in items:
            assert_type(item, beluga.LoopItem)
        assert_type(items.text(), AsyncIterator[str])
        assert_type(await items.run(), beluga.ToolRun)
    assert_type(items.partial, beluga.ToolRun)


# Contexts fit.
async def fitting(model: ChatModel, history: list[Message]) -> None:
    manager = ContextManager(Adaptive(model, recent_turns=5), budget=8000, keep_system=False)
    fitted = await manager.fit(history, 4000, tools=[ToolSpec("look")])
    assert_type(fitted, Fitted)
    assert_type(fitted.messages, Sequence[Message])
    assert_type(fitted.dropped, int)
    fitter: Fitter = manager
    assert_type(with_context(fitter), Middleware)
    assert_type(apply_middleware(model, with_context(ContextManager("truncate"))), ChatModel)

    async def embed(texts: Sequence[str]) -> list[list[float]]:
        return [[1.0] for _ in texts]

    strategies: list[ContextStrategy] = [Semantic(embed), beluga.Sliding(turns=4)]
    strategies += [beluga.Truncate(), beluga.Summarize(model), beluga.FactExtraction(model)]


def told(event: Event) -> int | None:
    match event:
        case Fitted(tokens=tokens, strategy=strategy):
            assert_type(strategy, str)
            return tokens
        case _:
            return None


# Values of a type come out.
@dataclass
class Person:
    name: str
    born: int | None = None


class Row(TypedDict):
    cells: list[str]


class Point(NamedTuple):
    x: float
    y: float


async def values(model: ChatModel) -> None:
    people = beluga.StructuredOutput(model, Person)
    assert_type(people, beluga.StructuredOutput[Person])
    assert_type(await people.generate("Who?", temperature=0), Person)
    assert_type(await beluga.StructuredOutput(model, list[Person]).generate("Who?"), list[Person])
    assert_type(await beluga.StructuredOutput(model, Row).generate([HumanMessage("?")]), Row)
    assert_type(await beluga.StructuredOutput(model, Point).generate("Where?"), Point)
    assert_type(await beluga.StructuredOutput(model, int).generate("How many?"), int)
    either = beluga.StructuredOutput(model, Person | Row, retries=0, mode="tool")
    assert_type(await either.generate("Who?"), Person | Row)
    maybe = beluga.StructuredOutput(model, int | None, token_budget=1000)
    assert_type(await maybe.generate("How many?"), int | None)
    colour = beluga.StructuredOutput(model, Literal["red", "blue"], fallback_on_invalid=True)
    assert_type(await colour.generate("Which?"), Literal["red", "blue"])
    assert_type(await beluga.StructuredOutput(model, Annotated[int, "years"]).generate("?"), int)
    result = await people.run("Who?")
    assert_type(result, beluga.Structured[Person])
    assert_type(result.value, Person)
    assert_type(result.usage, Usage)
    assert_type(result.message, AIMessage)
    assert_type(people.schema, Mapping[str, JsonValue])


async def values_as_they_come(model: ChatModel) -> None:
    async with beluga.StructuredOutput(model, Person).stream(
        "Who?", on_invalid="restart"
    ) as stream:
        assert_type(stream, beluga.PartialStream[Person])
        async for view in stream:
            assert_type(view, beluga.Partial[Person])
            assert_type(view.is_complete, bool)
            assert_type(view.as_json(), JsonValue)
            if isinstance(view.name, str):
                print(view.name.upper())
        async for event in stream.events():
            told_of(event)
        assert_type(stream.value, Person)
        assert_type(await stream.result(), beluga.Structured[Person])
        assert_type(stream.message, AIMessage)


def blocking_values(model: ChatModel) -> None:
    with beluga.blocking(beluga.StructuredOutput(model, Person)) as people:
        assert_type(people.generate("Who?"), Person)
        with people.stream("Who?") as stream:
            for view in stream:
                assert_type(view, beluga.Partial[Person])
            assert_type(stream.value, Person)
    with beluga.blocking(model) as blocked:
        assert_type(blocked.generate("Hi"), AIMessage)


def told_of(event: PartialEvent) -> str:
    match event:
        case beluga.FieldDone(path=path) | beluga.ItemDone(path=path):
            return "/".join(map(str, path))
        case beluga.TextGrew(text=text):
            return text
        case Restarted(failure=failure):
            return failure.message
        case _:
            assert_never(event)
