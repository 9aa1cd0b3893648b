"""Options in layers, wrappers, and the life of a model."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from beluga.effects import Effects
from beluga.errors import ModelTimeoutError
from beluga.model import ChatModel, Wrapper
from beluga.schema import (
    UNSET,
    Finish,
    GenerateOptions,
    ModelInfo,
    OptionLayer,
    Request,
    ToolSpec,
)
from beluga.testing import ScriptedModel
from tests.doubles import Endless, FunctionModel, text, words


async def asked(model: ChatModel, scripted: ScriptedModel, **options: Any) -> GenerateOptions:
    await model.generate("Hi", **options)
    return scripted.requests[-1].options


async def test_options_of_the_call_win_over_the_models_own() -> None:
    scripted = ScriptedModel([""] * 9, defaults=GenerateOptions(seed=1, top_k=1, temperature=0.1))
    model = scripted.with_options(top_k=2, temperature=0.2)
    options = await asked(model, scripted, temperature=0.3)
    assert (options.seed, options.top_k, options.temperature) == (1, 2, 0.3)
    assert (await asked(scripted, scripted)).top_k == 1


async def test_the_later_of_two_layers_wins() -> None:
    scripted = ScriptedModel([""] * 9)
    model = scripted.with_options(top_k=1, seed=1).with_options(top_k=2)
    options = await asked(model, scripted)
    assert (options.top_k, options.seed) == (2, 1)


async def test_unset_clears_at_every_layer() -> None:
    scripted = ScriptedModel([""] * 9, defaults=GenerateOptions(top_k=1, metadata={"a": "1"}))
    assert (await asked(scripted, scripted, top_k=UNSET)).top_k is None
    model = scripted.with_options(top_k=UNSET)
    assert (await asked(model, scripted)).top_k is None
    assert (await asked(model, scripted, top_k=5)).top_k == 5
    assert (await asked(model.with_options(top_k=3), scripted)).top_k == 3
    cleared = scripted.with_options(metadata=UNSET).with_options(metadata={"b": "2"})
    assert (await asked(cleared, scripted)).metadata == {"b": "2"}


async def test_none_says_nothing() -> None:
    scripted = ScriptedModel([""], defaults=GenerateOptions(top_k=1))
    assert (await asked(scripted, scripted, top_k=None)).top_k == 1


async def test_mappings_merge_by_key() -> None:
    scripted = ScriptedModel([""], defaults=GenerateOptions(extra={"a": 1, "b": 1}))
    options = await asked(scripted.with_options(extra={"b": 2}), scripted, extra={"c": 3})
    assert options.extra == {"a": 1, "b": 2, "c": 3}


async def test_bound_tools_replace_earlier_ones() -> None:
    scripted = ScriptedModel([""] * 9)
    model = scripted.bind_tools([ToolSpec("f")])
    assert (await asked(model, scripted)).tools == (ToolSpec("f"),)
    assert (await asked(model.bind_tools([ToolSpec("g")]), scripted)).tools == (ToolSpec("g"),)
    assert (await asked(model.bind_tools([]), scripted)).tools == ()
    assert (await asked(model, scripted, tools=[ToolSpec("h")])).tools == (ToolSpec("h"),)
    assert (await asked(scripted, scripted)).tools is None


async def test_layers_hold_for_streams_too() -> None:
    scripted = ScriptedModel(["a"])
    async with scripted.with_options(top_k=2).stream("Hi", seed=3) as chunks:
        await chunks.message()
    options = scripted.requests[0].options
    assert (options.top_k, options.seed) == (2, 3)


async def test_a_timeout_of_the_model_holds_at_the_edge() -> None:
    with pytest.raises(ModelTimeoutError):
        await FunctionModel(Endless()).with_options(timeout=2).generate("Hi")
    assert anyio.current_time() == pytest.approx(4)


async def test_a_wrapper_sees_options_that_are_bound_below_it() -> None:
    """What stands round a model sees the request as the model will get it."""
    seen: list[GenerateOptions] = []

    class Watching(Wrapper):
        async def respond(self, request: Request, fx: Effects) -> Finish:
            seen.append(request.options)
            return await super().respond(request, fx)

    scripted = ScriptedModel([""], defaults=GenerateOptions(seed=1))
    await Watching(scripted.with_options(top_k=2)).generate("Hi", max_tokens=3)
    assert seen == [GenerateOptions(seed=1, top_k=2, max_tokens=3)]


class Closing(ScriptedModel):
    closed = 0

    async def aclose(self) -> None:
        self.closed += 1


async def test_a_wrapper_passes_everything_on() -> None:
    info = ModelInfo(model="m", provider="p", context_window=9)
    inner = Closing(["a"], model_id="m", info=info, defaults=GenerateOptions(seed=1))
    for model in (Wrapper(inner), inner.with_options(top_k=1), inner.bind_tools([])):
        assert model.model_id == "m"
        assert model.info == info
        assert model.defaults.options.seed == 1
        assert "ScriptedModel('m', 1 replies)" in repr(model)
    assert (await Wrapper(inner).generate("Hi")).text == "a"


async def test_a_derived_model_closes_what_it_wraps() -> None:
    inner = Closing([])
    async with inner.with_options(top_k=1).bind_tools([]) as model:
        assert isinstance(model, Wrapper)
    assert inner.closed == 1


async def test_a_model_needs_no_state_and_no_constructor() -> None:
    class Least(ChatModel):
        @property
        def model_id(self) -> str:
            return "least"

        async def respond(self, request: Request, fx: Effects) -> Finish:
            await fx.emit(text("Hi"))
            return Finish("stop")

    async with Least() as model:
        assert (await model.generate("Hi")).text == "Hi"
        assert model.info == ModelInfo()
        assert model.defaults == OptionLayer()
    await model.aclose()


def test_a_model_without_respond_is_none() -> None:
    class Nothing(ChatModel):
        pass

    kind: Any = Nothing
    with pytest.raises(TypeError, match="abstract"):
        kind()


async def test_one_model_answers_many_calls_at_once() -> None:
    answers: list[str] = []

    async def one() -> None:
        async with model.stream("Hi") as chunks:
            answers.append((await chunks.message()).text)

    model = FunctionModel(words("a", "b"))
    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(one)
    assert answers == ["ab"] * 20
