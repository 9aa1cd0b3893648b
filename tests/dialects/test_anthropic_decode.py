"""What Anthropic's answers become, whole and in events."""

from __future__ import annotations

import json

import pytest

from beluga.dialects.calls import is_synthetic
from beluga.schema import (
    Citation,
    PartDone,
    ProviderPart,
    ReasoningDelta,
    ReasoningPart,
    TextDelta,
    TextPart,
    ToolCall,
    ToolCallDelta,
    Usage,
)
from tests.dialects.anthropic_events import (
    EVENTS,
    START,
    WHITE,
    answer,
    begin,
    close,
    decode,
    decoder,
    delta,
    ending,
    event,
    failure,
    whole,
)


def test_deltas_are_given_out_as_they_were_cut() -> None:
    pieces = [delta(0, "text_delta", text=text) for text in ("It is", "", " white")]
    chunks, _ = decode(START + begin(0, "text", text="") + "".join(pieces) + close(0))
    assert chunks == [TextDelta("It is"), TextDelta(" white")]


def test_pings_and_starts_are_no_content() -> None:
    assert decoder().feed((event("ping") + START + begin(0, "text", text="")).encode()) == []


def test_a_call_is_done_when_another_block_begins() -> None:
    decoding = decoder()
    call = begin(0, "tool_use", id="a", name="f", input={})
    said = decoding.feed((START + call + delta(0, "input_json_delta", partial_json="{}")).encode())
    assert said == [ToolCallDelta(0, "a", "f"), ToolCallDelta(0, arguments="{}")]
    assert decoding.feed(close(0).encode()) == []
    assert decoding.feed(begin(1, "text", text="").encode()) == [
        PartDone(0, ToolCall("a", "f", "{}"))
    ]


def test_the_last_call_is_done_at_the_stop_reason() -> None:
    call = begin(0, "tool_use", id="a", name="f", input={}) + close(0)
    chunks, _ = decode(START + call + ending("tool_use"))
    assert chunks[-1] == PartDone(0, ToolCall("a", "f", "{}"))


@pytest.mark.parametrize("word", ["max_tokens", "model_context_window_exceeded"])
def test_a_call_cut_by_the_length_is_never_done(word: str) -> None:
    call = begin(0, "tool_use", id="a", name="f", input={})
    cut = delta(0, "input_json_delta", partial_json='{"x":')
    message = answer(decode(START + call + cut + close(0) + ending(word)))
    assert message.finish_reason == "length"
    assert message.tool_calls == ()
    assert message.cut_calls == (ToolCall("a", "f", '{"x":'),)


def test_a_call_without_an_id_gets_one_of_its_own() -> None:
    message = answer(decode(whole({"type": "tool_use", "name": "f", "input": {}}), streaming=False))
    assert is_synthetic(message.tool_calls[0].id)


def test_calls_that_share_an_id_are_told_apart() -> None:
    call = {"type": "tool_use", "id": "a", "name": "f", "input": {}}
    message = answer(decode(whole(call, call, stop_reason="tool_use"), streaming=False))
    assert len({call.id for call in message.tool_calls}) == 2


def test_who_made_a_call_is_kept_for_the_way_back() -> None:
    caller = {"type": "code_execution_20250825", "tool_id": "srv_1"}
    call = {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}, "caller": caller}
    message = answer(decode(whole(call), streaming=False))
    made = message.tool_calls[0]
    assert made.origin == "anthropic"
    assert json.loads(made.signature or "") == {"caller": caller}
    direct = {**call, "caller": {"type": "direct"}}
    assert answer(decode(whole(direct), streaming=False)).tool_calls[0].signature is None


def test_a_thought_is_done_with_its_signature() -> None:
    body = (
        START
        + begin(0, "thinking", thinking="", signature="")
        + delta(0, "thinking_delta", thinking="hm")
        + delta(0, "signature_delta", signature="c2ln")
        + close(0)
    )
    chunks, _ = decode(body)
    part = ReasoningPart("hm", signature="c2ln", origin="anthropic")
    assert chunks == [ReasoningDelta("hm"), PartDone(0, part)]


def test_a_thought_whose_words_are_kept_back_is_its_signature() -> None:
    block = {"type": "thinking", "thinking": "", "signature": "c2ln"}
    chunks, _ = decode(whole(block), streaming=False)
    assert chunks == [PartDone(0, ReasoningPart("", signature="c2ln", origin="anthropic"))]


def test_a_hidden_thought_is_kept_byte_for_byte() -> None:
    raw = '{ "data" : "ZGF0\\u0061" ,"type":"redacted_thinking", "new": 1.0e0 }'
    body = '{"type":"message","content":[' + raw + '],"stop_reason":"end_turn"}'
    chunks, _ = decode(body, streaming=False)
    assert chunks == [PartDone(0, ReasoningPart("", opaque=raw, origin="anthropic"))]
    streamed = 'data: {"type":"content_block_start","index":0,"content_block":' + raw + "}\n\n"
    assert decode(START + streamed + close(0))[0] == chunks


def test_what_a_tool_of_the_providers_did_is_kept_byte_for_byte() -> None:
    raw = '{"type":"code_execution_tool_result", "content":{"stdout":"4 2","n":1.50}}'
    streamed = 'data: {"type":"content_block_start","index":0,"content_block":' + raw + "}\n\n"
    chunks, _ = decode(START + streamed + close(0))
    part = ProviderPart("code_execution_tool_result", "anthropic", raw, "4 2")
    assert chunks == [PartDone(0, part)]


