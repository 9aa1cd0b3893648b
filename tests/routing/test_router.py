"""A router over scripted models, both ways to ask, on every backend."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import pytest

from beluga.effects import live
from beluga.errors import (
    AllModelsFailedError,
    ContentFilterError,
    IncompleteStreamError,
    InvalidInputError,
    ModelError,
    StrategyError,
)
from beluga.events import (
    BreakerClosed,
    BreakerOpened,
    Event,
    FailedOver,
    Routed,
    Scored,
    WaitedForModel,
)
from beluga.health.breaker import Permit, Refusal
from beluga.routing import Candidate, Cooldown, FailoverChain, Health, RoundRobin, Router
from beluga.schema import (
    AIMessage,
    Emission,
    Failure,
    Finish,
    GenerateOptions,
    HumanMessage,
    Request,
    Restarted,
    TextDelta,
    Timeouts,
    ToolSpec,
    Usage,
)
from beluga.stores import MemoryHealth
from beluga.testing import ScriptedModel
from tests.doubles import FunctionModel
from tests.middleware.stage import DOWN, REFUSED, SLOW, WRONG, ask
from tests.routing.stage import BILLED, First, Named, broken, model, routed, said

pytestmark = pytest.mark.parametrize("streaming", [False, True], ids=["call", "stream"])


async def test_each_in_its_turn(streaming: bool) -> None:
    router = Router([model(name, said(name), said(name)) for name in "abc"])
    assert [(await ask(router, streaming=streaming)).text for _ in range(6)] == [*"abcabc"]


async def test_the_answer_says_who_gave_it(streaming: bool) -> None:
    router = Router([model("a", broken(DOWN)), model("b", said("hi"))], First())
    message = await ask(router, streaming=streaming)
    assert (message.text, message.model, message.provider) == ("hi", "b", "mock")
    assert message.usage == BILLED
    assert message.spent.attempts == 2


@pytest.mark.parametrize(
    "failure", [DOWN, SLOW, Failure("auth_error", ""), Failure("not_found", "")]
)
async def test_what_another_survives_is_survived(streaming: bool, failure: Failure) -> None:
    events: list[Event] = []
    router = Router([model("a", broken(failure)), model("b", said("fine"))], First())
    assert (await ask(router, streaming=streaming, events=events)).text == "fine"
    assert routed(events) == ["a", "b"]
    assert [e for e in events if isinstance(e, FailedOver)] == [FailedOver(failure, "mock", "b")]


@pytest.mark.parametrize("failure", [WRONG, REFUSED, Failure("guard_blocked", "")])
async def test_what_nobody_survives_is_raised_as_it_came(streaming: bool, failure: Failure) -> None:
    other = model("b", said("never"))
    router = Router([model("a", broken(failure)), other], First(), fallbacks=[model("c")])
    with pytest.raises(Exception) as raised:
        await ask(router, streaming=streaming)
    assert raised.value.failure == failure
    assert not other.requests


async def test_a_refusal_is_survived_if_asked(streaming: bool) -> None:
    models = [model("a", broken(REFUSED), broken(REFUSED)), model("b", said("yes"))]
    assert (
        await ask(Router(models, First(), on_refusal="next"), streaming=streaming)
    ).text == "yes"
    with pytest.raises(ContentFilterError):
        await ask(Router(models, First()), streaming=streaming)


async def test_every_cause_is_there_in_order_and_the_earliest_time(streaming: bool) -> None:
    late = Failure("rate_limit", "later", retry_after=9.0, retryable=True)
    router = Router(
        [model("a", broken(late)), model("b", 2.0 and broken(SLOW, 2.0)), model("c", broken(DOWN))],
        First(),
        fallbacks=[model("d", broken(Failure("auth_error", "no key")))],
    )
    with pytest.raises(AllModelsFailedError) as raised:
        await ask(router, streaming=streaming)
    codes = [cause.code for cause in raised.value.attempts]
    assert codes == ["rate_limit", "rate_limit", "provider_unavailable", "auth_error"]
    assert raised.value.code == "auth_error"
    assert raised.value.retry_after == 7.0


async def test_fallbacks_come_last_and_in_order(streaming: bool) -> None:
    events: list[Event] = []
    router = Router(
        [model("a", broken(DOWN)), model("b", broken(DOWN))],
        Named("b", "a"),
        fallbacks=[model("x", broken(DOWN)), model("y", said("why"))],
    )
    assert (await ask(router, streaming=streaming, events=events)).text == "why"
    assert routed(events) == ["b", "a", "x", "y"]
    last = [event for event in events if isinstance(event, Routed)][-1]
    assert last.strategy == "fallbacks"
    assert [(s.name, s.fate) for s in last.standings] == [
        ("a", "tried"), ("b", "tried"), ("x", "tried"), ("y", "chosen"),
    ]  # fmt: skip


async def test_no_more_attempts_than_allowed(streaming: bool) -> None:
    models = [model(name, broken(DOWN)) for name in "abcd"]
    with pytest.raises(AllModelsFailedError) as raised:
        await ask(Router(models, First(), max_attempts=2), streaming=streaming)
    assert len(raised.value.attempts) == 2
    assert [len(one.requests) for one in models] == [1, 1, 0, 0]


async def test_after_content_there_is_no_other(streaming: bool) -> None:
    other = model("b", said("whole"))
    router = Router([model("a", broken(DOWN, "half")), other], First())
    if not streaming:
        assert (await ask(router, streaming=streaming)).text == "whole"
        return
    with pytest.raises(IncompleteStreamError) as raised:
        await ask(router, streaming=streaming)
    assert isinstance(raised.value.__cause__, ModelError)
    assert raised.value.__cause__.failure == DOWN
    assert raised.value.partial is not None
    assert raised.value.partial.text == "half"
    assert raised.value.partial.interrupted
    assert not other.requests


async def test_an_answer_may_begin_anew_after_content(streaming: bool) -> None:
    router = Router(
        [
            model("a", broken(DOWN, "half")),
            model("b", broken(SLOW, "ha")),
            model("c", said("whole")),
        ],
        First(),
        on_interrupt="restart",
    )
    assert (await ask(router, streaming=streaming)).text == "whole"
    router = Router(
        [model("a", broken(DOWN, "half")), model("b", said("whole"))],
        First(),
        on_interrupt="restart",
    )
    if streaming:
        async with router.stream("Hi") as stream:
            chunks = [chunk async for chunk in stream]
        assert chunks[:-1] == [TextDelta("half"), Restarted(DOWN), TextDelta("whole")]


async def test_when_all_are_interrupted_the_last_part_is_told(streaming: bool) -> None:
    models = [model("a", broken(DOWN, "one")), model("b", broken(SLOW, "two"))]
    with pytest.raises(AllModelsFailedError) as raised:
        await ask(Router(models, First(), on_interrupt="restart"), streaming=streaming)
    assert raised.value.attempts == (DOWN, SLOW)
    assert raised.value.partial is not None
    assert raised.value.partial.text == "two"


async def test_committing_at_the_end_shows_nothing_before(streaming: bool) -> None:
    router = Router(
        [model("a", broken(DOWN, "half")), model("b", said("no")), model("c", said("yes"))],
        First(),
        commit="finish",
        accept=lambda message: message.text == "yes",
    )
    events: list[Event] = []
    assert (await ask(router, streaming=streaming, events=events)).text == "yes"
    assert routed(events) == ["a", "b", "c"]


async def test_what_nobody_accepts_is_not_shown(streaming: bool) -> None:
    router = Router(
        [model("a", said("no"), said("no"))],
        commit="finish",
        accept=lambda message: False,
    )
    with pytest.raises(AllModelsFailedError) as raised:
        await ask(router, streaming=streaming)
    assert [cause.code for cause in raised.value.attempts] == ["output_invalid"]
    async with router.stream("Hi") as stream:
        with pytest.raises(AllModelsFailedError):
            await anext(aiter(stream))
        assert stream.partial.text == ""


async def test_whoever_uses_a_router_may_judge_too(streaming: bool) -> None:
    async def judge(message: AIMessage) -> Failure | None:
        return None if message.text == "good" else Failure("output_invalid", "not good")

    models = [model("a", said("bad")), model("b", said("good"))]
    router = Router(models, First(), commit="finish")
    chunks: list[Emission] = []

    async def emit(batch: Sequence[Emission]) -> None:
        chunks.extend(batch)

    request = Request((HumanMessage("Hi"),), streaming=streaming)
    finish = await router.respond(request, live().emitting(emit).judged_by(judge))
    assert (chunks, finish.model) == ([TextDelta("good")], "b")


async def test_accept_sees_who_answered(streaming: bool) -> None:
    seen = []
    router = Router([model("a", said("x"))], commit="finish", accept=lambda m: not seen.append(m))
    message = await ask(router, streaming=streaming)
    [judged] = seen
    assert (judged.text, judged.model, judged.usage) == ("x", "a", BILLED)
    assert message.text == "x"


async def test_a_model_that_is_left_alone_is_not_asked(streaming: bool) -> None:
    a = model("a", *[broken(DOWN)] * 3, said("back"))
    b = model("b", *[said("b")] * 9)
    events: list[Event] = []
    router = Router([a, b], First(), cooldown=Cooldown(failures=3, seconds=10))
    for _ in range(5):
        assert (await ask(router, streaming=streaming, events=events)).text == "b"
    assert len(a.requests) == 3
    assert len([event for event in events if isinstance(event, BreakerOpened)]) == 1
    await anyio.sleep(10)
    assert (await ask(router, streaming=streaming, events=events)).text == "back"
    assert any(isinstance(event, BreakerClosed) for event in events)


@pytest.mark.parametrize(
    ("failure", "seconds"),
    [
        (SLOW, 7.0),
        (Failure("rate_limit", "", retryable=True), 5.0),
        (Failure("auth_error", ""), 60.0),
        (Failure("not_found", ""), 60.0),
        (Failure("budget_exhausted", ""), 60.0),
        (Failure("provider_unavailable", "", retry_after=3.0, retryable=True), 3.0),
        (Failure("rate_limit", "", retry_after=1e6, retryable=True), 600.0),
    ],
)
async def test_for_how_long_it_is_left_alone(
    streaming: bool, failure: Failure, seconds: float
) -> None:
    a = model("a", broken(failure), said("back"))
    router = Router([a, model("b", *[said("b")] * 9)], First())
    await ask(router, streaming=streaming)
    await anyio.sleep(seconds - 0.01)
    assert (await ask(router, streaming=streaming)).text == "b"
    await anyio.sleep(0.02)
    assert (await ask(router, streaming=streaming)).text == "back"


@pytest.mark.parametrize(
    "failure",
    [
        Failure("rate_limit", "", local=True, retryable=True),
        Failure("provider_unavailable", "", local=True, retryable=True),
        Failure("context_length", ""),
        Failure("unsupported", "", local=True),
    ],
)
async def test_what_says_nothing_of_its_health_does_not_count(
    streaming: bool, failure: Failure
) -> None:
    a = model("a", *[broken(failure)] * 9)
    router = Router([a, model("b", *[said("b")] * 9)], First(), cooldown=Cooldown(failures=1))
    for _ in range(4):
        assert (await ask(router, streaming=streaming)).text == "b"
    assert len(a.requests) == 4


async def test_it_waits_for_the_earliest_if_it_may(streaming: bool) -> None:
    a = model("a", broken(SLOW), said("back"))
    router = Router([a], max_wait=7.0)
    with pytest.raises(AllModelsFailedError):
        await ask(router, streaming=streaming)
    started, events = anyio.current_time(), []
    assert (await ask(router, streaming=streaming, events=events)).text == "back"
    assert anyio.current_time() - started == pytest.approx(7.0)
    [waited] = [event.seconds for event in events if isinstance(event, WaitedForModel)]
    assert waited == pytest.approx(7.0)
    assert not [event for event in events if isinstance(event, FailedOver)]


async def test_without_leave_to_wait_it_says_when(streaming: bool) -> None:
    a = model("a", broken(SLOW))
    router = Router([a], max_wait=3.0)
    for _ in range(2):
        with pytest.raises(AllModelsFailedError) as raised:
            await ask(router, streaming=streaming)
        assert raised.value.retry_after == pytest.approx(7.0)
    [cause] = raised.value.attempts
    assert (cause.code, cause.local, cause.model) == ("provider_unavailable", True, "a")
    assert len(a.requests) == 1


async def test_a_probe_is_made_by_one_alone(streaming: bool) -> None:
    slow = model("a", broken(DOWN), said(5.0, "probed"), said("third"))
    router = Router([slow, model("b", *[said("b")] * 9)], First(), cooldown=Cooldown(1, 10.0))
    await ask(router, streaming=streaming)
    await anyio.sleep(11)
    texts: list[str] = []

    async def one() -> None:
        texts.append((await ask(router, streaming=streaming)).text)

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(one)
    assert sorted(texts) == ["b", "b", "probed"]


async def test_the_strategy_is_told_of_what_was_turned_away_at_the_last_moment(
    streaming: bool,
) -> None:
    class Taken(MemoryHealth):
        async def admit(self, key: str, cooldown: Cooldown, /) -> Permit | Refusal:
            return Refusal(2.0) if key == "a" else await super().admit(key, cooldown)

    a, strategy = model("a"), First()
    router = Router([a, model("b", said("b"))], strategy, store=Taken())
    assert (await ask(router, streaming=streaming)).text == "b"
    first, second = strategy.reports
    assert (first.candidate.name, first.outcome, first.failure.local) == ("a", "failed", True)
    assert (second.number, a.requests) == (1, [])


async def test_a_probe_that_is_cancelled_is_given_back(streaming: bool) -> None:
    slow = model("a", broken(DOWN), said(99.0, "never"), said("probed"))
    router = Router([slow, model("b", said("b"))], First(), cooldown=Cooldown(1, 10.0))
    await ask(router, streaming=streaming)
    await anyio.sleep(11)
    with anyio.move_on_after(1):
        await ask(router, streaming=streaming)
    assert (await ask(router, streaming=streaming)).text == "probed"


async def test_what_was_cancelled_speaks_neither_for_a_model_nor_against_it(
    streaming: bool,
) -> None:
    a = model("a", broken(DOWN), said(99.0, "never"), broken(DOWN), said(99.0, "never"), said("a"))
    router = Router([a, model("b", *[said("b")] * 9)], First(), cooldown=Cooldown(2, 10.0))

    async def cancelled() -> None:
        with anyio.move_on_after(1):
            await ask(router, streaming=streaming)

    await ask(router, streaming=streaming)
    await cancelled()
    await ask(router, streaming=streaming)  # the second failure in a row
    assert (await router.explain("Hi")).standings[0].fate == "waiting"
    await anyio.sleep(10)
    await cancelled()

    async def again() -> None:
        await ask(router, streaming=streaming)

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(again)
    assert len(a.requests) == 5, "one probe, and not three requests"


async def test_a_probe_has_passed_with_its_first_content(streaming: bool) -> None:
    slow = model("a", broken(DOWN), said("long", 50.0, "story"), said("next"))
    router = Router([slow, model("b", said("b"), said("b"))], First(), cooldown=Cooldown(1, 10.0))
    await ask(router, streaming=streaming)
    await anyio.sleep(11)
    texts: list[str] = []

    async def one(delay: float) -> None:
        await anyio.sleep(delay)
        texts.append((await ask(router, streaming=streaming)).text)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(one, 0.0)
        tasks.start_soon(one, 1.0)
    assert texts == (["next", "longstory"] if streaming else ["b", "longstory"])


async def test_cancellation_calls_nobody_else(streaming: bool) -> None:
    a, b = model("a", said(60.0, "late"), said("again")), model("b", said("b"))
    strategy = First()
    router = Router([a, b], strategy, cooldown=Cooldown(failures=1))
    with anyio.move_on_after(1) as scope:
        await ask(router, streaming=streaming)
    assert scope.cancelled_caught
    assert not b.requests
    assert [report.outcome for report in strategy.reports] == ["abandoned"]
    assert (await ask(router, streaming=streaming)).text == "again"


async def test_the_strategy_is_told_of_every_attempt(streaming: bool) -> None:
    strategy = First()
    router = Router([model("a", broken(DOWN, 2.0)), model("b", said(1.0, "x", 3.0, "y"))], strategy)
    await ask(router, streaming=streaming)
    first, second = strategy.reports
    assert (first.candidate.name, first.outcome, first.failure) == ("a", "failed", DOWN)
    assert (first.seconds, first.first_content, first.number) == (2.0, None, 1)
    assert (second.candidate.name, second.outcome, second.failure) == ("b", "answered", None)
    assert (second.seconds, second.usage, second.number) == (4.0, BILLED, 2)
    assert second.first_content == (1.0 if streaming else 4.0)
    assert [[c.name for c in offered] for offered in strategy.offered] == [["a", "b"], ["b"]]


async def test_the_strategy_sees_how_they_fare(streaming: bool) -> None:
    strategy = First()
    router = Router([model("a", said(1.0, "x", 4.0), said("y"))], strategy)
    await ask(router, streaming=streaming)
    await ask(router, streaming=streaming)
    [before], [after] = strategy.offered
    assert before.health == Health()
    assert after.health.attempts == pytest.approx(1.0)
    assert (after.health.failing, after.health.seconds) == (0.0, 5.0)
    assert after.health.first_content == (1.0 if streaming else None)
    assert after.health.tokens_per_second == pytest.approx(5.0 if streaming else 4.0)


async def test_a_store_is_shared_by_names(streaming: bool) -> None:
    store = MemoryHealth()
    one = Router([model("a", broken(SLOW)), model("b", said("1"))], First(), store=store)
    two = Router([model("a"), model("b", said("2"))], First(), store=store)
    assert (await ask(one, streaming=streaming)).text == "1"
    assert (await ask(two, streaming=streaming)).text == "2"


async def test_a_decision_reaches_the_answer_the_event_and_the_report(streaming: bool) -> None:
    class Deciding(First):
        async def select(self, candidates, request, fx):
            scores = {candidate.name: 0.5 for candidate in candidates}
            fx.notify(Scored(scores=scores, decision_id="d1", propensity=0.9, why="it is so"))
            return await super().select(candidates, request, fx)

    strategy, events = Deciding(), []
    router = Router([model("a", said("x")), model("b")], strategy)
    message = await ask(router, streaming=streaming, events=events)
    assert message.metadata["decision_id"] == "d1"
    [told] = [event for event in events if isinstance(event, Routed)]
    assert (told.decision_id, told.propensity, told.why) == ("d1", 0.9, "it is so")
    assert [(s.name, s.fate, s.score) for s in told.standings] == [
        ("a", "chosen", 0.5), ("b", "passed", 0.5),
    ]  # fmt: skip
    assert strategy.reports[0].decision_id == "d1"
    assert not [event for event in events if isinstance(event, Scored)]


@pytest.mark.parametrize(
    ("choose", "text"),
    [
        (lambda offered: Candidate(ScriptedModel([], model_id="stranger")), "stranger"),
        (lambda offered: "a", "'a'"),
        (lambda offered: None, "None"),
        (lambda offered: 1 / 0, "ZeroDivisionError"),
    ],
)
async def test_a_strategy_that_fails_or_chooses_a_stranger(streaming, choose, text) -> None:
    a = model("a", said("x"))
    with pytest.raises(StrategyError, match=text):
        await ask(Router([a, model("b")], First(choose)), streaming=streaming)
    assert not a.requests


async def test_a_strategy_may_return_the_candidate_that_its_user_made(streaming: bool) -> None:
    mine = Candidate(model("a", said("x")))
    router = Router([model("b"), mine], First(lambda offered: mine))
    assert (await ask(router, streaming=streaming)).text == "x"


async def test_a_strategy_may_find_none_good_enough(streaming: bool) -> None:
    none_will_do = First(lambda offered: (_ for _ in ()).throw(InvalidInputError(WRONG)))
    router = Router([model("a")], none_will_do, fallbacks=[model("f", said("f"))])
    assert (await ask(router, streaming=streaming)).text == "f"
    with pytest.raises(AllModelsFailedError) as raised:
        await ask(Router([model("a")], none_will_do), streaming=streaming)
    assert raised.value.attempts == (WRONG,)


async def test_a_strategy_that_cannot_listen_spoils_nothing(
    streaming: bool, caplog: pytest.LogCaptureFixture
) -> None:
    class Deaf(First):
        def observe(self, report):
            raise KeyError("deaf")

    assert (await ask(Router([model("a", said("x"))], Deaf()), streaming=streaming)).text == "x"
    assert "Deaf.observe failed" in caplog.text


async def test_a_bug_passes_and_calls_nobody_else(streaming: bool) -> None:
    b = model("b", said("b"))
    with pytest.raises(KeyError, match="a bug"):
        await ask(Router([model("a", [KeyError("a bug")]), b], First()), streaming=streaming)
    assert not b.requests


async def test_a_candidates_options_go_first(streaming: bool) -> None:
    a, b = model("a", said("x")), model("b", said("x"))
    router = Router([Candidate(a, options={"temperature": 0.1}), b], RoundRobin())
    cold = router.with_options(temperature=0.9, max_tokens=5)
    for _ in range(2):
        await ask(cold, streaming=streaming)
    assert [one.requests[0].options for one in (a, b)] == [
        GenerateOptions(temperature=0.1, max_tokens=5),
        GenerateOptions(temperature=0.9, max_tokens=5),
    ]


async def test_tools_are_bound_as_to_a_model(streaming: bool) -> None:
    a = model("a", said("x"))
    await ask(Router([a]).bind_tools([ToolSpec("f")]), streaming=streaming)
    assert a.requests[0].options.tools == (ToolSpec("f"),)


async def test_a_router_is_a_candidate_like_any_other(streaming: bool) -> None:
    inner = Router([model("a", broken(DOWN)), model("b", broken(SLOW))], First())
    router = Router([inner, model("c", said("c"))], First())
    assert router.model_id == "a|b|c"
    assert (await ask(router, streaming=streaming)).model == "c"


async def test_usage_of_a_silent_model_is_told_to_the_strategy(streaming: bool) -> None:
    async def answer(request: Request, fx) -> Finish:
        await fx.emit([TextDelta("x")])
        return Finish("stop", usage=Usage(1, 2, 3))

    strategy = First()
    message = await ask(Router([FunctionModel(answer)], strategy), streaming=streaming)
    assert (message.model, message.provider) == ("function", None)
    assert strategy.reports[0].usage == Usage(1, 2, 3)


async def test_a_candidates_own_timeout_ends_its_attempt_alone(streaming: bool) -> None:
    slow = Candidate(model("slow", said(100.0, "a"), said(2.0, "a")), options={"timeout": 3.0})
    router = Router([slow, model("b", said(5.0, "b"))], FailoverChain())
    assert (await ask(router, streaming=streaming)).text == "b"
    assert anyio.current_time() == pytest.approx(8.0)
    assert (await ask(router, streaming=streaming)).text == "a"


async def test_a_models_default_timeout_counts_like_a_candidates(streaming: bool) -> None:
    hasty = ScriptedModel(
        [said(100.0, "a")], model_id="a", defaults=GenerateOptions(timeout=Timeouts(total=3.0))
    )
    router = Router([hasty, model("b", said(5.0, "b"))], FailoverChain())
    assert (await ask(router, streaming=streaming)).text == "b"
    late = Candidate(model("c", said(100.0, "c")), options={"timeout": 3.0})
    with pytest.raises(AllModelsFailedError, match=r"within the candidate's own 3 s") as caught:
        await ask(Router([late]), streaming=streaming)
    assert [cause.code for cause in caught.value.attempts] == ["timeout"]
