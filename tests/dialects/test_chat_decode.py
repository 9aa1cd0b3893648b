"""Answers on the chat-completions wire, in the ways in which servers differ."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from beluga.dialects.calls import is_synthetic
from beluga.dialects.chat.decode import StreamDecoder, WholeDecoder
from beluga.outcomes import Ok, Outcome
from beluga.schema import (
    AIMessage,
    Emission,
    Failure,
    Finish,
    PartDone,
    ReasoningDelta,
    ReasoningPart,
    RefusalPart,
    TextDelta,
    ToolCall,
    Usage,
    fold,
)
from beluga.transport.http import ResponseHead

HEAD = ResponseHead(200, {"content-type": "text/event-stream"})


def event(**delta: object) -> dict[str, Any]:
    return {"id": "x1", "model": "m", "choices": [{"index": 0, "delta": delta}]}


def call(
    index: int | None = None,
    id: str | None = None,
    name: str | None = None,
    arguments: object = None,
) -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    fields = {"index": index, "id": id, "function": function}
    return event(tool_calls=[{k: v for k, v in fields.items() if v is not None}])


def end(reason: str = "tool_calls") -> dict[str, Any]:
    return {"id": "x1", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}


def wire(events: Sequence[dict[str, Any] | str], done: bool = True) -> bytes:
    lines = [e if isinstance(e, str) else f"data: {json.dumps(e)}" for e in events]
    return "".join(
        [f"{line}\n\n" for line in [*lines, *(["data: [DONE]"] if done else [])]]
    ).encode()


def decoded(body: bytes, step: int = 10**9) -> tuple[list[Emission], Outcome[Finish]]:
    decoder = StreamDecoder(HEAD, "p")
    chunks: list[Emission] = []
    for start in range(0, len(body), step):
        chunks += decoder.feed(body[start : start + step])
    ending = decoder.close()
    return [*chunks, *ending.chunks], ending.outcome


def message(*events: dict[str, Any] | str) -> AIMessage:
    body = wire(events)
    chunks, outcome = decoded(body)
    assert decoded(body, 7) == (chunks, outcome)
    assert isinstance(outcome, Ok)
    return fold([*chunks, outcome.value])


def calls(*events: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(c.id, c.name, c.arguments) for c in message(*events, end()).tool_calls]


def test_parallel_calls_may_be_interleaved() -> None:
    assert calls(
        call(0, "a", "f", ""),
        call(1, "b", "g", ""),
        call(0, arguments='{"x":'),
        call(1, arguments='{"y":'),
        call(0, arguments="1}"),
        call(1, arguments="2}"),
    ) == [("a", "f", '{"x":1}'), ("b", "g", '{"y":2}')]


def test_whole_calls_may_come_in_one_delta() -> None:
    both = event(
        tool_calls=[
            {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}},
            {"index": 1, "id": "b", "function": {"name": "f", "arguments": '{"x":1}'}},
        ]
    )
    assert calls(both) == [("a", "f", "{}"), ("b", "f", '{"x":1}')]


def test_whole_calls_may_all_have_the_same_index() -> None:
    assert calls(call(0, "a", "f", "{}"), call(0, "b", "g", '{"x":1}')) == [
        ("a", "f", "{}"),
        ("b", "g", '{"x":1}'),
    ]


def test_calls_without_an_index_are_told_apart_by_their_ids() -> None:
    assert calls(
        call(id="a", name="f", arguments='{"x":'),
        call(id="a", arguments="1}"),
        call(id="b", name="g", arguments="{}"),
    ) == [("a", "f", '{"x":1}'), ("b", "g", "{}")]


def test_calls_without_index_and_id_are_told_apart_by_the_end_of_their_json() -> None:
    found = calls(
        call(name="f", arguments='{"x":'),
        call(arguments="1}"),
        call(name="f", arguments='{"x":2}'),
    )
    assert [(name, arguments) for _, name, arguments in found] == [
        ("f", '{"x":1}'),
        ("f", '{"x":2}'),
    ]
    ids = [identity for identity, _, _ in found]
    assert all(is_synthetic(identity) for identity in ids)
    assert len(set(ids)) == 2


def test_a_repeated_id_is_made_unique() -> None:
    first, second = calls(call(0, "a", "f", "{}"), call(1, "a", "f", '{"x":1}'))
    assert first[0] == "a"
    assert second[0] != "a"
    assert second[1:] == ("f", '{"x":1}')


@pytest.mark.parametrize(
    "later", [{"id": "", "name": ""}, {"id": "null"}, {"id": "a", "name": "f"}]
)
def test_later_fragments_may_repeat_or_blank_what_the_first_said(later: dict[str, str]) -> None:
    assert calls(call(0, "a", "f", '{"x":'), call(0, later.get("id"), later.get("name"), "1}")) == [
        ("a", "f", '{"x":1}')
    ]


@pytest.mark.parametrize("arguments", ["", "null", None])
def test_a_call_without_arguments_parses_to_nothing(arguments: str | None) -> None:
    [only] = message(call(0, "a", "f", arguments), end()).tool_calls
    assert only.parse() == {}


def test_arguments_may_come_decoded() -> None:
    assert calls(call(0, "a", "f", {"x": [1]})) == [("a", "f", '{"x":[1]}')]


def test_arguments_that_are_no_json_stay_in_the_message() -> None:
    [only] = message(call(0, "a", "f", "x = 1"), end()).tool_calls
    with pytest.raises(ValueError, match="'a' to 'f'"):
        only.parse()


def test_a_call_that_is_cut_by_length_is_no_call() -> None:
    cut = message(call(0, "a", "f", "{}"), call(1, "b", "g", '{"y":'), end("length"))
    assert [c.id for c in cut.tool_calls] == ["a"]
    assert cut.cut_calls == (ToolCall("b", "g", '{"y":'),)


def test_a_call_is_done_before_the_finish_and_not_before_its_last_fragment() -> None:
    chunks, _ = decoded(wire([call(0, "a", "f", "{"), call(0, arguments="}"), end()]))
    assert chunks[-1] == PartDone(0, ToolCall("a", "f", "{}"))
    assert not any(isinstance(chunk, PartDone) for chunk in chunks[:-1])


def test_stop_with_calls_is_tool_calls() -> None:
    answer = message(call(0, "a", "f", "{}"), end("stop"))
    assert (answer.finish_reason, answer.raw_finish_reason) == ("tool_calls", "stop")


def test_role_and_empty_deltas_and_comments_are_no_content() -> None:
    chunks, _ = decoded(
        wire([": OPENROUTER PROCESSING", event(role="assistant", content=""), event(), end("stop")])
    )
    assert chunks == []


def test_thoughts_come_as_text_or_as_parts() -> None:
    plain = message(event(reasoning_content="H"), event(content="a"), end("stop"))
    assert [type(part) for part in plain.parts] == [ReasoningPart, *map(type, plain.parts[1:])]
    assert plain.reasoning == "H"
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "H"}]}
    chunks, _ = decoded(wire([event(content=[thinking, {"type": "text", "text": "a"}])]))
    assert chunks[:2] == [ReasoningDelta("H"), TextDelta("a")]


def test_details_of_reasoning_are_joined_by_their_index() -> None:
    def detail(**fields: object) -> dict[str, Any]:
        return event(reasoning_details=[{"type": "reasoning.text", "index": 0, **fields}])

    answer = message(
        detail(text="H"), detail(text="m"), detail(signature="s", text=None), end("stop")
    )
    [thought] = answer.parts
    assert isinstance(thought, ReasoningPart)
    assert thought.origin == "p"
    assert json.loads(thought.opaque or "") == [
        {"type": "reasoning.text", "index": 0, "text": "Hm", "signature": "s"}
    ]


def test_a_refusal_is_a_part_of_the_answer() -> None:
    answer = message(event(refusal="I ca"), event(refusal="n't."), end("stop"))
    assert answer.parts == (RefusalPart("I can't."),)


def test_a_filter_before_any_content_is_a_failure_and_after_it_an_ending() -> None:
    _, before = decoded(wire([end("content_filter")]))
    assert isinstance(before, Failure)
    assert before.code == "content_filter"
    after = message(event(content="a"), end("content_filter"))
    assert (after.text, after.finish_reason) == ("a", "content_filter")


def test_the_last_usage_counts() -> None:
    first = {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}
    last = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 9}
    answer = message(
        {**event(content="a"), "usage": first}, {**end("stop"), "usage": None}, {"usage": last}
    )
    assert answer.usage == Usage(3, 6, 9), "what the total has more than the rest is output"


def test_what_came_before_an_error_in_the_same_read_is_not_lost() -> None:
    error = {"error": {"message": "overloaded", "code": 503}}
    chunks, outcome = decoded(wire([event(content="a"), error]))
    assert chunks == [TextDelta("a")]
    assert isinstance(outcome, Failure)
    assert (outcome.code, outcome.status, outcome.in_stream) == ("provider_unavailable", 503, True)
    assert outcome.retryable


@pytest.mark.parametrize("marker", [False, True])
def test_an_answer_without_its_end_is_incomplete(marker: bool) -> None:
    chunks, outcome = decoded(wire([event(content="a")] if not marker else [], marker))
    assert len(chunks) == (0 if marker else 1)
    assert isinstance(outcome, Failure)
    assert outcome.code == "incomplete_stream"
    assert outcome.retryable


@pytest.mark.parametrize(
    "body", [b"<html>", b"[" * 100_000, b"{}", b"\xff", b'{"choices":[]}', b""]
)
def test_a_whole_answer_that_is_none_is_a_failure(body: bytes) -> None:
    decoder = WholeDecoder(HEAD, "p")
    assert decoder.feed(body) == []
    outcome = decoder.close().outcome
    assert isinstance(outcome, Failure)
    assert outcome.code == "provider_unavailable"


def test_other_choices_and_probabilities_are_kept_beside_the_answer() -> None:
    def choice(index: int, text: str) -> dict[str, Any]:
        logprobs = {"content": [{"token": text}]} if index == 0 else None
        return {"index": index, "delta": {"content": text}, "logprobs": logprobs}

    answer = message(
        *[{"choices": [choice(i, t)]} for i, t in ((0, "a"), (1, "x"), (0, "b"), (1, "y"))],
        end("stop"),
    )
    assert answer.text == "ab"
    assert answer.metadata["alternatives"] == ["xy"]
    assert answer.metadata["logprobs"] == {"content": [{"token": "a"}, {"token": "b"}]}
