"""Any three middleware in any order: no doubled chunk, no lost failure, a true account, no leak."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import anyio
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beluga.effects import Effects
from beluga.errors import AllModelsFailedError, ModelError
from beluga.events import AttemptEnded
from beluga.middleware.cache import Cached
from beluga.schema import (
    AIMessage,
    Failure,
    Finish,
    PartDone,
    ReasoningDelta,
    Request,
    Restarted,
    Spent,
    StreamChunk,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
    fold,
)
from beluga.streams import ChunkStream
from beluga.testing import ScriptedModel, virtual_backends
from tests.middleware.stacks import BLOCKED, KINDS, Act, Scripts, Stack, living_tasks
from tests.middleware.stage import DOWN, SLOW, WRONG

ORDERS = list(itertools.permutations(KINDS, 3))
BY_FIRST = [
    pytest.param([order for order in ORDERS if order[0] == kind], id=kind) for kind in KINDS
]
both_backends = pytest.mark.parametrize("backend", ["asyncio", "trio"])
both_ways = pytest.mark.parametrize("streaming", [False, True], ids=["call", "stream"])


class Visit(msgspec.Struct, frozen=True):
    """How a caller comes by: whether it watches, when it is cancelled, after how much it leaves."""

    streaming: bool
    cancelled_after: float | None = None
    leaves_after: int | None = None


class Seen(msgspec.Struct):
    """What a caller has come away with."""

    chunks: list[StreamChunk] = []
    message: AIMessage | None = None
    error: ModelError | None = None
    spent: Spent | None = None

    @property
    def partial(self) -> str:
        if self.error is None or self.error.partial is None:
            return ""
        return self.error.partial.text


async def call(stack: Stack, visit: Visit) -> Seen:
    seen = Seen()
    try:
        with anyio.move_on_after(visit.cancelled_after):
            if visit.streaming:
                await watch(stack, visit, seen)
            else:
                seen.message = await stack.model.generate("Hi")
                seen.spent = seen.message.spent
    except ModelError as error:
        seen.error = error
        if error.partial is not None and seen.spent is None:
            seen.spent = error.partial.spent
    return seen


async def watch(stack: Stack, visit: Visit, seen: Seen) -> None:
    watched: ChunkStream | None = None
    try:
        async with stack.model.stream("Hi") as chunks:
            watched = chunks
            async for chunk in chunks:
                seen.chunks.append(chunk)
                if len(seen.chunks) == visit.leaves_after:
                    return
            seen.message = await chunks.message()
    finally:
        if watched is not None:
            seen.spent = watched.spent


async def judge(
    kinds: tuple[str, ...], mine: Scripts, other: Scripts, visits: Sequence[Visit], entered: bool
) -> None:
    stack = Stack(kinds, mine, other)
    if entered:
        await stack.cache.__aenter__()
    for visit in visits:
        before, accounted = living_tasks(), (len(mine.ended), len(other.ended))
        seen = await call(stack, visit)
        assert mine.open == other.open == 0, "an attempt goes on"
        assert living_tasks() == before, "a task goes on"
        await stack.check_nothing_is_left()
        check_answer(seen, stack, mine, other)
        check_account(seen, [*mine.ended[accounted[0] :], *other.ended[accounted[1] :]])
    if entered:
        await stack.cache.__aexit__(None, None, None)


def check_answer(seen: Seen, stack: Stack, mine: Scripts, other: Scripts) -> None:
    wholes = [model.whole(n) for model in (mine, other) for n in range(model.asked)]
    shown = fold(seen.chunks).text
    assert any(whole.startswith(shown) for whole in [*wholes, ""]), "two attempts are mixed"
    if seen.message is not None:
        assert seen.message.text in wholes, "an answer is one attempt's, and whole"
        ends = [isinstance(chunk, Finish) for chunk in seen.chunks]
        assert not seen.chunks or (ends.count(True), ends[-1]) == (1, True)
    if seen.error is not None:
        assert any(whole.startswith(seen.partial) for whole in [*wholes, ""])
        all_failed = isinstance(seen.error, AllModelsFailedError)
        causes = seen.error.attempts if all_failed else (seen.error.failure,)
        for cause in leaves(causes):
            known = any(
                cause == told or ("router" in stack.kinds and broke_off(cause, told))
                for told in [*mine.failures, *other.failures]
            )
            assert known or cause.local or cause.code == "timeout", "a failure nobody had"
    if guards_everything(stack.kinds):
        assert BLOCKED not in shown + seen.partial + (seen.message.text if seen.message else "")


def broke_off(failure: Failure, cause: Failure) -> bool:
    """Whether *failure* is how a router tells of *cause* where content stands."""
    return failure.code == "incomplete_stream" and failure.message.endswith(f": {cause.message}")


def guards_everything(kinds: Sequence[str]) -> bool:
    if "guardrails" not in kinds:
        return False
    others = [kinds.index(kind) for kind in ("fallback", "router") if kind in kinds]
    return all(kinds.index("guardrails") < other for other in others)


def check_account(seen: Seen, attempts: Sequence[AttemptEnded]) -> None:
    """What was spent is the sum of what the models have said, whatever became of it."""
    if seen.spent is None:  # a call without a partial answer has no place for an account
        return
    costs = [attempt.cost for attempt in attempts if attempt.cost is not None]
    assert seen.spent.usage == sum([attempt.usage for attempt in attempts], Usage())
    assert seen.spent.cost == (sum(costs) if costs else None)
    assert seen.spent.attempts == len(attempts)
    assert seen.spent.estimated == any(unknown(attempt) for attempt in attempts)
    if seen.message is not None and attempts:
        assert seen.message.usage in [attempt.usage for attempt in attempts]


def unknown(attempt: AttemptEnded) -> bool:
    """Whether nobody can know what this attempt was billed."""
    if attempt.usage.output_tokens is not None:
        return False
    if attempt.failure is None:
        return attempt.abandoned
    silent = attempt.first_content is None and attempt.usage == Usage()
    return not (silent and attempt.failure.code in ("rate_limit", "invalid_input"))


def leaves(causes: tuple[Failure, ...]) -> list[Failure]:
    found: list[Failure] = []
    for cause in causes:
        found.extend(leaves(cause.attempts) if cause.attempts else [cause])
    return found


USAGES = st.sampled_from([Usage(), Usage(3), Usage(3, 5, 8), Usage(1, 0, 1, cached_tokens=1)])
ACTS = st.lists(
    st.builds(
        Act,
        st.lists(st.sampled_from(["a", "b", BLOCKED, 0.5, 1.0, 2.0, 8.0]), max_size=4).map(tuple),
        st.none() | st.sampled_from([DOWN, SLOW, WRONG]),
        billed=USAGES,
        told=USAGES,
        cost=st.none() | st.sampled_from([0.25, 1.5]),
    ),
    min_size=1,
    max_size=4,
)
VISITS = st.lists(
    st.builds(
        Visit,
        st.booleans(),
        st.none() | st.sampled_from([0.0, 0.5, 1.0, 2.5, 6.0]),
        st.none() | st.integers(1, 3),
    ),
    min_size=1,
    max_size=4,
)


@both_backends
@settings(max_examples=100)
@given(st.sampled_from(ORDERS), ACTS, ACTS, VISITS, st.booleans())
def test_any_three_in_any_order(
    backend: str,
    order: tuple[str, ...],
    mine: list[Act],
    other: list[Act],
    visits: list[Visit],
    entered: bool,
) -> None:
    async def main() -> None:
        await judge(order, Scripts("m", mine), Scripts("o", other), visits, entered)

    anyio.run(main, backend=backend, backend_options=virtual_backends()[backend])


@pytest.mark.parametrize("orders", BY_FIRST)
async def test_every_order_of_three(orders: list[tuple[str, ...]]) -> None:
    slow = [Act(("a", 1.0), DOWN), Act((2.0, "b")), Act((9.0,), SLOW), Act()]
    late = [Act((1.0,), DOWN), Act((8.0, "c")), Act((), WRONG), Act(("d", BLOCKED))]
    for number, order in enumerate(orders):
        mine, other = ((slow, late), (late, slow), (late[1:], slow[2:]))[number % 3]
        visits = [Visit(number % 2 == 0), Visit(number % 2 == 1), Visit(number % 4 < 2)]
        await judge(order, Scripts("m", mine), Scripts("o", other), visits, number % 2 == 0)


@pytest.mark.parametrize("orders", BY_FIRST)
async def test_a_cancelled_answer_leaves_nothing_behind(orders: list[tuple[str, ...]]) -> None:
    for number, order in enumerate(orders):
        models = [Scripts(name, [Act(("a", 60.0)), Act((60.0,), DOWN)]) for name in "mo"]
        visits = [Visit(number % 2 == 0, float(number // 2 % 4)), Visit(True, None, 1)]
        await judge(order, models[0], models[1], visits, number % 2 == 0)


TOLD: list[StreamChunk] = [
    TextDelta("a"),
    Restarted(DOWN),
    ReasoningDelta("hm"),
    ToolCallDelta(0, "c", "f", "{}"),
    PartDone(0, ToolCall("c", "f", "{}")),
    TextDelta("b"),
]


@pytest.mark.parametrize("orders", BY_FIRST)
async def test_every_chunk_passes_as_it_came_a_restart_too(orders: list[tuple[str, ...]]) -> None:
    for order in orders:
        scripted = ScriptedModel([[*TOLD, Finish("tool_calls")]] * 2)
        stack = Stack(order, scripted, ScriptedModel([]))
        async with stack.model.stream("Hi") as stream:
            chunks = [chunk async for chunk in stream]
        # What a guard still held when it became void is never shown.
        assert chunks[:-1] == (TOLD[1:] if "guardrails" in order else TOLD)
        message = await stack.model.generate("Hi")
        answer = msgspec.structs.replace(fold(chunks), spent=message.spent)
        if "cache" not in order:
            assert message == answer
            continue
        assert len(scripted.requests) == 1
        assert message == msgspec.structs.replace(answer, metadata={"cached": True})
        async with stack.model.stream("Hi") as stream:
            again = [chunk async for chunk in stream]
        assert fold(again) == message  # what is replayed is the answer that stands, in other chunks
        assert not [chunk for chunk in again if isinstance(chunk, Restarted)]


async def test_a_bug_passes_through_all_of_them() -> None:
    bug = KeyError("a bug")

    class Buggy(Scripts):
        async def respond(self, request: Request, fx: Effects) -> Finish:
            raise bug

    for order in itertools.permutations(KINDS, 2):
        stack = Stack(order, Buggy("m", [Act()]), Scripts("o", [Act()]))
        for streaming in (False, True):
            with pytest.raises(KeyError) as caught:
                if streaming:
                    async with stack.model.stream("Hi") as chunks:
                        await chunks.message()
                await stack.model.generate("Hi")
            assert caught.value is bug
        await stack.check_nothing_is_left()


@both_backends
@given(
    st.lists(st.sampled_from([kind for kind in KINDS if kind != "cache"]), max_size=3, unique=True),
    ACTS,
    st.lists(st.tuples(st.sampled_from([0.0, 0.3, 2.0]), VISITS.map(lambda v: v[0])), max_size=5),
    st.booleans(),
)
def test_callers_who_share_a_call_have_together_spent_what_it_took(
    backend: str,
    inside: list[str],
    acts: list[Act],
    callers: list[tuple[float, Visit]],
    entered: bool,
) -> None:
    async def main() -> None:
        model, accounts = Scripts("m", acts), list[Spent]()
        stack = Stack(["cache", *inside], model, Scripts("o", acts))
        assert isinstance(stack.model, Cached)

        async def come(after: float, visit: Visit) -> None:
            await anyio.sleep(after)
            watching = msgspec.structs.replace(visit, streaming=True)
            accounts.append((await call(stack, watching)).spent or Spent())

        if entered:
            await stack.cache.__aenter__()
        async with anyio.create_task_group() as tasks:
            for after, visit in callers:
                tasks.start_soon(come, after, visit)
        if entered:
            await stack.cache.__aexit__(None, None, None)
        other = stack.other
        assert isinstance(other, Scripts)
        ended = [*model.ended, *other.ended]
        assert sum([a.usage for a in accounts], Usage()) == sum([e.usage for e in ended], Usage())
        costs = [account.cost or 0.0 for account in accounts]
        assert math.fsum(costs) == math.fsum([end.cost or 0.0 for end in ended])
        assert sum([account.attempts for account in accounts]) >= len(ended)

    anyio.run(main, backend=backend, backend_options=virtual_backends()[backend])
