"""Messages, and conversations that a provider would accept."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, get_args

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from beluga.schema import (
    AIMessage,
    FinishReason,
    HumanMessage,
    Message,
    Part,
    SystemMessage,
    ToolCall,
    ToolMessage,
)
from beluga.testing.strategies.content import (
    answer_parts,
    json_texts,
    parts,
    text_parts,
    texts,
)
from beluga.testing.strategies.values import json_objects, names, spents, usages

__all__ = [
    "ai_messages",
    "human_messages",
    "messages",
    "system_messages",
    "tool_histories",
    "tool_messages",
]

_REASONS: list[FinishReason] = list(get_args(FinishReason))
_LABELS = st.none() | st.text(max_size=12)


@cache
def messages() -> SearchStrategy[Message]:
    """Draw single messages of every role."""
    return st.one_of(system_messages(), human_messages(), ai_messages(), tool_messages())


@cache
def system_messages() -> SearchStrategy[SystemMessage]:
    """Draw instructions."""
    return st.builds(SystemMessage, _content(text_parts()))


@cache
def human_messages() -> SearchStrategy[HumanMessage]:
    """Draw what a person says and shows."""
    return st.builds(HumanMessage, _content(parts()))


@cache
def tool_messages() -> SearchStrategy[ToolMessage]:
    """Draw results of calls, good and bad; they stand alone, see `tool_histories`."""
    return st.builds(
        ToolMessage, _content(parts()), names(), name=st.none() | names(), is_error=st.booleans()
    )


@st.composite
def ai_messages(draw: DrawFn, *, finished: bool | None = None) -> AIMessage:
    """Draw answers that a model can give, so that `fold(unfold(m)) == m`.

    What only an ending can tell stands on finished answers alone, and cut calls on those that ended
    for their length, or not at all.

    Args:
        draw: Given by hypothesis.
        finished: Whether they have ended; `None` draws both.
    """
    content = draw(_content(answer_parts()))
    if finished is None:
        finished = draw(st.booleans())
    reason = draw(st.sampled_from(_REASONS)) if finished else None
    cut: Sequence[ToolCall] = ()
    if reason in {"length", None}:
        cut = draw(st.lists(_cut_calls(), max_size=2))
    ending: dict[str, Any] = {}
    if finished:
        ending = draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "usage": usages(),
                    "spent": spents(),
                    "raw_finish_reason": _LABELS,
                    "model": _LABELS,
                    "provider": _LABELS,
                    "response_id": _LABELS,
                    "metadata": json_objects(),
                },
            )
        )
    return AIMessage(content, finish_reason=reason, cut_calls=tuple(cut), **ending)


@st.composite
def tool_histories(draw: DrawFn, *, max_turns: int = 4) -> tuple[Message, ...]:
    """Draw conversations in atomic turns: every call of an answer has its result right after it.

    The last message is a person's, or a tool's result. Ids of calls do not repeat.

    Args:
        draw: Given by hypothesis.
        max_turns: The most turns of a person.
    """
    history: list[Message] = draw(st.lists(system_messages(), max_size=1))
    ids = (f"call_{number}" for number in range(10**6))
    turns = draw(st.integers(1, max_turns))
    for turn in range(turns):
        history.append(draw(human_messages()))
        for _ in range(draw(st.integers(0, 2))):
            tools = draw(st.lists(names(), min_size=1, max_size=3))
            calls = [ToolCall(next(ids), tool, draw(json_texts())) for tool in tools]
            said = draw(st.lists(text_parts(), max_size=1))
            history.append(AIMessage((*said, *calls), finish_reason="tool_calls"))
            history.extend([_result(draw, call) for call in draw(st.permutations(calls))])
        if turn < turns - 1:
            history.append(AIMessage(draw(texts()), finish_reason="stop"))
    return tuple(history)


def _result(draw: DrawFn, call: ToolCall) -> ToolMessage:
    return ToolMessage(draw(texts()), call.id, name=call.name, is_error=draw(st.booleans()))


def _content(kind: SearchStrategy[Part]) -> SearchStrategy[str | tuple[Part, ...]]:
    return texts() | st.lists(kind, max_size=4).map(tuple)


@cache
def _cut_calls() -> SearchStrategy[ToolCall]:
    """Calls that broke off; they had a name by then, and what seals a call comes at its end."""
    return st.builds(
        lambda ident, name, text, kept: ToolCall(ident, name, text[:kept]),
        names() | st.just(""),
        names(),
        json_texts(),
        st.integers(0, 30),
    )
