"""What the strategies draw is what they say: nothing that a provider would refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from beluga.schema import (
    AIMessage,
    ErrorCode,
    Finish,
    FinishReason,
    GenerateOptions,
    HumanMessage,
    Message,
    Part,
    Request,
    Restarted,
    StreamChunk,
    SystemMessage,
    ToolMessage,
    fold,
)
from beluga.testing import strategies
from beluga.testing.faults import Delay, Fault, SlowDrip, Status


@given(strategies.tool_histories())
def test_every_call_is_answered_by_the_messages_right_after_it(
    history: tuple[Message, ...],
) -> None:
    waiting: set[str] = set()
    for message in history:
        if isinstance(message, ToolMessage):
            waiting.remove(message.tool_call_id)
        else:
            assert waiting == set()
        if isinstance(message, AIMessage):
            waiting = {call.id for call in message.tool_calls}
            assert len(waiting) == len(message.tool_calls)
    assert waiting == set()


@given(strategies.tool_histories(max_turns=3))
def test_a_history_opens_with_a_person_and_is_to_be_answered(history: tuple[Message, ...]) -> None:
    after_the_system = [m for m in history if not isinstance(m, SystemMessage)]
    assert isinstance(after_the_system[0], HumanMessage)
    assert isinstance(history[-1], HumanMessage | ToolMessage)
    assert all(not isinstance(m, SystemMessage) for m in history[1:])
    assert 1 <= sum(isinstance(m, HumanMessage) for m in history) <= 3
    ids = [call.id for m in history if isinstance(m, AIMessage) for call in m.tool_calls]
    assert len(ids) == len(set(ids))


@given(strategies.requests())
def test_requests_do_not_contradict_themselves(request: Request) -> None:
    assert request.contradiction() is None


@given(strategies.chunk_streams())
def test_a_stream_ends_with_its_only_finish(chunks: list[StreamChunk]) -> None:
    assert [isinstance(chunk, Finish) for chunk in chunks].index(True) == len(chunks) - 1
    assert not any(isinstance(chunk, Restarted) for chunk in chunks)
    assert fold(chunks).finish_reason is not None


@given(st.data(), strategies.chunk_streams(restarts=True))
def test_partitions_join_to_what_was_cut(data: st.DataObject, chunks: list[StreamChunk]) -> None:
    batches = data.draw(strategies.partitions(chunks))
    assert [chunk for batch in batches for chunk in batch] == chunks


@given(strategies.fault_schedules(max_calls=3, max_seconds=0.5))
def test_schedules_keep_their_bounds(schedule: list[Fault | None]) -> None:
    assert len(schedule) <= 3
    for fault in schedule:
        if isinstance(fault, Delay | SlowDrip):
            assert fault.seconds <= 0.5
        if isinstance(fault, Status):
            assert (fault.retry_after or 0) <= 0.5


@given(strategies.ai_messages(finished=True), strategies.ai_messages(finished=False))
def test_answers_are_finished_or_not_as_asked(done: AIMessage, open_: AIMessage) -> None:
    assert done.finish_reason is not None
    assert open_.finish_reason is None


def drawn(strategy: SearchStrategy[object], condition: Callable[[object], bool]) -> bool:
    """Whether *strategy* draws what meets *condition*, soon and by itself."""
    quick = settings(
        max_examples=3000,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    find(strategy, condition, settings=quick)  # raises if there is none
    return True


@pytest.mark.parametrize("kind", get_args(Part))
def test_every_kind_of_part_is_drawn(kind: type) -> None:
    assert drawn(strategies.answer_parts(), lambda part: isinstance(part, kind))


@pytest.mark.parametrize("kind", get_args(Fault))
def test_every_kind_of_fault_is_drawn(kind: type) -> None:
    assert drawn(strategies.faults(), lambda fault: isinstance(fault, kind))


@pytest.mark.parametrize("code", get_args(ErrorCode))
def test_every_code_of_failure_is_drawn(code: str) -> None:
    assert drawn(strategies.failures(0), lambda failure: getattr(failure, "code", "") == code)


@pytest.mark.parametrize("reason", get_args(FinishReason))
def test_every_reason_to_finish_is_drawn(reason: str) -> None:
    assert drawn(strategies.ai_messages(), lambda m: getattr(m, "finish_reason", "") == reason)


@pytest.mark.parametrize("name", GenerateOptions.__struct_fields__)
def test_every_option_is_drawn(name: str) -> None:
    assert drawn(strategies.options(), lambda options: getattr(options, name) is not None)


def test_cut_calls_restarts_and_several_calls_are_drawn() -> None:
    assert drawn(strategies.ai_messages(), lambda m: bool(getattr(m, "cut_calls", ())))
    assert drawn(strategies.ai_messages(), lambda m: len(getattr(m, "tool_calls", ())) > 1)
    restarted = strategies.chunk_streams(restarts=True)
    assert drawn(restarted, lambda s: any(isinstance(c, Restarted) for c in _items(s)))
    parallel = strategies.tool_histories()
    assert drawn(parallel, lambda h: any(len(getattr(m, "tool_calls", ())) > 1 for m in _items(h)))


def _items(value: object) -> list[object]:
    assert isinstance(value, list | tuple)
    return list(value)
