"""The golden order of hooks, for calls and streams, round and inside what asks more than once."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import msgspec
import pytest

from beluga.errors import ModelError, RateLimitError, error_for
from beluga.events import AttemptEnded, CacheHit, CacheStored, FailedOver, Guarded, Retried
from beluga.hooks import Hooks, Middleware, apply_middleware, with_hooks
from beluga.middleware import (
    Patterns,
    with_cache,
    with_fallback,
    with_guardrails,
    with_hedge,
    with_retry,
)
from beluga.model import ChatModel
from beluga.schema import (
    Finish,
    PartDone,
    ReasoningDelta,
    Restarted,
    StreamChunk,
    TextDelta,
    ToolCall,
    ToolCallDelta,
)
from beluga.testing import Reply, ScriptedModel
from tests.middleware.stage import DOWN

TOLD = (AttemptEnded, CacheHit, CacheStored, FailedOver, Guarded, Retried)

MARKS: dict[type, str] = {
    TextDelta: "t",
    ReasoningDelta: "r",
    ToolCallDelta: "d",
    PartDone: "p",
    Restarted: "restart",
    Finish: "finish",
}


def recording(log: list[str], name: str) -> Hooks:
    """Hooks that note when each runs, and of events the names of those that are TOLD."""

    def note(text: str) -> None:
        log.append(f"{name}{text}")

    def event(event: object) -> None:
        if isinstance(event, TOLD):
            note(type(event).__name__)

    async def chunk(chunk: StreamChunk) -> None:
        note(MARKS[type(chunk)])

    return Hooks(
        before_generate=lambda request: note("before"),
        after_generate=lambda message: note(f"after {message.text}"),
        on_stream=chunk,
        on_tool_call=lambda call: note(f"call {call.id}"),
        on_reasoning=lambda text: note("reasoning"),
        on_error=lambda error: note(type(error).__name__),
        on_event=event,
    )


def call(id: str) -> list[StreamChunk]:
    return [ToolCallDelta(0, id, "f", "{}"), PartDone(0, ToolCall(id, "f", "{}"))]


ANSWER = [ReasoningDelta("hm"), TextDelta("a"), *call("c1"), Finish("tool_calls")]
AGAIN = [ReasoningDelta("hm"), TextDelta("void"), *call("c0"), Restarted(DOWN), *ANSWER]
BROKEN = [TextDelta("a"), *call("c1"), error_for(DOWN)]
FAILED = error_for(DOWN)
OTHER = [TextDelta("o"), Finish("stop")]
CUT = [TextDelta("a"), ToolCallDelta(0, "c1", "f", "{"), Finish("length")]

SHOWN = "r reasoning t d p"
"""What a watcher's hooks run for with ANSWER, before its end."""
VOID = SHOWN
"""The same for what AGAIN takes back."""
ENDED = "AttemptEnded finish call-c1 after-a"

OUTSIDE: list[tuple[str, list[Middleware], list[Reply], str, str]] = [
    # What stands inside of the hooks; the replies; the order for streams, and for calls.
    (
        "alone", [], [ANSWER],
        f"before {SHOWN} {ENDED}",
        "before reasoning AttemptEnded call-c1 after-a",
    ),
    (
        "restarted", [], [AGAIN],
        f"before {VOID} restart {SHOWN} {ENDED}",
        "before reasoning reasoning AttemptEnded call-c1 after-a",
    ),
    (
        "cut", [], [CUT],
        "before t d AttemptEnded finish after-a",
        "before AttemptEnded after-a",
    ),
    (
        "failed", [], [FAILED],
        "before AttemptEnded ProviderDownError",
        "before AttemptEnded ProviderDownError",
    ),
    (
        "broken", [], [BROKEN],
        "before t d p AttemptEnded ProviderDownError",
        "before AttemptEnded ProviderDownError",
    ),
    (
        "retry", [with_retry(base=0)], [FAILED, ANSWER],
        f"before AttemptEnded Retried {SHOWN} {ENDED}",
        "before AttemptEnded Retried AttemptEnded reasoning call-c1 after-a",
    ),
    (
        "retry-broken", [with_retry(base=0)], [BROKEN, ANSWER],
        "before t d p AttemptEnded ProviderDownError",
        "before AttemptEnded Retried AttemptEnded reasoning call-c1 after-a",
    ),
    (
        "retry-restarted", [with_retry(base=0)], [[TextDelta("v"), Restarted(DOWN), FAILED], AGAIN],
        f"before t restart AttemptEnded Retried {VOID} restart {SHOWN} {ENDED}",
        "before AttemptEnded Retried AttemptEnded reasoning reasoning call-c1 after-a",
    ),
    (
        "retries-exhausted", [with_retry(2, base=0)], [FAILED, FAILED],
        "before AttemptEnded Retried AttemptEnded ProviderDownError",
        "before AttemptEnded Retried AttemptEnded ProviderDownError",
    ),
    (
        "fallback", [with_fallback(ScriptedModel([OTHER] * 8))], [FAILED],
        "before AttemptEnded FailedOver t AttemptEnded finish after-o",
        "before AttemptEnded FailedOver AttemptEnded after-o",
    ),
    (
        "all-failed", [with_fallback(ScriptedModel([FAILED] * 8))], [FAILED],
        "before AttemptEnded FailedOver AttemptEnded AllModelsFailedError",
        "before AttemptEnded FailedOver AttemptEnded AllModelsFailedError",
    ),
    (
        "hedge", [with_hedge(1.0, budget=1.0)], [[9.0, *ANSWER], ANSWER],
        f"before {SHOWN} finish call-c1 after-a",  # in a race, attempts end at any time
        "before reasoning call-c1 after-a",
    ),
    (
        "guardrails", [with_guardrails(output=[Patterns("x", replacement="y")])],
        [[TextDelta("x"), *call("c1"), Finish("tool_calls")]],
        "before AttemptEnded Guarded t d p finish call-c1 after-y",
        "before AttemptEnded Guarded call-c1 after-y",
    ),
    (
        "blocked", [with_guardrails(output=[Patterns("x", window=1)])],
        [[TextDelta("ax"), *call("c1"), Finish("tool_calls")]],
        "before Guarded AttemptEnded GuardBlockedError",
        "before Guarded AttemptEnded GuardBlockedError",
    ),
]  # fmt: skip


