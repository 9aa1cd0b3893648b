"""What Cohere's answers become, whole and in events."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from beluga.dialects.cohere import CohereDialect
from beluga.outcomes import Ok
from beluga.schema import (
    AIMessage,
    Citation,
    Emission,
    Failure,
    Finish,
    GenerateOptions,
    HumanMessage,
    PartDone,
    ReasoningDelta,
    ReasoningPart,
    Request,
    TextDelta,
    TextPart,
    ToolCall,
    ToolCallDelta,
    Usage,
    fold,
)
from beluga.transport.http import ResponseHead
from tests.oracles.matrix import Omitted

DIALECT = CohereDialect("cohere", "m", "https://api.cohere.com/v2/chat")
START = {
    "type": "message-start",
    "id": "r1",
    "delta": {"message": {"content": [], "tool_plan": ""}},
}
USAGE = {
    "billed_units": {"input_tokens": 12, "output_tokens": 5},
    "tokens": {"input_tokens": 212.0, "output_tokens": 7},
    "cached_tokens": 208,
}


def piece(kind: str, index: int = 0, **message: Any) -> dict[str, Any]:
    return {"type": kind, "index": index, "delta": {"message": message}}


def end(word: str | None = "COMPLETE", **delta: Any) -> dict[str, Any]:
    return {"type": "message-end", "delta": {"finish_reason": word, **delta}}


def text(piece_of_it: str, index: int = 0) -> dict[str, Any]:
    return piece("content-delta", index, content={"text": piece_of_it})


def call(index: int, id: str, name: str, *arguments: str) -> list[dict[str, Any]]:
    function = {"name": name, "arguments": ""}
    opened = piece("tool-call-start", index, tool_calls={"id": id, "function": function})
    fragments = [{"function": {"arguments": fragment}} for fragment in arguments]
    return [opened, *[piece("tool-call-delta", index, tool_calls=f) for f in fragments]]


def decode(body: bytes, *, streaming: bool = True) -> tuple[list[Emission], Finish | Failure]:
    kind = "text/event-stream" if streaming else "application/json"
    request = Request((HumanMessage("?"),), GenerateOptions(), streaming)
    decoder = DIALECT.decoder(request, ResponseHead(200, {"content-type": kind}))
    chunks = list(decoder.feed(body))
    ending = decoder.close()
    outcome = ending.outcome
    return [*chunks, *ending.chunks], outcome.value if isinstance(outcome, Ok) else outcome


def stream(*events: dict[str, Any], more: bytes = b"") -> tuple[list[Emission], Finish | Failure]:
    lines = [f"event: {e.get('type')}\ndata: {json.dumps(e)}\n\n" for e in events]
    return decode("".join(lines).encode() + more)


def whole(**body: Any) -> tuple[list[Emission], Finish | Failure]:
    return decode(json.dumps(body).encode(), streaming=False)


def message(decoded: tuple[list[Emission], Finish | Failure]) -> AIMessage:
    chunks, finish = decoded
    assert isinstance(finish, Finish)
    return fold([*chunks, finish])


def failure(decoded: tuple[list[Emission], Finish | Failure]) -> Failure:
    found = decoded[1]
    assert isinstance(found, Failure)
    return found


def test_deltas_come_as_they_were_cut() -> None:
    thinking = piece("content-delta", 0, content={"thinking": "Hm."})
    chunks, finish = stream(START, thinking, text("A", 1), text("b", 1), end(usage=USAGE))
    assert chunks == [
        ReasoningDelta("Hm."),
        TextDelta("A"),
        TextDelta("b"),
        PartDone(0, ReasoningPart("Hm.", origin="cohere")),
    ]
    assert isinstance(finish, Finish)
    assert (finish.reason, finish.raw_reason, finish.response_id) == ("stop", "COMPLETE", "r1")


def test_usage_is_what_the_model_read_and_metadata_what_was_billed() -> None:
    finish = stream(START, text("A"), end(usage=USAGE))[1]
    assert isinstance(finish, Finish)
    assert finish.usage == Usage(212, 7, 219, 208)
    assert finish.metadata["billed_units"] == {"input_tokens": 12, "output_tokens": 5}


def test_billed_units_are_no_fallback() -> None:
    finish = stream(text("A"), end(usage={"billed_units": USAGE["billed_units"]}))[1]
    assert isinstance(finish, Finish)
    assert finish.usage == Usage()


def test_a_plan_is_a_thought_that_goes_back() -> None:
    plan = [piece("tool-plan-delta", tool_plan=word) for word in ("Look", " it up.")]
    said = message(stream(START, *plan, *call(0, "c", "f", "{}"), end("TOOL_CALL")))
    opaque = '{"tool_plan":"Look it up."}'
    thought = ReasoningPart("Look it up.", opaque=opaque, origin="cohere")
    assert said.content == (thought, ToolCall("c", "f", "{}"))
    request = Request((HumanMessage("?"), said))
    sent = msgspec.json.decode(DIALECT.encode(request, Omitted()).body)["messages"][1]
    assert sent["tool_plan"] == "Look it up."
    assert "content" not in sent


def test_calls_are_done_when_the_answer_has_ended() -> None:
    first, second = call(0, "c", "f", '{"a"', ": 1}"), call(1, "d", "g", "null")
    chunks, finish = stream(START, *first, *second, end("TOOL_CALL"))
    assert chunks[:4] == [
        ToolCallDelta(0, "c", "f"),
        ToolCallDelta(0, arguments='{"a"'),
        ToolCallDelta(0, arguments=": 1}"),
        ToolCallDelta(1, "d", "g"),
    ]
    assert chunks[-2:] == [
        PartDone(0, ToolCall("c", "f", '{"a": 1}')),
        PartDone(1, ToolCall("d", "g", "null")),
    ]
    assert message((chunks, finish)).tool_calls[1].parse() == {}


def test_a_call_that_was_cut_is_none() -> None:
    events = [*call(0, "c", "f", "{}"), *call(1, "d", "g", '{"a"')]
    said = message(stream(START, *events, end("MAX_TOKENS")))
    assert [c.id for c in said.tool_calls] == ["c"]
    assert [c.id for c in said.cut_calls] == ["d"]


def test_a_whole_answer_gives_the_same_parts() -> None:
    content = [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "A"}]
    calls = [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    wire = {"role": "assistant", "content": content, "tool_calls": calls, "tool_plan": "P"}
    chunks, finish = whole(id="r1", message=wire, finish_reason="TOOL_CALL", usage=USAGE)
    said = message((chunks, finish))
    assert (said.text, said.reasoning, said.response_id) == ("A", "PHm.", "r1")
    assert said.finish_reason == "tool_calls"
    assert ToolCallDelta(0, "c", "f", "{}") in chunks
    assert said.usage == Usage(212, 7, 219, 208)


def cited(**more: Any) -> dict[str, Any]:
    document = {"id": "d", "title": "Oslo", "url": "https://example.com/oslo"}
    sources = [{"type": "tool", "tool_output": {}}, {"type": "document", "document": document}]
    return {"start": 0, "end": 1, "text": "A", "sources": sources, **more}


@pytest.mark.parametrize("content_index", [None, 0, 1])
def test_citations_belong_to_the_text(content_index: int | None) -> None:
    citation = cited(content_index=content_index)
    thinking = piece("content-delta", 0, content={"thinking": "Hm."})
    started = piece("citation-start", citations=citation)
    chunks, _ = stream(START, thinking, text("A", 1), started, piece("citation-end"), end())
    done = PartDone(
        0,
        TextPart(
            "A",
            citations=(
                Citation(
                    url="https://example.com/oslo",
                    title="Oslo",
                    text="A",
                    start=0,
                    end=1,
                    raw=json.dumps(citation),
                ),
            ),
        ),
    )
    assert done in chunks


def test_each_text_has_its_own_citations() -> None:
    first, second = cited(content_index=0), cited(content_index=1, text="b")
    events = [text("A"), text("b", 1)]
    events += [piece("citation-start", citations=c) for c in (second, first)]
    said = message(stream(START, *events, end()))
    texts = [part for part in said.parts if isinstance(part, TextPart)]
    assert [[c.text for c in part.citations] for part in texts] == [["A"], ["b"]]


def test_citations_of_a_plan_are_kept_apart() -> None:
    plan = cited(type="PLAN")
    content = [{"type": "text", "text": "A"}]
    wire = {"content": content, "citations": [plan, cited(type="TEXT_CONTENT")]}
    said = message(whole(message=wire, finish_reason="COMPLETE"))
    (part,) = said.parts
    assert isinstance(part, TextPart)
    assert len(part.citations) == 1
    assert said.metadata["other_citations"] == [plan]


def test_a_citation_that_cannot_be_read_is_kept_as_it_is() -> None:
    wire = {"content": [{"type": "text", "text": "A"}], "citations": [{"start": "?"}]}
    (part,) = message(whole(message=wire, finish_reason="COMPLETE")).parts
    assert isinstance(part, TextPart)
    assert part.citations == (Citation(raw='{"start": "?"}'),)


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("COMPLETE", "stop"),
        ("STOP_SEQUENCE", "stop"),
        ("MAX_TOKENS", "length"),
        ("ERROR", "error"),
        ("TIMEOUT", "error"),
        ("SOMETHING_NEW", "unknown"),
        (None, "unknown"),
    ],
)
def test_reasons(word: str | None, reason: str) -> None:
    streamed = message(stream(START, text("A"), end(word)))
    body = {"content": [{"type": "text", "text": "A"}]}
    answered = message(whole(message=body, finish_reason=word))
    assert streamed.finish_reason == answered.finish_reason == reason
    assert streamed.raw_finish_reason == answered.raw_finish_reason == word


def test_probabilities_are_told() -> None:
    item = {"text": "A", "token_ids": [1], "logprobs": [-0.5]}
    streamed = message(stream(START, {**text("A"), "logprobs": item}, end()))
    assert streamed.metadata["logprobs"] == [item]


@pytest.mark.parametrize("more", [b"", b"data: [DONE]\n\n", b"data: {"])
def test_without_its_last_event_an_answer_is_cut(more: bytes) -> None:
    chunks, found = stream(START, text("A"), more=more)
    assert chunks == [TextDelta("A")]
    assert isinstance(found, Failure)
    assert (found.code, found.retryable) == ("incomplete_stream", True)


@pytest.mark.parametrize(
    ("last", "code"),
    [
        (end("ERROR", error="internal server error"), "provider_unavailable"),
        (end("ERROR", error="too many tokens"), "context_length"),
        (end("TIMEOUT", error="it took too long"), "timeout"),
        ({"message": "internal server error"}, "provider_unavailable"),
        ({"type": "error", "message": "too many tokens"}, "context_length"),
    ],
)
def test_an_error_in_the_stream_keeps_what_came_before(last: dict[str, Any], code: str) -> None:
    chunks, found = stream(START, text("A"), last)
    assert chunks == [TextDelta("A")]
    assert isinstance(found, Failure)
    assert (found.code, found.in_stream) == (code, True)


@pytest.mark.parametrize(
    ("word", "code"), [("ERROR", "provider_unavailable"), ("TIMEOUT", "timeout")]
)
def test_an_answer_that_failed_before_it_began_is_a_failure(word: str, code: str) -> None:
    for decoded in (stream(START, end(word)), whole(message={}, finish_reason=word)):
        found = failure(decoded)
        assert (found.code, found.retryable, found.provider_code) == (code, True, word)


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b"<html>", b'{"message":{"content":"\xff"}}', b"[" * 9999]
)
def test_garbage_is_a_failing_provider(body: bytes) -> None:
    found = failure(decode(body, streaming=False))
    assert (found.code, found.retryable) == ("provider_unavailable", True)
    if body != b"{}":  # an event that holds nothing is none of ours, and does no harm
        streamed = failure(decode(b"data: " + body + b"\n\n"))
        assert streamed.code == "provider_unavailable"


def test_an_error_in_a_good_answer() -> None:
    found = failure(whole(message="too many tokens", id="q1"))
    assert (found.code, found.in_stream, found.request_id) == ("context_length", True, "q1")


@pytest.mark.parametrize(
    ("status", "sentence", "code"),
    [
        (400, "invalid request: all elements in history must have a message", "invalid_input"),
        (400, "too many tokens: size limit exceeded by 11 tokens", "context_length"),
        (400, "the model does not support images", "unsupported"),
        (401, "invalid api token", "auth_error"),
        (402, "please add or update your payment method", "budget_exhausted"),
        (404, "model 'command-z' not found", "not_found"),
        (422, "invalid type: parameter k is of type string", "invalid_input"),
        (429, "trial keys are limited to 20 API calls / minute", "rate_limit"),
        (429, "trial keys are limited to 1000 API calls / month", "budget_exhausted"),
        (498, "the request was blocked", "content_filter"),
        (499, "the request was cancelled", "provider_unavailable"),
        (500, "too many tokens of trouble", "provider_unavailable"),
        (501, "not implemented", "provider_unavailable"),
        (503, "service unavailable", "provider_unavailable"),
        (504, "gateway timeout", "timeout"),
    ],
)
def test_refusals(status: int, sentence: str, code: str) -> None:
    body = json.dumps({"id": "q1", "message": sentence}).encode()
    found = DIALECT.failure(ResponseHead(status), body)
    assert (found.code, found.message, found.request_id) == (code, sentence, "q1")


@pytest.mark.parametrize("body", [b"", b"Bad Gateway", b'{"detail":[{"loc":"k"}]}', b"["])
def test_a_refusal_in_any_form_is_told_by_its_status(body: bytes) -> None:
    assert DIALECT.failure(ResponseHead(502), body).code == "provider_unavailable"
