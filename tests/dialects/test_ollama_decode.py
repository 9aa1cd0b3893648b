"""What Ollama's answers become, whole and in lines."""

from __future__ import annotations

import json
from typing import Any

import pytest

from beluga.dialects.calls import is_synthetic
from beluga.dialects.ollama import Loading, OllamaDialect
from beluga.outcomes import Ok
from beluga.schema import (
    Emission,
    Failure,
    Finish,
    GenerateOptions,
    HumanMessage,
    ImagePart,
    PartDone,
    ReasoningDelta,
    ReasoningPart,
    Request,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
)
from beluga.transport.http import ResponseHead

DIALECT = OllamaDialect("ollama", "m", "http://127.0.0.1:11434/api/chat", Loading())
ONE = (HumanMessage("?"),)
DONE = {"model": "m", "done": True, "done_reason": "stop", "eval_count": 2}


def line(**message: Any) -> dict[str, Any]:
    return {"model": "m", "created_at": "2026-03-04T10:00:00.5Z", "message": message}


def decode(
    body: str | bytes, *, streaming: bool = True, messages: tuple[HumanMessage, ...] = ONE
) -> tuple[list[Emission], Finish | Failure]:
    data = body.encode() if isinstance(body, str) else body
    request = Request(messages, GenerateOptions(), streaming)
    decoder = DIALECT.decoder(request, ResponseHead(200))
    chunks = list(decoder.feed(data))
    ending = decoder.close()
    outcome = ending.outcome
    return [*chunks, *ending.chunks], outcome.value if isinstance(outcome, Ok) else outcome


def lines(*values: object) -> str:
    return "".join([json.dumps(value) + "\n" for value in values])


def finish(chunks_and_end: tuple[list[Emission], Finish | Failure]) -> Finish:
    end = chunks_and_end[1]
    assert isinstance(end, Finish)
    return end


def failure(chunks_and_end: tuple[list[Emission], Finish | Failure]) -> Failure:
    end = chunks_and_end[1]
    assert isinstance(end, Failure)
    return end


def test_thoughts_come_before_the_whole_of_them() -> None:
    chunks, _ = decode(lines(line(thinking="A"), line(thinking="b"), line(content="c"), DONE))
    assert chunks == [
        ReasoningDelta("A"),
        ReasoningDelta("b"),
        TextDelta("c"),
        PartDone(0, ReasoningPart("Ab", origin="ollama")),
    ]


def test_calls_are_whole_when_they_come() -> None:
    call = {"function": {"name": "f", "arguments": {"a": [1, 2.50]}}}
    chunks, end = decode(lines(line(tool_calls=[call]), line(tool_calls=[call]), DONE))
    first, done, second, _ = chunks
    assert isinstance(first, ToolCallDelta)
    assert isinstance(second, ToolCallDelta)
    assert isinstance(done, PartDone)
    assert done.part == ToolCall(first.id, "f", '{"a": [1, 2.5]}')
    assert is_synthetic(first.id)
    assert first.id != second.id
    assert isinstance(end, Finish)
    assert (end.reason, end.raw_reason) == ("tool_calls", "stop")


def test_calls_of_two_turns_have_ids_of_their_own() -> None:
    call = {"function": {"name": "f", "arguments": {}}}
    body = lines({"message": {"tool_calls": [call]}}, DONE)
    first, later = decode(body)[0][0], decode(body, messages=ONE * 3)[0][0]
    assert isinstance(first, ToolCallDelta)
    assert isinstance(later, ToolCallDelta)
    assert first.id != later.id
    assert decode(body)[0][0] == first


@pytest.mark.parametrize(
    ("wire", "arguments"),
    [
        ('{ "a" : 1e2 }', '{ "a" : 1e2 }'),
        ('"{\\"a\\":1}"', '{"a":1}'),
        ("null", "null"),
    ],
)
def test_arguments_are_kept_as_they_were_written(wire: str, arguments: str) -> None:
    call = f'{{"message":{{"tool_calls":[{{"function":{{"name":"f","arguments":{wire}}}}}]}}}}'
    chunks, _ = decode(f'{call}\n{{"done":true}}\n')
    assert isinstance(chunks[0], ToolCallDelta)
    assert chunks[0].arguments == arguments


def test_ids_that_repeat_are_told_apart() -> None:
    call = {"id": "c", "function": {"name": "f", "arguments": {}}}
    chunks, _ = decode(lines(line(tool_calls=[call, call]), DONE))
    ids = [chunk.id for chunk in chunks if isinstance(chunk, ToolCallDelta)]
    assert ids == ["c", "c_1"]


