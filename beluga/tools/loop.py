"""The usual cycle: ask a model, run the tools it calls, and ask again until it answers."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Literal, Unpack, final, get_args

from beluga.effects import Effects, live
from beluga.errors import invalid_input
from beluga.model import ChatModel
from beluga.schema import AIMessage, Message, Options, Prompt, ProviderTool, Tool
from beluga.schema.request import messages_of
from beluga.tools.bounds import check_count
from beluga.tools.calls import Approve, CallRunner, OnException, listed
from beluga.tools.cycle import Cycle, OnTurn, Plan
from beluga.tools.loop_items import LoopItem, ToolRun
from beluga.tools.loop_stream import OpenToolStream, ToolStream

__all__ = ["ToolLoop"]

OnMaxSteps = Literal["raise", "return"]

_LIVE = live()


@final
class ToolLoop:
    """Ask a model, run the tools that it calls, give it the results, and ask again.

    A run ends with the first answer that calls nothing. An answer that its provider has paused is
    gone on with. If the first request must call a tool (`tool_choice` is `"required"` or names
    one), those after a call need not. Calls of an answer that a content filter stopped, and calls
    that were cut off, are not run.

    ```python
    loop = ToolLoop(model, [get_weather])
    run = await loop.generate("What is the weather in Tadoussac?")
    print(run.text, run.usage)
    ```

    Args:
        model: Who answers; any model, with whatever middleware.
        tools: What it may call. A provider's own tools are run by their provider.
        max_steps: How often the model is asked at most. Calls of the last answer are not run.
        on_max_steps: What happens if that answer has calls: a `ToolFailedError`, whose `partial` is
            that answer, or a run whose `ended` is `"max_steps"`.
        max_concurrent: How many calls of an answer run at once; by default all of them.
        timeout: Seconds that each call may take, unless its tool has a bound of its own. The option
            `timeout` of a request bounds each answer.
        max_result: Characters of text in a result; what is longer is cut, and says so.
        on_exception: What becomes of a tool's exceptions; see `run_tools`.
        approve: Asked before a call is run; see `run_tools`.

    Raises:
        InvalidInputError: Two tools have one name, or a bound is none.
    """

    def __init__(
        self,
        model: ChatModel,
        tools: Sequence[Tool | ProviderTool],
        *,
        max_steps: int = 10,
        on_max_steps: OnMaxSteps = "raise",
        max_concurrent: int | None = None,
        timeout: float | None = None,
        max_result: int | None = None,
        on_exception: OnException = "type",
        approve: Approve | None = None,
    ) -> None:
        check_count("max_steps", max_steps, may_be_none=False)
        if on_max_steps not in get_args(OnMaxSteps):
            raise invalid_input(f"on_max_steps is 'raise' or 'return'; got {on_max_steps!r}")
        given = listed(tools)
        runner = CallRunner(
            [tool for tool in given if not isinstance(tool, ProviderTool)],
            max_concurrent=max_concurrent,
            timeout=timeout,
            max_result=max_result,
            on_exception=on_exception,
            approve=approve,
        )
        told = [tool if isinstance(tool, ProviderTool) else tool.spec for tool in given]
        self._model = model
        self._plan = Plan(runner, tuple(told), max_steps, on_max_steps)

    async def generate(
        self,
        messages: Prompt,
        /,
        *,
        on_turn: OnTurn | None = None,
        fx: Effects | None = None,
        **options: Unpack[Options],
    ) -> ToolRun:
        """Run the loop and return what it has come to.

        Args:
            messages: A text, a message, or a conversation.
            on_turn: A plain function that is given each turn as soon as it is whole, an answer and
                the results of its calls: nothing that was done is lost if a later step fails or is
                cancelled.
            fx: What the calls may do to the world; its `emit` is not used.
            **options: Those of every request, but for `tools`; see `Options`.

        Raises:
            ModelError: The model did not answer, or still calls tools after the last step.
        """
        cycle = self._cycle(messages, options, on_turn)

        async def ask(messages: Sequence[Message], options: Options, fx: Effects) -> AIMessage:
            return await self._model.generate(messages, fx=fx, **options)

        return await cycle.run(ask, _LIVE if fx is None else fx)

    def stream(
        self,
        messages: Prompt,
        /,
        *,
        on_turn: OnTurn | None = None,
        fx: Effects | None = None,
        **options: Unpack[Options],
    ) -> AbstractAsyncContextManager[ToolStream, None]:
        """Run the loop and watch it, inside an `async with` block.

        Nothing is sent before the block is entered; leaving it ends the answer and the tools that
        run. Every failure is raised where it is iterated; `partial` of the stream is then what was
        done until then. What is shown is buffered, so a tool may be at work before its
        `CallStarted` is read; `approve` is what holds calls back.

        Args:
            messages: A text, a message, or a conversation.
            on_turn: A plain function that is given each turn as soon as it is whole.
            fx: What the calls may do to the world; its `emit` is not used.
            **options: Those of every request, but for `tools`; see `Options`.

        Raises:
            InvalidInputError: The messages or an option are wrong.
        """
        cycle = self._cycle(messages, options, on_turn)

        async def produce(show: Callable[[LoopItem], Awaitable[None]]) -> None:
            async def ask(messages: Sequence[Message], options: Options, fx: Effects) -> AIMessage:
                async with self._model.stream(messages, fx=fx, **options) as chunks:
                    cycle.heard = lambda: chunks.partial
                    async for chunk in chunks:
                        await show(chunk)
                return chunks.partial

            await cycle.run(ask, _LIVE if fx is None else fx, show)

        return OpenToolStream(cycle, produce)

    def _cycle(self, prompt: Prompt, options: Options, on_turn: OnTurn | None) -> Cycle:
        if inspect.iscoroutinefunction(on_turn):
            raise invalid_input(
                "on_turn is a plain function, since it also runs after a cancellation"
            )
        if "tools" in options:
            raise invalid_input("a loop's tools are those it was made with; leave out tools=…")
        try:
            messages = messages_of(prompt)
        except ValueError as error:
            raise invalid_input(str(error)) from None
        choice = options.get("tool_choice") or self._model.defaults.options.tool_choice
        return Cycle(self._plan, messages, options, choice, on_turn)

    def __repr__(self) -> str:
        names = ", ".join(self._plan.runner.names)
        return f"ToolLoop({self._model!r}, [{names}])"
