"""The cache: what is the same, what is kept, and who shares a call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anyio
import msgspec
import pytest

from beluga.effects import Effects
from beluga.errors import InvalidInputError, ModelError, ProviderDownError, RateLimitError
from beluga.events import CacheHit, CacheStored, Event
from beluga.hooks import Hooks, apply_middleware, with_hooks
from beluga.middleware.cache import Cache, with_cache
from beluga.middleware.cache_key import cache_key
from beluga.middleware.fallback import with_fallback
from beluga.model import ChatModel, Wrapper
from beluga.schema import (
    AIMessage,
    Emission,
    Failure,
    Finish,
    GenerateOptions,
    HumanMessage,
    Message,
    PartDone,
    ReasoningConfig,
    ReasoningPart,
    Request,
    Restarted,
    Spent,
    StreamChunk,
    TextDelta,
    TextPart,
    Timeouts,
    ToolCall,
    ToolSpec,
    Usage,
    fold,
)
from beluga.stores import MemoryStore
from beluga.testing import ScriptedModel
from tests.doubles import SLOW_DOWN, FunctionModel, text

ANSWER = AIMessage(
    (ReasoningPart("hm", signature="s"), TextPart("Hi there."), ToolCall("c", "f", "{}")),
    usage=Usage(3, 4, 7),
    finish_reason="tool_calls",
    response_id="r",
    metadata={"k": 1},
)


async def test_an_equal_request_is_answered_without_a_call() -> None:
    scripted = ScriptedModel([ANSWER])
    model = with_cache()(scripted)
    first = await model.generate("Hi")
    second = await model.generate("Hi")
    assert len(scripted.requests) == 1
    assert second.content == first.content == ANSWER.content
    assert (second.finish_reason, second.response_id, second.usage) == (
        "tool_calls",
        "r",
        ANSWER.usage,
    )
    assert second.metadata == {"k": 1, "cached": True}
    assert "cached" not in first.metadata
    assert second.spent == Spent()
    assert first.spent.attempts == 1


async def test_a_hit_is_replayed_as_chunks() -> None:
    model = with_cache()(ScriptedModel([ANSWER]))
    await model.generate("Hi")
    async with model.stream("Hi") as chunks:
        seen = [chunk async for chunk in chunks]
    assert fold(seen).content == ANSWER.content
    assert TextDelta("Hi there.") in seen
    assert isinstance(seen[-1], Finish)
    assert seen[-1].spent == chunks.spent == Spent()


async def test_a_streamed_answer_serves_a_call() -> None:
    model = with_cache()(ScriptedModel(["one two three"]))
    async with model.stream("Hi") as chunks:
        assert [piece async for piece in chunks.text()] == ["one ", "two ", "three"]
        await chunks.message()
    assert (await model.generate("Hi")).content == "one two three"


async def test_events_tell_of_hits() -> None:
    events: list[Event] = []
    model = with_hooks(Hooks(on_event=events.append))(with_cache()(ScriptedModel(["a"])))
    await model.generate("Hi")
    await model.generate("Hi")
    [stored] = [e for e in events if isinstance(e, CacheStored)]
    assert [e for e in events if isinstance(e, CacheHit)] == [CacheHit(stored.key)]


@pytest.mark.parametrize("reason", ["length", "content_filter", "pause", "unknown", "error"])
async def test_only_whole_answers_are_kept(reason: Any) -> None:
    scripted = ScriptedModel([AIMessage("a", finish_reason=reason), "b"])
    model = with_cache()(scripted)
    await model.generate("Hi")
    assert (await model.generate("Hi")).text == "b"


async def test_failures_are_not_kept() -> None:
    model = with_cache()(ScriptedModel([RateLimitError(SLOW_DOWN), "a"]))
    with pytest.raises(RateLimitError):
        await model.generate("Hi")
    assert (await model.generate("Hi")).text == "a"


async def test_after_a_restart_only_what_follows_is_kept() -> None:
    script: Sequence[StreamChunk | float] = [
        *text("void"), Restarted(SLOW_DOWN), *text("good"), Finish("stop"),
    ]  # fmt: skip
    model = with_cache()(ScriptedModel([script]))
    await model.generate("Hi")
    async with model.stream("Hi") as chunks:
        seen = [chunk async for chunk in chunks]
    assert not any(isinstance(chunk, Restarted) for chunk in seen)
    assert fold(seen).text == "good"


async def test_modes() -> None:
    scripted = ScriptedModel(["a", "b", "c"])
    model = with_cache()(scripted)
    answers = [
        (await model.generate("Hi", cache=mode)).text
        for mode in ("use", "use", "skip", "use", "refresh", "use")
    ]
    assert answers == ["a", "a", "b", "a", "c", "c"]


async def test_time_to_live_and_the_store() -> None:
    store = MemoryStore()
    model = with_cache(store, ttl=60)(ScriptedModel(["a", "b"]))
    for _ in range(2):
        assert (await model.generate("Hi")).text == "a"
    assert len(store) == 1
    await anyio.sleep(60)
    assert (await model.generate("Hi")).text == "b"


async def test_a_key_of_ones_own() -> None:
    def by_length(request: Request) -> str | None:
        size = len(request.messages[0].text)
        return str(size) if size < 5 else None

    model = with_cache(key=by_length)(ScriptedModel(["a", "b", "c"]))
    prompts = ("one", "two", "three", "three")
    assert [(await model.generate(p)).text for p in prompts] == ["a", "a", "b", "c"]
    with pytest.raises(InvalidInputError, match="key"):
        await with_cache(key=lambda r: 3)(ScriptedModel(["a"])).generate("Hi")  # type: ignore[arg-type,return-value]


async def test_what_is_kept_and_unreadable_is_asked_again() -> None:
    store = MemoryStore()
    scripted = ScriptedModel(["a", "b"])
    model = with_cache(store)(scripted)
    await model.generate("Hi")
    await store.set(next(iter(store._entries)), b"{")
    assert (await model.generate("Hi")).text == "b"


# Keys.


def key(*messages: Message, model: ChatModel | None = None, **options: Any) -> str:
    request = Request(messages or (HumanMessage("Hi"),), GenerateOptions(**options))
    found = cache_key(model or ScriptedModel([]), request)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "options",
    [
        {"temperature": 0.5},
        {"top_p": 0.5},
        {"top_k": 3},
        {"max_tokens": 3},
        {"stop": ("a",)},
        {"seed": 1},
        {"tools": (ToolSpec("f"),)},
        {"tool_choice": "none"},
        {"reasoning": ReasoningConfig("low")},
        {"extra": {"n": 1}},
        {"extra_headers": {"anthropic-beta": "x"}},
        {"model": ScriptedModel([], model_id="other")},
        {"model": ScriptedModel([], defaults=GenerateOptions(seed=1))},
    ],
)
def test_what_changes_the_answer_changes_the_key(options: dict[str, Any]) -> None:
    assert key(**options) != key()


@pytest.mark.parametrize(
    "options",
    [
        {"timeout": Timeouts(total=5)},
        {"metadata": {"user": "u"}},
        {"cache": "refresh"},
        {"extra_headers": {"Traceparent": "00-1", "X-Request-ID": "2"}},
    ],
)
def test_what_changes_no_answer_changes_no_key(options: dict[str, Any]) -> None:
    assert key(**options) == key()


def test_the_key_is_canonical() -> None:
    assert key(extra={"a": 1, "b": {"c": 2, "d": 3}}) == key(extra={"b": {"d": 3, "c": 2}, "a": 1})
    assert key(temperature=1) == key(temperature=1.0)
    assert key(HumanMessage("a"), HumanMessage("b")) != key(HumanMessage("ab"))
    assert key(HumanMessage("a")) != key(AIMessage("a"))


def test_the_accounts_of_earlier_answers_do_not_count() -> None:
    accounted = msgspec.structs.replace(
        ANSWER, spent=Spent(Usage(1), 0.1, 2), metadata={"cached": True}
    )
    plain = AIMessage(ANSWER.content)
    assert key(HumanMessage("a"), accounted) == key(HumanMessage("a"), plain)
    signed = AIMessage((ReasoningPart("hm", signature="t"),))
    assert key(signed) != key(AIMessage((ReasoningPart("hm", signature="s"),)))


def test_what_cannot_be_written_down_has_no_key() -> None:
    request = Request((HumanMessage("a"),), GenerateOptions(extra={"a": object()}))
    assert cache_key(ScriptedModel([]), request) is None


# Callers who share a call.


class Slow:
    """Say a word a second; count calls, and what became of them."""

    def __init__(self, words: int = 5) -> None:
        self.words, self.calls, self.cancelled, self.ends = words, 0, 0, list[float]()

    async def __call__(self, request: Request, fx: Effects) -> Finish:
        self.calls += 1
        try:
            for n in range(self.words):
                await anyio.sleep(1)
                await fx.emit(text(f"{n} "))
        except BaseException:
            self.cancelled += 1
            raise
        self.ends.append(fx.clock.now())
        return Finish("stop", usage=Usage(1, 2, 3))


async def watch(
    model: ChatModel, log: list[str], pause: float = 0.0, quit: float | None = None
) -> None:
    with anyio.move_on_after(quit):
        async with model.stream("Hi") as chunks:
            async for chunk in chunks:
                if isinstance(chunk, TextDelta):
                    await anyio.sleep(pause)
        log.append(chunks.partial.text)


@pytest.mark.parametrize("entered", [True, False])
@pytest.mark.parametrize("pauses", [(0.0, 100.0, 0.0), (100.0, 0.0, 0.0)])
async def test_no_follower_slows_the_call_or_another(
    entered: bool, pauses: tuple[float, ...]
) -> None:
    slow, log, cache = Slow(40), list[str](), Cache()
    start = anyio.current_time()
    async with anyio.create_task_group() as tasks:
        if entered:
            await cache.__aenter__()
        model = cache(FunctionModel(slow))
        async with anyio.create_task_group() as watchers:
            for pause in pauses:
                watchers.start_soon(watch, model.with_options(timeout=1e6), log, pause)
        assert slow.calls == 1
        assert slow.ends == [pytest.approx(start + 40)]
        assert log == ["".join([f"{n} " for n in range(40)])] * 3
        if entered:
            await cache.__aexit__(None, None, None)
        del tasks


async def test_entered_the_call_survives_whoever_made_it() -> None:
    slow, log = Slow(), list[str]()
    async with with_cache() as cache:
        model = cache(FunctionModel(slow))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watch, model, log, 0.0, 2.5)
            await anyio.sleep(1.5)
            tasks.start_soon(watch, model, log)
        assert (slow.calls, slow.cancelled) == (1, 0)
        assert log == ["0 1 2 3 4 "]


@pytest.mark.parametrize("entered", [True, False])
async def test_the_call_ends_when_the_last_follower_has_left(entered: bool) -> None:
    slow, log = Slow(1000), list[str]()

    async def cleaning(request: Request, fx: Effects) -> Finish:
        try:
            return await slow(request, fx)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(2)
                log.append("cleaned")

    cache = with_cache()
    if entered:
        await cache.__aenter__()
    model = cache(FunctionModel(cleaning))
    async with model.stream("Hi") as chunks:
        await anext(aiter(chunks))
    assert log == ["cleaned"]
    assert (slow.cancelled, cache.flights) == (1, {})
    if entered:
        await cache.__aexit__(None, None, None)


async def test_not_entered_the_next_one_begins_anew_and_says_so() -> None:
    slow, seen = Slow(), list[StreamChunk]()
    model = with_cache()(FunctionModel(slow))

    async def follow() -> None:
        async with model.stream("Hi") as chunks:
            seen.extend([chunk async for chunk in chunks])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch, model, [], 0.0, 2.5)
        await anyio.sleep(0.5)
        tasks.start_soon(follow)
    assert (slow.calls, slow.cancelled) == (2, 1)
    assert [type(c) for c in seen[:3]] == [TextDelta, TextDelta, Restarted]
    assert fold(seen).text == "0 1 2 3 4 "


@pytest.mark.parametrize("entered", [True, False])
async def test_calls_and_streams_share_one_call(entered: bool) -> None:
    slow, log = Slow(), list[str]()
    accounts: list[AIMessage] = []
    cache = with_cache()
    if entered:
        await cache.__aenter__()
    model = cache(FunctionModel(slow))

    async def call() -> None:
        accounts.append(await model.generate("Hi"))

    async with anyio.create_task_group() as tasks:
        for _ in range(2):
            tasks.start_soon(call)
            await anyio.sleep(0.5)
            tasks.start_soon(watch, model, log)
    assert slow.calls == 1
    assert log == [accounts[0].text] * 2
    assert sorted([a.spent.attempts for a in accounts]) == [0, 1]
    assert [
        a.metadata.get("cached") for a in sorted(accounts, key=lambda a: -a.spent.attempts)
    ] == [None, True]
    if entered:
        await cache.__aexit__(None, None, None)


@pytest.mark.parametrize("entered", [True, False])
async def test_a_failure_reaches_everybody(entered: bool) -> None:
    down = ProviderDownError(Failure("provider_unavailable", "down", retryable=True))
    cache = with_cache()
    if entered:
        await cache.__aenter__()
    model = cache(ScriptedModel([[1.0, TextDelta("a"), down]]))
    errors: list[ProviderDownError] = []

    async def call() -> None:
        with pytest.raises(ProviderDownError) as caught:
            await model.generate("Hi")
        errors.append(caught.value)

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(call)
    assert len({id(error) for error in errors}) == 3
    assert [e.partial.text for e in errors if e.partial] == ["a"] * 3
    assert sorted([e.partial.spent.attempts for e in errors if e.partial]) == [0, 0, 1]
    if entered:
        await cache.__aexit__(None, None, None)


async def test_entered_the_call_has_no_callers_deadline() -> None:
    deadlines: list[float] = []

    async def answer(request: Request, fx: Effects) -> Finish:
        deadlines.append(fx.deadline)
        return Finish("stop")

    async with with_cache() as cache:
        await cache(FunctionModel(answer)).generate("Hi", timeout=5.0)
    assert deadlines == [float("inf")]


async def test_who_has_no_judge_shares_no_call_that_is_judged() -> None:
    async def strict(message: AIMessage) -> Failure | None:
        return Failure("output_invalid", "no")

    class Strict(Wrapper):
        async def respond(self, request: Request, fx: Effects) -> Finish:
            return await self.inner.respond(request, fx.judged_by(strict))

    async with with_cache() as cache:
        slow = [TextDelta("a"), 1.0, Finish("stop")]
        model = with_fallback(ScriptedModel(["b"]))(ScriptedModel([slow, "a"]))
        plain = cache(model)
        answers: dict[str, str] = {}

        async def ask_for(name: str, model: ChatModel) -> None:
            try:
                answers[name] = (await model.generate("Hi")).text
            except ModelError as error:
                answers[name] = error.failure.code

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask_for, "strict", Strict(plain))
            await anyio.sleep(0.5)
            tasks.start_soon(ask_for, "plain", plain)
    assert answers == {"strict": "output_invalid", "plain": "a"}


async def test_entering_the_model_enters_the_cache() -> None:
    cache = with_cache()
    async with cache(ScriptedModel(["a"])) as model:
        assert cache.tasks is not None
        assert (await model.generate("Hi")).text == "a"
    assert cache.tasks is None
    async with cache, cache:
        pass
    assert cache.tasks is None


async def test_the_account_passes_on_with_the_call() -> None:
    accounts: list[Spent] = []
    async with with_cache() as cache:
        scripted = ScriptedModel([[1.0, TextDelta("a"), 5.0, Finish("stop", usage=Usage(1, 2, 3))]])
        model = cache(scripted)

        async def first() -> None:
            async with model.stream("Hi") as chunks:
                await anext(aiter(chunks))
            accounts.append(chunks.spent)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(first)
            await anyio.sleep(0.5)
            accounts.append((await model.generate("Hi")).spent)
    assert accounts == [Spent(attempts=1, estimated=True), Spent(Usage(1, 2, 3), attempts=1)]


def test_a_wrong_ttl_is_refused() -> None:
    for ttl in (0, -1, float("nan"), float("inf")):
        with pytest.raises(InvalidInputError, match="ttl"):
            with_cache(ttl=ttl)


async def test_a_guard_outside_sees_cached_answers_too() -> None:
    shown: list[Sequence[Emission]] = []
    model = apply_middleware(
        ScriptedModel(["a"]), with_hooks(Hooks(on_stream=shown.append)), with_cache()
    )
    for _ in range(2):
        async with model.stream("Hi") as chunks:
            await chunks.message()
    assert len([chunk for chunk in shown if chunk == TextDelta("a")]) == 2
    assert not any(isinstance(chunk, PartDone) for chunk in shown)
