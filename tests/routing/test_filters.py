"""Who is not asked: those who are known not to be able, and those whose own limit has no room."""

from __future__ import annotations

import anyio
import pytest

from beluga.context import ContextManager
from beluga.effects import live
from beluga.errors import AllModelsFailedError, error_for
from beluga.events import Event, Fitted, Routed, WaitedForLimit
from beluga.middleware import with_limits, with_retry
from beluga.routing import Candidate, RoundRobin, Router
from beluga.schema import (
    AIMessage,
    AudioPart,
    Failure,
    FilePart,
    HumanMessage,
    ImagePart,
    JsonSchema,
    Message,
    NamedTool,
    Options,
    ProviderTool,
    ReasoningConfig,
    TextPart,
    ToolMessage,
    ToolSpec,
    VideoPart,
)
from beluga.stores import ProviderLimits
from tests.routing.stage import First, able, broken, model, said

TOOL = ToolSpec("f")
SEARCH = ProviderTool("openai", '{"type": "web_search"}')

NEEDS: dict[str, tuple[list[Message], Options]] = {
    "tools": ([HumanMessage("Hi")], {"tools": [TOOL]}),
    "tool_choice": ([HumanMessage("Hi")], {"tools": [TOOL], "tool_choice": NamedTool("f")}),
    "response_schema": ([HumanMessage("Hi")], {"response_format": JsonSchema("s", {})}),
    "reasoning": ([HumanMessage("Hi")], {"reasoning": "high"}),
    "images": ([HumanMessage([TextPart("?"), ImagePart(id="1")])], {}),
    "audio": ([HumanMessage([AudioPart(id="1")])], {}),
    "video": ([HumanMessage([VideoPart(id="1")])], {}),
    "files": ([ToolMessage([FilePart(id="1")], "c"), HumanMessage("Hi")], {}),
}


@pytest.mark.parametrize("need", NEEDS)
async def test_who_lacks_what_is_needed_is_not_asked(need: str) -> None:
    messages, options = NEEDS[need]
    unable = model("unable", capabilities=able(**{need: False}))
    may_be = model("may be", said("fine"))
    events: list[Event] = []
    router = Router([unable, may_be], First(), max_attempts=1)
    answer = await router.generate(messages, fx=live().observed_by(events.append), **options)
    assert answer.model == "may be"
    [told] = [event for event in events if isinstance(event, Routed)]
    [first, _] = told.standings
    assert (first.fate, first.why) == ("unable", f"not asked: it has no {need}")
    with pytest.raises(AllModelsFailedError) as raised:
        await Router([unable]).generate(messages, **options)
    [cause] = raised.value.attempts
    assert (cause.code, cause.local, cause.model) == ("unsupported", True, "unable")


@pytest.mark.parametrize(
    "options",
    [
        {"tools": []},
        {"tools": [TOOL], "tool_choice": "auto"},
        {"reasoning": "none"},
        {"reasoning": ReasoningConfig(budget_tokens=0)},
    ],
)
async def test_what_is_not_asked_for_is_not_needed(options: Options) -> None:
    none = able(tool_choice=False, reasoning=False, images=False, parallel_tool_calls=False)
    assert (await Router([model("a", said("x"), capabilities=none)]).generate("Hi", **options)).text


async def test_what_a_candidate_is_bound_to_is_needed_of_it_alone() -> None:
    bound = model("bound", capabilities=able(tools=False)).bind_tools([TOOL])
    plain = model("plain", said("x"), capabilities=able(tools=False))
    assert (await Router([bound, plain], First()).generate("Hi")).model == "plain"
    overlaid = Candidate(
        model("o", capabilities=able(reasoning=False)), options={"reasoning": "low"}
    )
    plain = model("plain", said("x"), capabilities=able(reasoning=False))
    assert (await Router([overlaid, plain], First()).generate("Hi")).model == "plain"


async def test_a_providers_own_tool_is_asked_of_its_provider() -> None:
    theirs = model("theirs", said("x"), provider="openai")
    other = model("other", provider="groq")
    answer = await Router([other, theirs], First()).generate("Hi", tools=[SEARCH])
    assert answer.model == "theirs"


LONG = "word " * 8000


async def test_who_has_no_room_for_it_is_not_asked() -> None:
    small, large = model("small", context_window=4000), model("large", said("x"))
    assert (await Router([small, large], First()).generate(LONG)).model == "large"
    with pytest.raises(AllModelsFailedError) as raised:
        await Router([small]).generate(LONG)
    [cause] = raised.value.attempts
    assert (cause.code, cause.local) == ("context_length", True)


async def test_the_answer_needs_room_too() -> None:
    half = "word " * 2000
    small, large = model("small", said("small"), context_window=4000), model("large", said("large"))
    router = Router([small, large], First())
    assert (await router.generate(half, max_tokens=500)).text == "small"
    assert (await router.generate(half, max_tokens=3900)).text == "large"


async def test_the_conversation_is_fitted_to_whoever_is_asked() -> None:
    history: list[Message] = []
    for number in range(40):
        history += [HumanMessage(f"{number} " + "word " * 200), AIMessage("yes " * 50)]
    history.append(HumanMessage("And now?"))
    small = model("small", broken(Failure("timeout", "")), context_window=2000)
    middling = Candidate(model("middling", said("x")), context_window=8000)
    router = Router([small, middling], First(), context=ContextManager("truncate"))
    events: list[Event] = []
    answer = await router.generate(history, fx=live().observed_by(events.append))
    assert answer.model == "middling"
    sent = [len(one.requests[0].messages) for one in (small, middling.model)]
    assert 1 <= sent[0] < sent[1] < len(history)
    assert [event.budget < 8000 for event in events if isinstance(event, Fitted)] == [True, True]