def test_the_input_of_the_providers_tool_takes_its_place() -> None:
    body = (
        START
        + begin(0, "server_tool_use", id="s", name="web_search", input={})
        + delta(0, "input_json_delta", partial_json='{"query": ')
        + delta(0, "input_json_delta", partial_json='"Oslo"}')
        + close(0)
    )
    (done,), _ = decode(body)
    assert isinstance(done, PartDone)
    assert isinstance(done.part, ProviderPart)
    assert list(json.loads(done.part.raw)) == ["type", "id", "name", "input"]
    assert '"input":{"query": "Oslo"}' in done.part.raw


def test_a_summary_of_what_was_compacted_is_kept() -> None:
    body = (
        START
        + begin(0, "compaction", content=None)
        + delta(0, "compaction_delta", content="So far: ")
        + delta(0, "compaction_delta", content="rain.", encrypted_content="ZQ==")
        + close(0)
        + ending("compaction")
    )
    message = answer(decode(body))
    (part,) = message.parts
    assert isinstance(part, ProviderPart)
    assert (part.kind, part.text) == ("compaction", "So far: rain.")
    whole = {"type": "compaction", "content": "So far: rain.", "encrypted_content": "ZQ=="}
    assert json.loads(part.raw) == whole


def test_sources_come_with_the_text_that_rests_on_them() -> None:
    cited = {"type": "char_location", "cited_text": "white", "document_title": "Whales"}
    found = {"type": "web_search_result_location", "cited_text": "w", "url": "https://example.com/"}
    body = (
        START
        + begin(0, "text", text="", citations=[])
        + delta(0, "citations_delta", citation=cited)
        + delta(0, "text_delta", text="It is white.")
        + delta(0, "citations_delta", citation=found)
        + close(0)
    )
    chunks, _ = decode(body)
    told = Citation(title="Whales", text="white", raw=json.dumps(cited))
    link = Citation(url="https://example.com/", text="w", raw=json.dumps(found))
    text = TextPart("It is white.", citations=(told, link))
    assert chunks == [TextDelta("It is white."), PartDone(0, text)]
    block = {"type": "text", "text": "It is white.", "citations": [cited, found]}
    assert decode(whole(block), streaming=False)[0] == chunks


def test_counts_are_cumulative_and_include_the_cache() -> None:
    first = {"input_tokens": 3, "cache_read_input_tokens": 100, "output_tokens": 1}
    decoding = decoder()
    decoding.feed(event("message_start", message={"id": "msg_1", "usage": first}).encode())
    assert decoding.usage == Usage(103, 1, 104, 100)
    later = {"output_tokens": 7, "output_tokens_details": {"thinking_tokens": 4}}
    decoding.feed(event("message_delta", delta={}, usage=later).encode())
    assert decoding.usage == Usage(103, 7, 110, 100, None, 4)
    more = {"input_tokens": 5, "cache_creation_input_tokens": 10, "output_tokens": 9}
    decoding.feed(event("message_delta", delta={}, usage=more).encode())
    assert decoding.usage == Usage(115, 9, 124, 100, 10, 4)


def test_nothing_is_counted_that_nobody_said() -> None:
    assert answer(decode(whole({"type": "text", "text": "a"}), streaming=False)).usage == Usage()


def test_what_else_was_said_is_in_the_metadata() -> None:
    usage = {"service_tier": "priority", "server_tool_use": {"web_search_requests": 1}}
    body = whole(
        {"type": "text", "text": "a"},
        stop_reason="stop_sequence",
        stop_sequence="END",
        usage=usage,
        container={"id": "c"},
    )
    message = answer(decode(body, streaming=False))
    assert message.metadata == {
        "stop_sequence": "END",
        "container": {"id": "c"},
        "service_tier": "priority",
        "server_tool_use": {"web_search_requests": 1},
    }


@pytest.mark.parametrize("streaming", [True, False])
def test_a_refusal_before_any_content_is_a_failure(streaming: bool) -> None:
    details = {"type": "refusal", "category": "cyber", "explanation": "Not this."}
    body = START + ending("refusal", stop_details=details)
    if not streaming:
        body = whole(stop_reason="refusal", stop_details=details)
    refused = failure(decode(body, streaming=streaming))
    assert (refused.code, refused.message) == ("content_filter", "Not this.")
    assert (refused.provider_code, refused.retryable) == ("refusal", False)


def test_a_stop_that_nobody_knows_is_unknown() -> None:
    message = answer(decode(START + WHITE + ending("new_reason")))
    assert (message.finish_reason, message.raw_finish_reason) == ("unknown", "new_reason")


def test_the_content_type_decides_whether_it_is_a_stream() -> None:
    body = whole({"type": "text", "text": "a"}).encode()
    for streaming, headers in ((True, {"content-type": "application/json"}), (False, {})):
        decoding = decoder(streaming=streaming, **headers)
        assert decoding.feed(body) == []
        assert decoding.close().chunks == [TextDelta("a")]
    assert decoder(streaming=False, **EVENTS).feed((START + WHITE).encode()) == [TextDelta("white")]


@pytest.mark.parametrize("size", [1, 3, 64])
def test_any_cut_gives_the_same(size: int) -> None:
    call = begin(1, "tool_use", id="a", name="f", input={})
    body = START + WHITE + call + delta(1, "input_json_delta", partial_json="{}") + close(1)
    body += ending("tool_use") + event("ping")
    assert decode(body, size=size) == decode(body)
