"""What a model emits and may not is named as at the edge, whatever stands between the two."""

from __future__ import annotations

from typing import Any

import pytest

from beluga.effects import Effects
from beluga.middleware.cache import Cached
from beluga.schema import AIMessage, Finish, Request, TextDelta
from beluga.testing import ScriptedModel
from tests.doubles import FunctionModel, text
from tests.middleware.stacks import KINDS, Stack
from tests.middleware.stage import ask


@pytest.mark.parametrize("streaming", [False, True], ids=["call", "stream"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(
    "given", [[None], [AIMessage("b")], "b", TextDelta("b"), [TextDelta("b"), Finish("stop")]]
)
async def test_a_wrong_emission_is_a_bug_that_is_named(
    kind: str, given: Any, late: bool, streaming: bool
) -> None:
    async def answer(request: Request, fx: Effects) -> Finish:
        if late:
            await fx.emit(text("a"))
        await fx.emit(given)
        return Finish("stop")

    stack = Stack([kind], FunctionModel(answer), ScriptedModel(["other"]))
    with pytest.raises(TypeError, match=r"emit|iterable"):
        await ask(stack.model, streaming=streaming)
    if isinstance(stack.model, Cached):
        async with stack.cache:
            with pytest.raises(TypeError, match=r"emit|iterable"):
                await ask(stack.model, streaming=streaming)
    await stack.check_nothing_is_left()