def stack(inside: Sequence[Middleware], replies: Sequence[Reply], log: list[str]) -> ChatModel:
    return apply_middleware(ScriptedModel(replies), with_hooks(recording(log, "")), *inside)


async def come(model: ChatModel, *, streaming: bool) -> None:
    with contextlib.suppress(ModelError):
        if not streaming:
            await model.generate("Hi")
            return
        async with model.stream("Hi") as chunks:
            await chunks.message()


@pytest.mark.parametrize("streaming", [False, True], ids=["call", "stream"])
@pytest.mark.parametrize(
    ("inside", "replies", "of_stream", "of_call"),
    [pytest.param(*row[1:], id=row[0]) for row in OUTSIDE],
)
async def test_the_order_round_whatever_stands_inside(
    inside: list[Middleware],
    replies: list[Reply],
    of_stream: str,
    of_call: str,
    streaming: bool,
) -> None:
    log: list[str] = []
    await come(stack(inside, replies, log), streaming=streaming)
    expected = (of_stream if streaming else of_call).split()
    left_out = {"AttemptEnded"} - set(expected)
    assert [line.replace(" ", "-") for line in log if line not in left_out] == expected


async def test_a_stream_that_is_left_has_no_end_for_hooks() -> None:
    log: list[str] = []
    async with stack([], [ANSWER], log).stream("Hi") as chunks:
        await anext(aiter(chunks))
    assert log[:3] == ["before", "r", "reasoning"]
    assert log[-1] == "AttemptEnded"
    assert not [line for line in log if line.startswith(("call", "after", "finish"))]


@pytest.mark.parametrize(
    ("first", "second", "hit"),
    [
        (False, False, "before CacheHit reasoning call-c1 after-a"),
        (True, False, "before CacheHit reasoning call-c1 after-a"),
        (False, True, "before CacheHit r reasoning p t p d p finish call-c1 after-a"),
        (True, True, "before CacheHit r reasoning p t p d p finish call-c1 after-a"),
    ],
)
async def test_the_order_of_an_answer_from_the_cache(first: bool, second: bool, hit: str) -> None:
    """What was void when it was kept is not told again."""
    log: list[str] = []
    model = stack([with_cache()], [AGAIN], log)
    await come(model, streaming=first)
    assert "CacheStored" in log
    assert [line for line in log if line.startswith(("call", "after"))] == ["call c1", "after a"]
    log.clear()
    await come(model, streaming=second)
    assert [line.replace(" ", "-") for line in log] == hit.split()


@pytest.mark.parametrize("streaming", [False, True], ids=["call", "stream"])
@pytest.mark.parametrize("policy", ["retry", "fallback"])
async def test_inside_of_what_asks_more_than_once_each_attempt_is_a_call(
    policy: str, streaming: bool
) -> None:
    log: list[str] = []
    within = with_hooks(recording(log, "in "))
    again = (
        with_retry(base=0) if policy == "retry" else with_fallback(within(ScriptedModel([ANSWER])))
    )
    replies: list[Reply] = [FAILED, ANSWER] if policy == "retry" else [FAILED]
    outside = with_hooks(recording(log, "out "))
    await come(
        apply_middleware(ScriptedModel(replies), outside, again, within), streaming=streaming
    )
    points = [line for line in log if line.split()[1] in ("before", "after", "ProviderDownError")]
    assert points == [
        "out before",
        "in before",
        "in ProviderDownError",
        "in before",
        "in after a",
        "out after a",
    ]
    assert [line for line in log if "call" in line] == ["in call c1", "out call c1"]


async def test_a_hook_inside_may_turn_a_failure_into_one_that_is_tried_again() -> None:
    def soften(error: Exception) -> None:
        if isinstance(error, ModelError):
            failure = msgspec.structs.replace(error.failure, code="rate_limit", retryable=True)
            raise RateLimitError(failure)

    denied = error_for(msgspec.structs.replace(DOWN, code="auth_error", retryable=False))
    scripted = ScriptedModel([denied, "Hi"])
    model = apply_middleware(scripted, with_retry(base=0), with_hooks(Hooks(on_error=soften)))
    assert (await model.generate("Hi")).text == "Hi"