@pytest.mark.parametrize("streaming", [True, False])
def test_a_whole_answer_may_be_laid_out(streaming: bool) -> None:
    answer = {**line(content="Hi", thinking="h"), **DONE, "prompt_eval_count": 3}
    text = json.dumps(answer, indent=None if streaming else 2)
    chunks, _ = done = decode(text, streaming=streaming)
    assert chunks[:2] == [ReasoningDelta("h"), TextDelta("Hi")]
    assert finish(done).usage == Usage(3, 2, 5)


def test_lines_that_nobody_asked_for_are_an_answer_too() -> None:
    chunks, end = decode(lines(line(content="H"), line(content="i"), DONE), streaming=False)
    assert chunks == [TextDelta("H"), TextDelta("i")]
    assert isinstance(end, Finish)


@pytest.mark.parametrize(
    ("word", "reason"),
    [("stop", "stop"), ("length", "length"), ("load", "unknown"), (None, "unknown")],
)
def test_reasons(word: str | None, reason: str) -> None:
    end = finish(decode(lines({**DONE, "done_reason": word})))
    assert (end.reason, end.raw_reason) == (reason, word)


def test_a_prompt_found_in_the_cache_is_not_counted() -> None:
    assert finish(decode(lines(DONE))).usage == Usage(None, 2, None)


def test_durations_and_probabilities_are_told() -> None:
    body = lines(
        {"logprobs": [{"token": "a"}]}, {"logprobs": [{"token": "b"}], **DONE, "eval_duration": 9}
    )
    metadata = finish(decode(body)).metadata
    assert metadata == {"eval_duration": 9, "logprobs": [{"token": "a"}, {"token": "b"}]}


def test_a_drawn_image_is_a_part() -> None:
    chunks, _ = decode(lines(line(images=["iVBORw0KGgo=", "not base64!"]), DONE))
    assert chunks == [PartDone(0, ImagePart(b"\x89PNG\r\n\x1a\n"))]


def test_a_line_of_any_length_is_read() -> None:
    chunks, _ = decode(lines(line(content="a" * 200_000), DONE))
    assert chunks == [TextDelta("a" * 200_000)]


def test_an_error_in_the_stream_keeps_what_came_before() -> None:
    chunks, end = decode(lines(line(content="H"), {"error": "model runner has stopped"}, DONE))
    assert chunks == [TextDelta("H")]
    assert isinstance(end, Failure)
    assert (end.code, end.in_stream, end.retryable) == ("provider_unavailable", True, True)
    assert end.message == "model runner has stopped"


@pytest.mark.parametrize("body", ["", lines(line(content="H")), lines(line(content="H")) + '{"mes'])
def test_without_its_last_line_an_answer_is_cut(body: str) -> None:
    end = failure(decode(body))
    assert (end.code, end.retryable) == ("incomplete_stream", True)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>\n",
        b"[]\n",
        b'{"message":3}\n',
        b'{"message":{"content":"\xff"}}\n',
        b"[" * 9999 + b"\n",
    ],
)
@pytest.mark.parametrize("streaming", [True, False])
def test_garbage_is_a_failing_provider(body: bytes, streaming: bool) -> None:
    end = failure(decode(body, streaming=streaming))
    assert (end.code, end.retryable) == ("provider_unavailable", True)


@pytest.mark.parametrize(
    ("status", "message", "code"),
    [
        (404, "model 'x' not found", "not_found"),
        (400, "registry.ollama.ai/library/gemma:2b does not support tools", "unsupported"),
        (400, '"gemma:2b" does not support thinking', "unsupported"),
        (400, 'think value "low" is not supported for this model', "unsupported"),
        (400, "the input length exceeds the context length", "context_length"),
        (400, "prompt too long; exceeded max context length by 7 tokens", "context_length"),
        (400, "invalid duration", "invalid_input"),
        (401, "unauthorized", "auth_error"),
        (429, "you have reached your weekly usage limit", "budget_exhausted"),
        (429, "too many concurrent requests", "rate_limit"),
        (500, "error parsing tool call: raw='{', err=unexpected end", "tool_failed"),
        (500, "model requires more system memory", "provider_unavailable"),
        (503, "server busy, please try again", "provider_unavailable"),
    ],
)
def test_refusals(status: int, message: str, code: str) -> None:
    found = DIALECT.failure(ResponseHead(status), json.dumps({"error": message}).encode())
    assert (found.code, found.status, found.message) == (code, status, message)


@pytest.mark.parametrize(
    "body", [b"", b"Bad Gateway", b"<html>", b'{"error":{"message":"no"}}', b"["]
)
def test_a_refusal_in_any_form_is_told_by_its_status(body: bytes) -> None:
    assert DIALECT.failure(ResponseHead(502), body).code == "provider_unavailable"
