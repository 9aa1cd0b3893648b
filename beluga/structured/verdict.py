"""Whether an answer holds the value that was asked for, and what to say to the model if not."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Final, Generic, TypeAlias, TypeVar

import msgspec

from beluga.schema import (
    AIMessage,
    ErrorCode,
    Failure,
    FinishReason,
    HumanMessage,
    Message,
    RefusalPart,
    ToolCall,
    ToolMessage,
)
from beluga.schemas.faults import quoted
from beluga.structured.parsing import Parsed, Unparsed
from beluga.structured.repairs import Repair
from beluga.structured.wanted import Wanted
from beluga.tokens.offloading import whole

__all__ = ["Accepted", "Refused", "Verdict", "judged"]

T = TypeVar("T")

LARGE: Final = 50_000
"""Characters; a longer text is read in a worker thread."""

FAULTS_IN_A_FAILURE: Final = 3

_CUT: Final[dict[FinishReason, str]] = {
    "length": "it was cut off where its tokens ended; give more with the option max_tokens",
    "pause": "the provider has paused in the midst of it",
    "error": "the provider has failed in the midst of it",
}


_WRONG: Final = "Your response was not valid:"
_AGAIN: Final = "Please respond with valid JSON matching the schema, and with all of it."


class Accepted(msgspec.Struct, Generic[T], frozen=True):
    """The answer holds the value.

    Attributes:
        value: The value.
        json: The text that it was decoded from.
        repairs: What had to be mended for that.
    """

    value: T
    json: str
    repairs: tuple[Repair, ...]


class Refused(msgspec.Struct, frozen=True):
    """The answer does not hold the value.

    Attributes:
        failure: Why.
        mendable: Whether the model could mend it.
        faults: What to tell it, a line each.
    """

    failure: Failure
    mendable: bool
    faults: Sequence[str] = ()

    def correction(self, message: AIMessage, tool: str | None) -> tuple[Message, ...]:
        """Return what to go on with: the answer, and what is wrong with it.

        Args:
            message: The answer.
            tool: The name of the tool that takes the value, if there is one.
        """
        listed = "\n".join([f"- {fault}" for fault in self.faults])
        told = f"{_WRONG}\n{listed}\n{_AGAIN}"
        if tool is not None and message.tool_calls:
            answered = any(call.name == tool for call in message.tool_calls)
            named = tool if answered else None
            return (message, *[_result(call, named, told) for call in message.tool_calls])
        said = (message,) if message.content else ()
        return (*said, HumanMessage(told))


Verdict: TypeAlias = Accepted[T] | Refused


async def judged(
    wanted: Wanted[T],
    message: AIMessage,
    tool: str | None,
    others: AbstractSet[str],
    dialects: Collection[str],
) -> Verdict[T]:
    """Read an answer.

    Args:
        wanted: What was asked for.
        message: The answer.
        tool: The name of the tool that takes the value, if there is one.
        others: The names of the caller's tools.
        dialects: The names of the codecs that the schema may have been put through.
    """
    if message.finish_reason == "content_filter" or _refusals(message):
        return Refused(_failure(message, "content_filter", _refusal(message)), mendable=False)
    calls = [call for call in message.tool_calls if call.name == tool]
    if not calls and message.tool_calls and message.finish_reason != "length":
        return _without_value(wanted, message, tool, others)
    text = calls[0].arguments if calls else message.text
    if len(text) > LARGE:
        verdict = await whole(partial(_read, wanted, message, text, dialects), len(text))
    else:
        verdict = _read(wanted, message, text, dialects)
    if isinstance(verdict, Accepted) and len(message.tool_calls) > 1:
        ignored = Repair("other_calls", len(message.tool_calls) - 1)
        return Accepted(verdict.value, verdict.json, (*verdict.repairs, ignored))
    return verdict


def _read(
    wanted: Wanted[T], message: AIMessage, text: str, dialects: Collection[str]
) -> Verdict[T]:
    cut = None if message.finish_reason is None else _CUT.get(message.finish_reason)
    read: Parsed[T] | Unparsed = wanted.read(text, dialects, strictly=cut is not None)
    if isinstance(read, Parsed):
        # A number that was cut off is another number; all else shows where it ends.
        if cut is None or text.lstrip()[:1] in {"{", "[", '"'}:
            return Accepted(read.value, read.json, read.repairs)
        read = Unparsed("it may go on")
    if cut is not None:
        return Refused(_invalid(wanted, message, cut), mendable=False)
    faults = wanted.faults(read, dialects)
    shown = "; ".join(faults[:FAULTS_IN_A_FAILURE])
    return Refused(_invalid(wanted, message, shown), mendable=True, faults=faults)


def _result(call: ToolCall, tool: str | None, told: str) -> ToolMessage:
    content = told if tool in {None, call.name} else f"It was not run; call {tool}."
    return ToolMessage(content, call.id, name=call.name, is_error=True)


def _refusals(message: AIMessage) -> list[str]:
    return [part.text for part in message.parts if isinstance(part, RefusalPart)]


def _refusal(message: AIMessage) -> str:
    said = " ".join(_refusals(message)) or message.raw_finish_reason or "no reason given"
    return f"the model has refused to answer: {said:.500}"


def _without_value(
    wanted: Wanted[T], message: AIMessage, tool: str | None, others: AbstractSet[str]
) -> Refused:
    """Say that other tools were called; one that nobody gave can only be a slip of the model's."""
    called = [call.name for call in message.tool_calls]
    names = ", ".join(map(quoted, called[:FAULTS_IN_A_FAILURE]))
    if tool is not None and others.isdisjoint(called):
        fault = f"there is no tool named {names}; call {tool}"
        return Refused(_invalid(wanted, message, fault), mendable=True, faults=[fault])
    advice = "" if tool is not None else ", or pass tool_choice='none'"
    why = f"the model has called {names} instead of answering; run the tools and ask again{advice}"
    return Refused(_invalid(wanted, message, why), mendable=False)


def _invalid(wanted: Wanted[T], message: AIMessage, why: str) -> Failure:
    return _failure(message, "output_invalid", f"the answer is no {wanted.name}: {why}")


def _failure(message: AIMessage, code: ErrorCode, text: str) -> Failure:
    return Failure(code, text, provider=message.provider, model=message.model)
