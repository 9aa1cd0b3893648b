"""What Converse sends becomes chunks and an ending, however its bytes are cut."""

from __future__ import annotations

import pytest

from beluga.schema import (
    Finish,
    HumanMessage,
    PartDone,
    Request,
    TextDelta,
    TextPart,
    ToolCall,
    ToolCallDelta,
    Usage,
)
from beluga.transport.http import ResponseHead
from tests.dialects.converse_events import (
    DIALECT,
    EVENTS,
    JSON,
    METADATA,
    call,
    decoder,
    delta,
    end,
    event,
    finish,
    message,
    start,
    stop,
    streamed,
    whole,
)


def test_texts_come_as_they_were_cut() -> None:
    begin = event("messageStart", role="assistant", p="ab")
    pieces = (delta(0, text=""), delta(0, text="Hel"), delta(0, text="lo"), stop(0))
    chunks, ending = streamed(begin, *pieces, end(), METADATA)
    assert chunks == [TextDelta("Hel"), TextDelta("lo")]
    assert finish(ending) == Finish("stop", "end_turn", Usage(3, 2, 5), response_id="r1")


def test_a_block_that_says_nothing_takes_no_number() -> None:
    chunks, _ = streamed(delta(0, text=""), stop(0), delta(1, text="a"), stop(1), end())
    assert chunks == [TextDelta("a")]


def test_the_counts_come_after_the_end_and_are_waited_for() -> None:
    decoding = decoder()
    decoding.feed(delta(0, text="a") + end())
    assert not decoding.done
    decoding.feed(METADATA)
    assert decoding.done
    assert decoding.usage == Usage(3, 2, 5)


def test_counts_before_the_end_are_taken_too() -> None:
    _, ending = streamed(delta(0, text="a"), METADATA, end())
    assert finish(ending).usage == Usage(3, 2, 5)


def test_an_end_without_counts_is_an_end() -> None:
    _, ending = streamed(delta(0, text="a"), end())
    assert finish(ending).usage == Usage()


def test_input_includes_what_the_cache_gave_and_took() -> None:
    counts = {"inputTokens": 3, "outputTokens": 2, "totalTokens": 35}
    cache = {"cacheReadInputTokens": 20, "cacheWriteInputTokens": 10}
    _, ending = streamed(delta(0, text="a"), end(), event("metadata", usage={**counts, **cache}))
    assert finish(ending).usage == Usage(33, 2, 35, 20, 10)


def test_what_else_is_said_of_the_answer() -> None:
    trace = {"promptRouter": {"invokedModelId": "arn:aws:bedrock:::inference-profile/us.a"}}
    more = {"trace": trace, "metrics": {"latencyMs": 7}, "serviceTier": {"type": "flex"}}
    fields = {"additionalModelResponseFields": {"stop_sequence": "END"}}
    latency = {"performanceConfig": {"latency": "optimized"}}
    told = {**more, **latency}
    ended = end("stop_sequence", **fields)
    answers = (
        streamed(delta(0, text="a"), ended, event("metadata", **told)),
        whole({"text": "a"}, reason="stop_sequence", **fields, **told),
    )
    for _, ending in answers:
        assert finish(ending).model == "arn:aws:bedrock:::inference-profile/us.a"
        assert finish(ending).metadata == {
            "additional_model_response_fields": {"stop_sequence": "END"},
            "trace": trace,
            "latency_ms": 7,
            "service_tier": "flex",
            "latency": "optimized",
        }


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("guardrail_intervened", "content_filter"),
        ("content_filtered", "content_filter"),
        ("malformed_model_output", "error"),
        ("malformed_tool_use", "error"),
        ("something_new", "unknown"),
    ],
)
def test_words_for_the_end(word: str, reason: str) -> None:
    for _, ending in (streamed(delta(0, text="a"), end(word)), whole({"text": "a"}, reason=word)):
        assert (finish(ending).reason, finish(ending).raw_reason) == (reason, word)


