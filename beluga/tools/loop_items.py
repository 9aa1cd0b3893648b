"""What a loop of answers and tools shows while it runs, and what it comes to."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from beluga.schema import AIMessage, Message, Spent, StreamChunk, ToolCall, ToolMessage, Usage

__all__ = ["CallEnded", "CallStarted", "LoopItem", "StepEnded", "StepStarted", "ToolRun"]


class StepStarted(msgspec.Struct, frozen=True, tag="step_started"):
    """The model is asked; the chunks that follow are this answer's. The first step is 1."""

    step: int


class CallStarted(msgspec.Struct, frozen=True, tag="call_started"):
    """A tool is run for this call."""

    call: ToolCall


class CallEnded(msgspec.Struct, frozen=True, tag="call_ended"):
    """A call has been answered; one that was refused has not started before."""

    call: ToolCall
    answer: ToolMessage


class StepEnded(msgspec.Struct, frozen=True, tag="step_ended"):
    """A step is over.

    Attributes:
        step: Which one.
        messages: What it adds to the conversation: the answer, and a result for each of its calls.
    """

    step: int
    messages: tuple[Message, ...]


LoopItem: TypeAlias = StepStarted | StreamChunk | CallStarted | CallEnded | StepEnded
"""What a stream of a loop gives: the model's own chunks, and what happens between them."""


class ToolRun(msgspec.Struct, frozen=True, kw_only=True):
    """What a loop has come to.

    Attributes:
        message: The model's last answer; `interrupted` if it had not ended.
        messages: The whole conversation to go on with, in whole turns: every call in it has its
            result, and an answer that was interrupted is not in it.
        steps: How often the model was asked.
        usage: The tokens of the answers that stand.
        spent: Everything that all steps took, failed and abandoned attempts included.
        ended: Why there are no more steps: the model has given an `"answer"` without calls, or the
            bound `"max_steps"` was reached; `None` while it runs or if it broke off.
    """

    message: AIMessage
    messages: tuple[Message, ...]
    steps: int
    usage: Usage = Usage()
    spent: Spent = Spent()
    ended: Literal["answer", "max_steps"] | None = None

    @property
    def text(self) -> str:
        """The text of the last answer."""
        return self.message.text
