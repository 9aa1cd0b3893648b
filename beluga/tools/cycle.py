"""One run of a loop: the model is asked, its calls are run, and it is asked again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from beluga.effects import Effects
from beluga.errors import ToolFailedError
from beluga.ledger import Ledger
from beluga.schema import (
    AIMessage,
    Failure,
    Message,
    NamedTool,
    Options,
    ProviderTool,
    Spent,
    ToolCall,
    ToolChoice,
    ToolMessage,
    ToolSpec,
    Unset,
    Usage,
)
from beluga.tools.batch import Batch, Watch
from beluga.tools.calls import CallRunner
from beluga.tools.loop_items import (
    CallEnded,
    CallStarted,
    LoopItem,
    StepEnded,
    StepStarted,
    ToolRun,
)

__all__ = ["Ask", "Cycle", "OnTurn", "Plan"]

Ask: TypeAlias = Callable[[Sequence[Message], Options, Effects], Awaitable[AIMessage]]
"""Has the model answer."""

OnTurn: TypeAlias = Callable[[Sequence[Message]], object]
"""Is given each turn when it is whole: an answer, and the results of its calls."""

Show: TypeAlias = Callable[[LoopItem], Awaitable[None]]

_NOT_RUN: Final = {
    "content_filter": "the tool was not run: the answer was stopped by a content filter",
    "error": "the tool was not run: the answer ended with an error",
}
_OUT_OF_STEPS: Final = "the tool was not run: the model has been asked as often as it may be"
_BROKEN_OFF: Final = "the run ended before this call did; it may have taken effect all the same"


class Plan(msgspec.Struct, frozen=True):
    """What all runs of a loop have in common."""

    runner: CallRunner
    tools: tuple[ToolSpec | ProviderTool, ...]
    max_steps: int
    on_max_steps: Literal["raise", "return"]


class Cycle:
    """One run, and how far it has come.

    Args:
        plan: The loop's settings.
        prompt: The conversation so far.
        options: Those of every request.
        choice: Which tools the first request must call, if any.
        on_turn: Is given each whole turn.
    """

    def __init__(
        self,
        plan: Plan,
        prompt: Sequence[Message],
        options: Options,
        choice: ToolChoice | Unset | None,
        on_turn: OnTurn | None,
    ) -> None:
        self._plan, self._options, self._choice = plan, options, choice
        self._on_turn = on_turn
        self._messages = list(prompt)
        self._steps = 0
        self._usage, self._spent = Usage(), Spent()
        self._ledger: Ledger | None = None
        self._ended: Literal["answer", "max_steps"] | None = None
        self.heard: Callable[[], AIMessage] = _nothing

    def so_far(self) -> ToolRun:
        """Return what the run has come to."""
        open_step = Spent() if self._ledger is None else self._ledger.spent
        return ToolRun(
            message=self.heard(),
            messages=tuple(self._messages),
            steps=self._steps,
            usage=self._usage,
            spent=self._spent + open_step,
            ended=self._ended,
        )

    async def run(self, ask: Ask, fx: Effects, show: Show | None = None) -> ToolRun:
        """Take steps until the model answers without a call, or may not be asked again.

        Raises:
            ModelError: The model did not answer.
            ToolFailedError: It still calls tools in its last step.
        """
        while self._ended is None:
            self._steps += 1
            if show is not None:
                await show(StepStarted(self._steps))
            answer = await self._asked(ask, fx)
            known = len(self._messages)
            await self._answered(answer, fx, None if show is None else _watching(show))
            if show is not None:
                await show(StepEnded(self._steps, tuple(self._messages[known:])))
        if self._ended == "max_steps" and self._plan.on_max_steps == "raise":
            raise self._too_many_steps()
        return self.so_far()

    async def _asked(self, ask: Ask, fx: Effects) -> AIMessage:
        ledger = self._ledger = Ledger()
        options = Options(**{**self._options, "tools": self._plan.tools})
        answer = await ask(tuple(self._messages), options, fx.observed_by(ledger.observe))
        self.heard = lambda: answer
        self._usage += answer.usage
        self._spent += answer.spent
        self._ledger = None
        return answer

    async def _answered(self, answer: AIMessage, fx: Effects, watch: Watch | None) -> None:
        """Run the calls of *answer*, and add both to the conversation, whatever happens."""
        last = self._steps >= self._plan.max_steps
        calls = answer.tool_calls
        going_on = bool(calls) or answer.finish_reason == "pause"
        batch = Batch(self._plan.runner, calls)
        why_not = _NOT_RUN.get(answer.finish_reason or "", _OUT_OF_STEPS if last else None)
        try:
            if why_not is None:
                await batch.run(fx, watch)
        finally:
            results = batch.answers(why_not or _BROKEN_OFF)
            self._keep((answer, *results))
        if calls and _is_forced(self._choice):
            self._options["tool_choice"] = "auto"  # or the model would have to call for ever
        if answer.finish_reason in _NOT_RUN or not going_on:
            self._ended = "answer"
        elif last:
            self._ended = "max_steps"

    def _keep(self, turn: Sequence[Message]) -> None:
        self._messages += turn
        if self._on_turn is not None:
            self._on_turn(turn)

    def _too_many_steps(self) -> ToolFailedError:
        message = (
            f"after {self._plan.max_steps} steps the model has not come to an end; raise "
            "max_steps, or go on from the messages (on_turn, stream) or with on_max_steps='return'"
        )
        error = ToolFailedError(Failure("tool_failed", message, local=True))
        error.partial = self.heard()
        return error


def _is_forced(choice: ToolChoice | Unset | None) -> bool:
    return choice == "required" or isinstance(choice, NamedTool)


def _watching(show: Show) -> Watch:
    async def watch(call: ToolCall, answer: ToolMessage | None) -> None:
        await show(CallStarted(call) if answer is None else CallEnded(call, answer))

    return watch


def _nothing() -> AIMessage:
    return AIMessage("", interrupted=True)