async def test_who_cannot_be_fitted_is_a_cause() -> None:
    small, large = model("small", context_window=2000), model("large", said("x"))
    router = Router([small, large], First(), context=ContextManager("truncate"))
    assert (await router.generate(LONG)).model == "large"
    assert not small.requests
    with pytest.raises(AllModelsFailedError) as raised:
        await Router([small], context=ContextManager("truncate")).generate(LONG)
    [cause] = raised.value.attempts
    assert (cause.code, cause.local) == ("context_length", True)
    assert "need at least" in cause.message


async def test_what_is_too_long_after_all_is_tried_smaller_with_the_same_model() -> None:
    too_long = error_for(Failure("context_length", "too long"))
    history = [HumanMessage("a " * 500), AIMessage("yes"), HumanMessage("b " * 100)]
    one = model("one", [too_long], said("x"), context_window=100_000)
    await Router([one], context=ContextManager("truncate")).generate(history)
    assert [len(request.messages) for request in one.requests] == [3, 1]


TAGGED = [("eu", ["region=eu", "fast"]), ("us", ["region=us"]), ("any", [])]


@pytest.mark.parametrize(
    ("metadata", "asked"),
    [
        ({}, ["eu", "us", "any"]),
        ({"region": "eu"}, ["eu"]),
        ({"region": "us", "user": "42"}, ["us"]),
        ({"speed": "fast"}, ["eu"]),
        ({"user": "42"}, ["eu", "us", "any"]),
        ({"region": "mars"}, []),
        ({"region": "us", "speed": "fast"}, []),
    ],
)
async def test_tags_that_a_request_asks_for(metadata: dict[str, str], asked: list[str]) -> None:
    candidates = [Candidate(model(name, said(name)), tags=tags) for name, tags in TAGGED]
    router = Router(candidates, RoundRobin())
    told = await router.explain("Hi", metadata=metadata)
    assert [one.name for one in told.standings if one.fate in {"chosen", "passed"}] == asked
    if not asked:
        with pytest.raises(AllModelsFailedError, match="it has no tag"):
            await router.generate("Hi", metadata=metadata)


async def test_a_fallback_must_be_able_too() -> None:
    router = Router(
        [model("a", capabilities=able(images=False))],
        fallbacks=[model("b", capabilities=able(images=False)), model("c", said("c"))],
    )
    assert (await router.generate(NEEDS["images"][0])).text == "c"


def limited(name: str, *replies: object, rpm: int = 1, **limits: object):
    return with_limits(ProviderLimits(rpm=rpm, **limits), key=name)(model(name, *replies))


async def test_another_is_asked_rather_than_waiting_for_a_limit() -> None:
    a, b = limited("a", said("a"), said("a")), limited("b", said("b"))
    router = Router([a, b], First())
    events: list[Event] = []
    fx = live().observed_by(events.append)
    started = anyio.current_time()
    assert [(await router.generate("Hi", fx=fx)).text for _ in range(2)] == ["a", "b"]
    assert anyio.current_time() == started
    assert not [event for event in events if isinstance(event, WaitedForLimit)]
    with pytest.raises(AllModelsFailedError) as raised:
        await router.generate("Hi")
    assert [(c.code, c.local) for c in raised.value.attempts] == [("rate_limit", True)] * 2
    assert raised.value.retry_after == pytest.approx(60.0)
    assert raised.value.failure.local


async def test_when_all_limits_are_reached_it_waits_for_the_earliest() -> None:
    a, b = limited("a", said("a"), said("later")), limited("b", said("b"))
    router = Router([a, b], First(), max_wait=60)
    started = anyio.current_time()
    await router.generate("Hi")
    await anyio.sleep(10)
    await router.generate("Hi")
    assert (await router.generate("Hi")).text == "later"
    assert anyio.current_time() - started == pytest.approx(60.0)


async def test_it_waits_for_a_place_that_nobody_can_foretell() -> None:
    one = limited("a", said(3.0, "a"), said("b"), rpm=99, max_concurrent=1)
    router = Router([one], max_wait=10)
    texts: list[str] = []

    async def ask() -> None:
        texts.append((await router.generate("Hi")).text)

    started = anyio.current_time()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        tasks.start_soon(ask)
    assert texts == ["a", "b"]
    assert anyio.current_time() - started < 3.5


async def test_a_limit_inside_of_retries_is_asked_too() -> None:
    a = with_retry()(limited("a", said("a")))
    router = Router([a, model("b", said("b"))], First())
    started = anyio.current_time()
    assert [(await router.generate("Hi")).text for _ in range(2)] == ["a", "b"]
    assert anyio.current_time() == started


async def test_a_request_that_is_larger_than_a_limit_goes_elsewhere() -> None:
    a = with_limits(ProviderLimits(tpm=100))(model("a"))
    assert (await Router([a, model("b", said("b"))], First()).generate(LONG)).text == "b"


async def test_a_router_in_a_router_tells_that_it_would_wait() -> None:
    inner = Router([limited("a", said("a")), limited("b", said("b"))], First())
    router = Router([inner, model("c", said("c"))], First())
    assert [(await router.generate("Hi")).text for _ in range(3)] == ["a", "b", "c"]


async def test_many_at_once_do_not_wait_where_others_have_room() -> None:
    models = [limited(name, *[said(1.0, name)] * 3, rpm=3) for name in "abc"]
    router = Router(models, RoundRobin())
    texts: list[str] = []

    async def ask() -> None:
        texts.append((await router.generate("Hi")).text)

    started = anyio.current_time()
    async with anyio.create_task_group() as tasks:
        for _ in range(9):
            tasks.start_soon(ask)
    assert sorted(texts) == [*"aaabbbccc"]
    assert anyio.current_time() - started == pytest.approx(1.0)
