"""What tells requests apart for the cache, and who may share a call that is under way."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from beluga.effects import Effects
from beluga.middleware.cache import with_cache
from beluga.middleware.cache_key import cache_key
from beluga.model import Wrapper
from beluga.schema import (
    AIMessage,
    Finish,
    GenerateOptions,
    HumanMessage,
    ModelInfo,
    Request,
    Restarted,
    Spent,
    StreamChunk,
    TextDelta,
    Usage,
)
from beluga.stores import MemoryStore
from beluga.testing import ScriptedModel
from tests.doubles import SLOW_DOWN, FunctionModel, text


class Named(FunctionModel):
    """A model of whom nothing is known but its name."""

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def model_id(self) -> str:
        return self.name


REQUEST = Request((HumanMessage("Hi"), AIMessage("Hm"), HumanMessage("Well?")))


def test_models_are_told_apart_by_name_and_by_whose_they_are() -> None:
    def of(provider: str, model: str) -> ScriptedModel:
        return ScriptedModel([], info=ModelInfo(provider=provider, model=model))

    models = [Named("a"), Named("b"), of("openai", "a"), of("azure", "a"), of("openai", "b")]
    assert len({cache_key(model, REQUEST) for model in models}) == len(models)


def test_what_a_caller_has_cleared_counts_since_a_model_may_have_it_set() -> None:
    inner = ScriptedModel([], defaults=GenerateOptions(seed=1))
    cleared = Request(REQUEST.messages, cleared=frozenset({"seed"}))
    assert cache_key(inner, cleared) != cache_key(inner, REQUEST)
    assert cache_key(ScriptedModel([]), cleared) != cache_key(ScriptedModel([]), REQUEST)


@pytest.mark.parametrize(
    ("metadata", "same"),
    [({"container": "c1"}, False), ({"cost": 0.5}, True), ({"request_id": "r"}, True)],
)
def test_of_a_messages_metadata_only_accounts_are_left_out(metadata: Any, same: bool) -> None:
    said = AIMessage("Hm", metadata=metadata)
    request = Request((REQUEST.messages[0], said, REQUEST.messages[2]))
    plain = cache_key(ScriptedModel([]), REQUEST)
    assert (cache_key(ScriptedModel([]), request) == plain) == same


async def test_who_asks_anew_shares_no_call_that_may_come_from_the_cache() -> None:
    model = with_cache()(ScriptedModel([[5.0, *text("old"), Finish("stop")], "new"]))
    answers: list[str] = []

    async def use() -> None:
        answers.append((await model.generate("Hi")).text)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(use)
        await anyio.sleep(1)
        assert (await model.generate("Hi", cache="refresh")).text == "new"
    assert answers == ["old"]


async def test_two_who_ask_anew_at_once_share_a_call() -> None:
    scripted = ScriptedModel([[5.0, *text("new"), Finish("stop")]])
    model = with_cache()(scripted)
    answers: list[str] = []

    async def refresh() -> None:
        answers.append((await model.generate("Hi", cache="refresh")).text)

    async with anyio.create_task_group() as tasks:
        for _ in range(2):
            tasks.start_soon(refresh)
    assert answers == ["new", "new"]
    assert len(scripted.requests) == 1


async def test_a_newcomer_does_not_see_what_is_void() -> None:
    script: list[StreamChunk | float] = [
        *text("void"), Restarted(SLOW_DOWN), *text("good "), 5.0, *text("end"), Finish("stop"),
    ]  # fmt: skip
    model = with_cache()(ScriptedModel([script]))
    seen: list[StreamChunk] = []

    async def late() -> None:
        await anyio.sleep(1)
        async with model.stream("Hi") as chunks:
            seen.extend([chunk async for chunk in chunks])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(late)
        async with model.stream("Hi") as chunks:
            assert (await chunks.message()).text == "good end"
    assert TextDelta("void") not in seen
    assert seen[-3:-1] == text("good ", "end")


async def test_no_account_is_kept_with_an_answer() -> None:
    class Accounting(Wrapper):
        async def respond(self, request: Request, fx: Effects) -> Finish:
            await fx.emit(text("a"))
            return Finish("stop", spent=Spent(Usage(1, 2, 3), 0.5, 2))

    store = MemoryStore()
    await with_cache(store)(Accounting(ScriptedModel([]))).generate("Hi")
    [(value, _)] = store._entries.values()
    assert b"0.5" not in value
