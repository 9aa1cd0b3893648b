"""The algebra of chunks: what every consumer of a stream relies on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beluga.schema import (
    AIMessage,
    Failure,
    Finish,
    Folder,
    PartDone,
    ReasoningDelta,
    ReasoningPart,
    RefusalPart,
    Restarted,
    StreamChunk,
    TextDelta,
    TextPart,
    ToolCall,
    ToolCallDelta,
    Usage,
    fold,
    unfold,
)
from beluga.testing import strategies

CUT = Restarted(Failure("incomplete_stream", "cut"))
CALL = ToolCall("c1", "weather", '{"city": "Oslo"}')


def fragments(call: ToolCall, index: int = 0) -> list[StreamChunk]:
    half = len(call.arguments) // 2
    return [
        ToolCallDelta(index, call.id, call.name, call.arguments[:half]),
        ToolCallDelta(index, arguments=call.arguments[half:]),
    ]


@given(strategies.ai_messages())
def test_folding_undoes_unfolding(message: AIMessage) -> None:
    assert fold(unfold(message)) == message


@given(st.data(), strategies.ai_messages())
def test_however_a_message_is_streamed_it_folds_to_itself(
    data: st.DataObject, message: AIMessage
) -> None:
    assert fold(data.draw(strategies.chunks_of(message))) == message


@given(
    st.lists(strategies.emissions(), max_size=5),
    strategies.failures(),
    strategies.chunk_streams(restarts=True),
)
def test_a_restart_voids_what_came_before(
    before: list[StreamChunk], failure: Failure, after: list[StreamChunk]
) -> None:
    assert fold([*before, Restarted(failure), *after]) == fold(after)


@given(st.data(), st.lists(strategies.emissions(), max_size=8))
def test_folding_step_by_step_is_folding_at_once(
    data: st.DataObject, chunks: list[StreamChunk]
) -> None:
    folder = Folder()
    for batch in data.draw(strategies.partitions(chunks)):
        folder.feed(batch)
        folder.message()  # to look at it changes nothing
    assert folder.message() == fold(chunks)


@given(st.lists(strategies.emissions(), max_size=8))
def test_any_chunks_fold_to_a_message_that_folds_to_itself(chunks: list[StreamChunk]) -> None:
    message = fold(chunks)
    assert message.finish_reason is None
    assert fold(unfold(message)) == message


@given(strategies.ai_messages())
def test_a_message_unfolds_to_one_finish_at_its_end_or_none(message: AIMessage) -> None:
    finishes = [isinstance(chunk, Finish) for chunk in unfold(message)]
    assert sum(finishes[:-1]) == 0
    assert any(finishes) == (message.finish_reason is not None)


@given(strategies.ai_messages())
def test_who_watches_an_unfolded_message_reads_all_of_its_text(message: AIMessage) -> None:
    chunks = unfold(message)
    assert "".join(c.text for c in chunks if isinstance(c, TextDelta)) == message.text
    assert "".join(c.text for c in chunks if isinstance(c, ReasoningDelta)) == message.reasoning


def test_lone_text_is_a_string_and_all_else_is_parts() -> None:
    assert fold([TextDelta("a"), TextDelta("b")]).content == "ab"
    assert fold([TextDelta("a", 0), TextDelta("b", 1)]).content == (TextPart("a"), TextPart("b"))
    assert fold([TextDelta("a"), PartDone(0, TextPart("a"))]).content == (TextPart("a"),)
    assert fold([ReasoningDelta("hm")]).content == (ReasoningPart("hm"),)
    assert fold([]).content == ""


def test_parts_stand_in_order_of_first_appearance() -> None:
    chunks: list[StreamChunk] = [
        ReasoningDelta("hm"),
        TextDelta("a"),
        *fragments(CALL),
        TextDelta("c", 1),
        TextDelta("b"),
        PartDone(0, RefusalPart("no")),
        Finish("tool_calls"),
    ]
    assert fold(chunks).content == (
        ReasoningPart("hm"),
        TextPart("ab"),
        CALL,
        TextPart("c"),
        RefusalPart("no"),
    )


def test_a_whole_part_replaces_what_its_deltas_built() -> None:
    signed = ReasoningPart("hm", signature="s")
    chunks: list[StreamChunk] = [ReasoningDelta("h"), ReasoningDelta("m"), PartDone(0, signed)]
    assert fold(chunks).content == (signed,)


@pytest.mark.parametrize("reason", ["stop", "tool_calls", "content_filter", "unknown"])
def test_an_open_call_is_whole_if_the_answer_came_to_its_end(reason: str) -> None:
    finish = Finish(reason)  # type: ignore[arg-type]  # every reason but length
    assert fold([*fragments(CALL), finish]).tool_calls == (CALL,)


@pytest.mark.parametrize("ending", [[], [Finish("length")]])
def test_an_open_call_is_cut_if_the_answer_was(ending: list[StreamChunk]) -> None:
    message = fold([TextDelta("I'll look."), *fragments(CALL)[:1], *ending])
    assert message.tool_calls == ()
    assert message.cut_calls == (ToolCall("c1", "weather", '{"city":'),)
    assert message.content == "I'll look."


def test_a_closed_call_is_whole_though_the_answer_was_cut() -> None:
    other = ToolCall("c2", "time", "{}")
    chunks = [*fragments(CALL), PartDone(0, CALL), *fragments(other, 1), Finish("length")]
    message = fold(chunks)
    assert message.tool_calls == (CALL,)
    assert message.cut_calls == (other,)


def test_what_only_the_ending_knows_is_on_the_message() -> None:
    usage = Usage(1, 2, 3)
    finish = Finish("stop", "end_turn", usage, "m", "p", "r", {"cost": 0.25})
    message = fold([TextDelta("a"), finish])
    assert message == AIMessage(
        "a",
        usage=usage,
        finish_reason="stop",
        raw_finish_reason="end_turn",
        model="m",
        provider="p",
        response_id="r",
        metadata={"cost": 0.25},
    )
    assert message.cost == 0.25


def test_a_restart_voids_the_ending_too() -> None:
    assert fold([TextDelta("a"), Finish("stop"), CUT, TextDelta("b")]) == AIMessage("b")
