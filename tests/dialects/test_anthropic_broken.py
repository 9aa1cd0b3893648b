"""What becomes of Anthropic's streams and bodies that are not as they should be."""

from __future__ import annotations

import json

import pytest

from beluga.outcomes import Ok
from beluga.schema import Failure, Finish, Restarted, TextDelta, Usage, fold
from tests.dialects.anthropic_events import (
    START,
    WHITE,
    answer,
    decode,
    decoder,
    ending,
    event,
    failure,
)


def test_an_error_keeps_what_came_before_it() -> None:
    error = event("error", error={"type": "overloaded_error", "message": "Overloaded"})
    chunks, end = decode(START + WHITE + error + WHITE)
    assert chunks == [TextDelta("white")]
    assert isinstance(end, Failure)
    assert (end.code, end.message, end.in_stream) == ("provider_unavailable", "Overloaded", True)
    assert end.retryable


@pytest.mark.parametrize(
    "body", ["", START, START + WHITE, START + WHITE + event("message_delta", delta={})]
)
def test_a_stream_without_message_stop_is_no_answer(body: str) -> None:
    broken = failure(decode(body))
    assert (broken.code, broken.retryable) == ("incomplete_stream", True)


def test_the_last_event_may_lack_its_empty_line() -> None:
    assert answer(decode((START + WHITE + ending("end_turn")).rstrip())).text == "white"


def test_what_follows_the_end_does_not_matter() -> None:
    decoding = decoder()
    decoding.feed((START + WHITE + ending("end_turn")).encode())
    assert decoding.done
    assert decoding.feed((START + "data: no\n\n").encode()) == []
    assert isinstance(decoding.close().outcome, Ok)


def test_gateways_may_end_as_chat_completions_do() -> None:
    body = START + "data: [DONE]\n\n" + WHITE + ending("end_turn")
    assert answer(decode(body)).text == "white"


def test_the_same_beginning_again_is_no_new_answer() -> None:
    usage = {"input_tokens": 900, "output_tokens": 900}
    again = event("message_start", message={"id": "msg_1", "usage": usage})
    message = answer(decode(START + again + WHITE + again + ending("end_turn")))
    assert message.text == "white"
    assert message.usage == Usage(3, 7, 10)


def test_another_beginning_makes_the_first_answer_void() -> None:
    other = event("message_start", message={"id": "msg_2", "usage": {"input_tokens": 4}})
    chunks, end = decode(START + WHITE + other + WHITE + ending("end_turn"))
    assert isinstance(chunks[1], Restarted)
    assert chunks[1].failure.code == "incomplete_stream"
    assert [*chunks[:1], *chunks[2:]] == [TextDelta("white"), TextDelta("white")]
    assert isinstance(end, Finish)
    assert (end.response_id, end.usage) == ("msg_2", Usage(4, 7, 11))
    assert fold([*chunks, end]).text == "white"


def test_another_beginning_before_any_content_goes_unnoticed() -> None:
    other = event("message_start", message={"id": "msg_2"})
    chunks, _ = decode(START + other + WHITE + ending("end_turn"))
    assert chunks == [TextDelta("white")]


@pytest.mark.parametrize(
    "body",
    [
        b"data: {\n\n",
        b"data: []\n\n",
        b'data: {"type":"content_block_start","index":0}\n\n',
        b'data: {"type":"content_block_start","content_block":' + b"[" * 5000 + b"}\n\n",
        b'data: {"type":"content_block_delta","delta":{"type":"text_delta","text":"\xff"}}\n\n',
        b"data: " + b"[" * 100_000 + b"\n\n",
    ],
)
def test_garbage_is_a_failure_after_what_came_before(body: bytes) -> None:
    chunks, end = decode((START + WHITE).encode() + body + ending("end_turn").encode())
    assert chunks == [TextDelta("white")]
    assert isinstance(end, Failure)
    assert end.code == "provider_unavailable"


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{}", b"[" * 100_000, b'{"content":[7]}', b"\xff"]
)
def test_a_body_that_is_no_message_is_a_failure(body: bytes) -> None:
    broken = failure(decode(body, streaming=False))
    assert (broken.code, broken.retryable) == ("provider_unavailable", True)


def test_an_error_in_a_good_response_is_a_failure() -> None:
    body = json.dumps({"type": "error", "error": {"type": "rate_limit_error", "message": "Slow."}})
    assert failure(decode(body, streaming=False)).code == "rate_limit"
