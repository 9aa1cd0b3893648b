"""A blocking model's own copies: with tools, with options, on the same loop."""

from __future__ import annotations

import anyio.lowlevel
import pytest

import beluga
from beluga.effects import Effects
from beluga.errors import StreamUsageError
from beluga.schema import Finish, Request, ToolSpec
from beluga.testing import ScriptedModel
from tests.doubles import FunctionModel


def test_bound_tools_and_options_are_sent_and_the_verbs_stay_blocking() -> None:
    scripted = ScriptedModel(["a", "b"])
    with beluga.blocking(scripted) as model:
        bound = model.bind_tools([ToolSpec("t")]).with_options(temperature=0.5)
        assert bound.generate("Hi").text == "a"
        with bound.stream("Hi") as chunks:
            assert chunks.message().text == "b"
    for request in scripted.requests:
        assert request.options.tools == (ToolSpec("t"),)
        assert request.options.temperature == 0.5


def test_a_copy_shares_its_models_loop_and_its_end() -> None:
    loops: set[object] = set()

    async def answer(request: Request, fx: Effects) -> Finish:
        loops.add(anyio.lowlevel.current_token())
        return Finish("stop")

    with beluga.blocking(FunctionModel(answer)) as model:
        bound = model.with_options(seed=7)
        model.generate("Hi")
        bound.generate("Hi")
        assert len(loops) == 1
        with pytest.raises(StreamUsageError, match="in use"):
            bound.__enter__()
    with pytest.raises(StreamUsageError):
        bound.generate("Hi")


def test_a_copy_can_be_made_before_the_block() -> None:
    with beluga.blocking(ScriptedModel(["a"])).with_options(seed=7) as model:
        assert model.generate("Hi").text == "a"


def test_a_stream_that_outlives_its_model_is_told_so() -> None:
    with beluga.blocking(ScriptedModel(["a b"])) as model, model.stream("Hi") as chunks:
        next(chunks.text())
    for use in (chunks.message, lambda: next(iter(chunks)), lambda: next(chunks.text())):
        with pytest.raises(StreamUsageError):
            use()
    assert chunks.partial.text == "a "
