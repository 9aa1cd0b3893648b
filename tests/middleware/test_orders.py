"""Any three middleware in any order: no doubled chunk, no lost failure, nothing left behind."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping

import anyio
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beluga.effects import Effects
from beluga.errors import AllModelsFailedError, ModelError, error_for
from beluga.events import Attempted, AttemptEnded, Event
from beluga.hooks import Hooks, Middleware, apply_middleware, with_hooks
from beluga.middleware import with_breaker, with_fallback, with_hedge, with_retry, with_timeout
from beluga.model import ChatModel
from beluga.schema import (
    AIMessage,
    Failure,
    Finish,
    PartDone,
    ReasoningDelta,
    Request,
    Restarted,
    StreamChunk,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    fold,
)
from beluga.testing import ScriptedModel, virtual_backends
from tests.middleware.stage import DOWN, SLOW, WRONG, ask

Middlewares = Mapping[str, Callable[[ChatModel], Middleware]]

KINDS: Middlewares = {
    "retry": lambda _: with_retry(3, base=0.5),
    "fallback": with_fallback,
    "timeout": lambda _: with_timeout(5),
    "breaker": lambda _: with_breaker(2, 4.0),
    "hedge": lambda _: with_hedge(1.5, budget=1.0),
    "hooks": lambda _: with_hooks(
        Hooks(after_generate=lambda message: message, on_stream=lambda chunk: None)
    ),
}
ORDERS = list(itertools.permutations(KINDS, 3))

Step = str | float
Script = tuple[list[Step], Failure | None]


class Scripts(ChatModel):
    """Play one script a call, each under a name of its own; note who is under way."""

    def __init__(self, name: str, scripts: list[Script]) -> None:
        self.name, self.scripts = name, scripts
        self.asked = self.open = 0
        self.failures: list[Failure] = []

    @property
    def model_id(self) -> str:
        return self.name

    async def respond(self, request: Request, fx: Effects) -> Finish:
        steps, failure = self.scripts[self.asked % len(self.scripts)]
        tag = f"{self.name}{self.asked}"
        self.asked += 1
        self.open += 1
        fx.notify(Attempted(self.name, self.name))
        try:
            await anyio.lowlevel.checkpoint()
            for step in steps:
                if isinstance(step, float):
                    await anyio.sleep(step)
                else:
                    await fx.emit([TextDelta(f"<{tag}{step}>")])
            if failure is not None:
                self.failures.append(failure)
                raise error_for(failure)
            await fx.emit([TextDelta(f"<{tag}.>")])
            return Finish("stop")
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(0.25)
            self.open -= 1
            fx.notify(AttemptEnded(self.name, self.name, Finish("stop").usage, 0.0))

    def whole(self, number: int) -> str:
        steps, _ = self.scripts[number % len(self.scripts)]
        pieces = [step for step in steps if isinstance(step, str)]
        return "".join([f"<{self.name}{number}{piece}>" for piece in [*pieces, "."]])


scripts = st.lists(
    st.tuples(
        st.lists(st.sampled_from(["a", "b", 0.5, 1.0, 2.0, 8.0]), max_size=4),
        st.none() | st.sampled_from([DOWN, SLOW, WRONG]),
    ),
    min_size=1,
    max_size=4,
)


async def judge(order: tuple[str, ...], mine: Scripts, other: Scripts, *, streaming: bool) -> None:
    model = apply_middleware(mine, *[KINDS[kind](other) for kind in order])
    for _ in range(2):
        events: list[Event] = []
        end: AIMessage | ModelError
        try:
            end = await ask(model, streaming=streaming, events=events)
        except ModelError as error:
            end = error
        wholes = [m.whole(n) for m in (mine, other) for n in range(m.asked)]
        if isinstance(end, AIMessage):
            assert end.text in wholes, "an answer is one attempt's, and whole"
            assert end.spent.attempts == len([e for e in events if isinstance(e, Attempted)])
        else:
            partial = "" if end.partial is None else end.partial.text
            assert any(whole.startswith(partial) for whole in wholes) or not partial
            causes = end.attempts if isinstance(end, AllModelsFailedError) else (end.failure,)
            known = [*mine.failures, *other.failures]
            for cause in _leaves(causes):
                assert cause in known or cause.local or cause.code == "timeout"
        assert mine.open == other.open == 0
        began = [event for event in events if isinstance(event, Attempted)]
        ended = [event for event in events if isinstance(event, AttemptEnded)]
        assert len(began) == len(ended)


def _leaves(causes: tuple[Failure, ...]) -> list[Failure]:
    leaves: list[Failure] = []
    for cause in causes:
        leaves.extend(_leaves(cause.attempts) if cause.attempts else [cause])
    return leaves


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("streaming", [False, True], ids=["call", "stream"])
@given(st.sampled_from(ORDERS), scripts, scripts)
def test_any_three_in_any_order(
    backend: str,
    streaming: bool,
    order: tuple[str, ...],
    mine: list[Script],
    other: list[Script],
) -> None:
    async def main() -> None:
        await judge(order, Scripts("m", mine), Scripts("o", other), streaming=streaming)

    anyio.run(main, backend=backend, backend_options=virtual_backends()[backend])


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
async def test_every_order_of_three(order: tuple[str, ...]) -> None:
    slow: list[Script] = [(["a", 1.0], DOWN), ([2.0, "b"], None), ([9.0], SLOW), ([], None)]
    late: list[Script] = [([1.0], DOWN), ([8.0, "c"], None), ([], WRONG), (["d"], None)]
    for streaming in (False, True):
        for mine, other in ((slow, late), (late, slow), (late[1:], slow[2:])):
            await judge(order, Scripts("m", mine), Scripts("o", other), streaming=streaming)


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
async def test_a_cancelled_answer_leaves_nothing_behind(order: tuple[str, ...]) -> None:
    for after in (0.0, 1.0, 2.0, 3.0):
        for streaming in (False, True):
            models = [Scripts(name, [(["a", 60.0], None), ([60.0], DOWN)]) for name in "mo"]
            model = apply_middleware(models[0], *[KINDS[kind](models[1]) for kind in order])
            with anyio.move_on_after(after) as scope:
                await ask(model, streaming=streaming)
            assert scope.cancelled_caught
            assert models[0].open == models[1].open == 0


TOLD: list[StreamChunk] = [
    TextDelta("a"),
    Restarted(DOWN),
    ReasoningDelta("hm"),
    ToolCallDelta(0, "c", "f", "{}"),
    PartDone(0, ToolCall("c", "f", "{}")),
    TextDelta("b"),
]


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
async def test_every_chunk_passes_as_it_came_a_restart_too(order: tuple[str, ...]) -> None:
    scripted = ScriptedModel([[*TOLD, Finish("tool_calls")]] * 2)
    model = apply_middleware(scripted, *[KINDS[kind](ScriptedModel([])) for kind in order])
    async with model.stream("Hi") as stream:
        chunks = [chunk async for chunk in stream]
    assert chunks[:-1] == TOLD
    message = await model.generate("Hi")
    assert message == msgspec.structs.replace(fold(chunks), spent=message.spent)
    assert message.text == "b"


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
async def test_a_bug_passes_through_all_of_them(order: tuple[str, ...]) -> None:
    class Buggy(Scripts):
        async def respond(self, request: Request, fx: Effects) -> Finish:
            raise KeyError("a bug")

    model = apply_middleware(
        Buggy("m", []), *[KINDS[kind](Scripts("o", [([], None)])) for kind in order]
    )
    for streaming in (False, True):
        with pytest.raises(KeyError, match="a bug"):
            await ask(model, streaming=streaming)