def test_a_call_is_done_when_something_follows() -> None:
    decoding = decoder()
    first = decoding.feed(call(0, "", '{"a":', "1}"))
    assert first == [
        ToolCallDelta(0, "t0", "f"),
        ToolCallDelta(0, arguments='{"a":'),
        ToolCallDelta(0, arguments="1}"),
    ]
    done = PartDone(0, ToolCall("t0", "f", '{"a":1}'))
    assert decoding.feed(delta(1, text="and")) == [done, TextDelta("and")]


def test_the_last_call_waits_for_the_end() -> None:
    chunks, ending = streamed(call(0), end("tool_use"))
    assert chunks == [ToolCallDelta(0, "t0", "f"), PartDone(0, ToolCall("t0", "f", ""))]
    assert message(chunks, ending).tool_calls[0].parse() == {}


@pytest.mark.parametrize("last", ['{"a":1}', '{"a'])
def test_length_cuts_the_last_call_and_no_other(last: str) -> None:
    chunks, ending = streamed(call(0, "{}"), call(1, last), end("max_tokens"))
    answer = message(chunks, ending)
    assert [each.id for each in answer.tool_calls] == ["t0"]
    assert [each.id for each in answer.cut_calls] == ["t1"]


def test_length_cuts_the_last_call_of_a_whole_answer() -> None:
    uses = [{"toolUse": {"toolUseId": i, "name": "f", "input": {}}} for i in "ab"]
    answer = message(*whole(*uses, reason="max_tokens"))
    assert [each.id for each in answer.tool_calls] == ["a"]
    assert [each.id for each in answer.cut_calls] == ["b"]


def test_blocks_that_were_not_ended_end_with_the_message() -> None:
    begun = start(1, toolUse={"toolUseId": "t", "name": "f"}) + delta(1, toolUse={"input": "{}"})
    cited = delta(0, text="a") + delta(0, citation={"title": "A"})
    chunks, ending = streamed(cited, begun, end("tool_use"))
    assert message(chunks, ending).tool_calls == (ToolCall("t", "f", "{}"),)
    assert isinstance(message(chunks, ending).parts[0], TextPart)


def test_calls_of_one_answer_have_ids_of_their_own() -> None:
    twice = call(0, toolUseId="x") + call(1, toolUseId="x") + call(2, toolUseId=None)
    ids = [each.id for each in message(*streamed(twice, end("tool_use"))).tool_calls]
    assert ids[0] == "x"
    assert len(set(ids)) == 3


def test_a_whole_answer_gives_the_chunks_of_a_stream() -> None:
    stream, _ = streamed(
        delta(0, reasoningContent={"text": "Hm."}),
        delta(0, reasoningContent={"signature": "s"}),
        stop(0),
        delta(1, text="Yes."),
        stop(1),
        call(2, '{"a": 1}'),
        end("tool_use"),
    )
    thought = {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "s"}}}
    use = {"toolUse": {"toolUseId": "t2", "name": "f", "input": {"a": 1}}}
    assert whole(thought, {"text": "Yes."}, use, reason="tool_use")[0] == stream


def test_events_and_keys_that_are_not_known_are_passed_over() -> None:
    odd = start(0) + delta(0) + event("contentBlockDelta") + event("somethingNew", a=1)
    chunks, ending = streamed(odd, delta(0, somethingNew={}), delta(0, text="a", also=1), end())
    assert message(chunks, ending).text == "a"


@pytest.mark.parametrize(
    ("streaming", "headers", "answer"),
    [
        (True, JSON, b'{"output":{"message":{"content":[{"text":"a"}]}},"stopReason":"end_turn"}'),
        (False, EVENTS, delta(0, text="a") + end()),
        (True, {}, delta(0, text="a") + end()),
    ],
)
def test_the_content_type_decides(streaming: bool, headers: dict[str, str], answer: bytes) -> None:
    request = Request((HumanMessage("Hi."),), streaming=streaming)
    decoding = DIALECT.decoder(request, ResponseHead(200, headers))
    chunks = list(decoding.feed(answer))
    ending = decoding.close()
    assert message([*chunks, *ending.chunks], ending).text == "a"
