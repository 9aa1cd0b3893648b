"""What Gemini sends becomes chunks and an ending, however its bytes are cut."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

import pytest

from beluga.dialects.calls import is_synthetic
from beluga.dialects.gemini import GeminiDialect
from beluga.outcomes import Ok
from beluga.schema import (
    AIMessage,
    AudioPart,
    Emission,
    Failure,
    FilePart,
    Finish,
    HumanMessage,
    ImagePart,
    PartDone,
    ProviderPart,
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
from beluga.transport.dialect import Decoder, Ending
from beluga.transport.http import ResponseHead

EVENTS = {"content-type": "text/event-stream"}
JSON = {"content-type": "application/json; charset=UTF-8"}
PNG = b"\x89PNG\r\n\x1a\n\x00"


def decoder(*, streaming: bool = True, headers: dict[str, str] | None = None) -> Decoder:
    dialect = GeminiDialect("gemini-3-flash-preview", "https://host/v1beta/models/m")
    known = (EVENTS if streaming else JSON) if headers is None else headers
    request = Request((HumanMessage("Hi."),), streaming=streaming)
    return dialect.decoder(request, ResponseHead(200, known))


def body(*parts: dict[str, Any], reason: str | None = None, **more: Any) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": list(parts), "role": "model"}, "index": 0}
    if reason is not None:
        candidate["finishReason"] = reason
    return {"candidates": [{**candidate, **more}], "responseId": "r1", "modelVersion": "gemini-3"}


def events(*bodies: object) -> bytes:
    return b"".join([f"data: {json.dumps(each)}\r\n\r\n".encode() for each in bodies])


def streamed(*bodies: object) -> tuple[list[Emission], Ending]:
    return fed([events(*bodies)])


def fed(pieces: Sequence[bytes], **how: Any) -> tuple[list[Emission], Ending]:
    decoding = decoder(**how)
    chunks = [chunk for piece in pieces for chunk in decoding.feed(piece)]
    ending = decoding.close()
    return [*chunks, *ending.chunks], ending


def whole(given: object) -> tuple[list[Emission], Ending]:
    return fed([json.dumps(given).encode()], streaming=False)


def message(chunks: Sequence[Emission], ending: Ending) -> AIMessage:
    assert isinstance(ending.outcome, Ok)
    return fold([*chunks, ending.outcome.value])


def finish(ending: Ending) -> Finish:
    assert isinstance(ending.outcome, Ok)
    return ending.outcome.value


def failure(ending: Ending) -> Failure:
    assert isinstance(ending.outcome, Failure)
    return ending.outcome


def call(name: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"functionCall": fields if name is None else {"name": name, **fields}}


def test_texts_of_a_stream_are_one_part_and_its_deltas_are_as_they_came() -> None:
    chunks, ending = streamed(body({"text": "Hel"}), body({"text": "lo"}, reason="STOP"))
    assert chunks == [TextDelta("Hel"), TextDelta("lo")]
    assert finish(ending) == Finish("stop", "STOP", Usage(), "gemini-3", response_id="r1")
    assert message(chunks, ending).content == "Hello"


def test_thoughts_come_before_what_they_led_to_and_belong_to_google() -> None:
    thought = {"text": "Hm.", "thought": True}
    chunks, _ = streamed(body(thought), body({"text": "Yes."}, reason="STOP"))
    kept = ReasoningPart("Hm.", origin="google")
    assert chunks == [ReasoningDelta("Hm."), PartDone(0, kept), TextDelta("Yes.")]


def test_a_whole_answer_gives_the_chunks_of_a_stream() -> None:
    parts = ({"text": "Hm.", "thought": True}, {"text": "Yes."}, call("f", args={"a": 1}, id="x"))
    answer = body(*parts, reason="STOP")
    chunks, ending = streamed(answer)
    assert (whole(answer)[0], whole(answer)[1].outcome) == (chunks, ending.outcome)


def test_what_stands_between_texts_keeps_its_place() -> None:
    code = {"executableCode": {"language": "PYTHON", "code": "1+1"}}
    chunks, ending = streamed(body({"text": "a"}, code), body({"text": "b"}, reason="STOP"))
    kinds = [type(part) for part in message(chunks, ending).parts]
    assert kinds == [TextPart, ProviderPart, TextPart]
    assert message(chunks, ending).text == "ab"


def test_empty_texts_give_nothing() -> None:
    chunks, _ = streamed(body({"text": ""}), body({"text": "a"}), body({"text": ""}, reason="STOP"))
    assert chunks == [TextDelta("a")]


@pytest.mark.parametrize("streaming", [True, False])
def test_the_signature_of_an_empty_text_is_kept_with_the_parts_own_json(streaming: bool) -> None:
    raw = b'{ "text":"" , "thoughtSignature" : "_-ab+/==" }'
    answer = (
        b'{"candidates":[{"content":{"parts":[{"text":"a"},' + raw + b']},"finishReason":"STOP"}]}'
    )
    pieces = [b"data: " + answer + b"\r\n\r\n"] if streaming else [answer]
    chunks, _ = fed(pieces, streaming=streaming)
    kept = ReasoningPart("", signature="_-ab+/==", opaque=raw.decode(), origin="google")
    assert chunks == [TextDelta("a"), PartDone(0, kept)]


def test_a_signed_text_is_a_part_of_its_own() -> None:
    signed = {"text": "b", "thoughtSignature": "c2ln"}
    chunks, _ = streamed(body({"text": "a"}), body(signed), body({"text": "c"}, reason="STOP"))
    kept = ReasoningPart("", signature="c2ln", origin="google")
    assert chunks == [TextDelta("a"), TextDelta("b", 1), PartDone(0, kept), TextDelta("c", 2)]


def test_a_signed_thought_is_a_part_of_its_own() -> None:
    signed = {"text": "b", "thought": True, "thoughtSignature": "c2ln"}
    chunks, _ = streamed(body({"text": "a", "thought": True}), body(signed, reason="STOP"))
    assert chunks == [
        ReasoningDelta("a"),
        PartDone(0, ReasoningPart("a", origin="google")),
        ReasoningDelta("b", 1),
        PartDone(1, ReasoningPart("b", signature="c2ln", origin="google")),
    ]


def test_a_signature_alone_is_kept() -> None:
    chunks, _ = streamed(body({"thoughtSignature": "c2ln"}, reason="STOP"))
    opaque = '{"thoughtSignature": "c2ln"}'
    kept = ReasoningPart("", signature="c2ln", opaque=opaque, origin="google")
    assert chunks == [PartDone(0, kept)]


def test_a_call_is_done_when_something_follows() -> None:
    decoding = decoder()
    first = decoding.feed(events(body({**call("f", args={"a": 1}), "thoughtSignature": "c2ln"})))
    [delta] = first
    assert isinstance(delta, ToolCallDelta)
    assert is_synthetic(delta.id)
    done = ToolCall(delta.id, "f", '{"a": 1}', signature="c2ln", origin="google")
    assert decoding.feed(events(body({"text": "and"}))) == [PartDone(0, done), TextDelta("and")]


def test_the_last_call_waits_for_the_end() -> None:
    chunks, ending = streamed(body(call("f", args={}, id="x"), reason="STOP"))
    assert chunks == [ToolCallDelta(0, "x", "f", "{}"), PartDone(0, ToolCall("x", "f", "{}"))]
    assert finish(ending).reason == "tool_calls"


def test_length_cuts_the_last_call_and_no_other() -> None:
    calls = (call("f", args={}, id="x"), call("g", args={}, id="y"))
    chunks, ending = streamed(body(*calls, reason="MAX_TOKENS"))
    answer = message(chunks, ending)
    assert [each.name for each in answer.tool_calls] == ["f"]
    assert [each.name for each in answer.cut_calls] == ["g"]


def test_ids_that_google_repeats_become_different() -> None:
    chunks, ending = streamed(body(call("f", id="x"), call("f", id="x"), reason="STOP"))
    assert len({each.id for each in message(chunks, ending).tool_calls}) == 2


def test_made_ids_differ_between_answers_and_not_between_readings() -> None:
    def ids(response_id: str | None) -> list[str]:
        answer = body(call("f"), call("g"), reason="STOP") | {"responseId": response_id}
        return [each.id for each in message(*streamed(answer)).tool_calls]

    assert ids("a") == ids("a")
    assert len({*ids("a"), *ids("b"), *ids(None)}) == 6


def test_streamed_arguments_are_json_text_as_they_come() -> None:
    def piece(path: str, more: bool, **value: Any) -> dict[str, Any]:
        goes_on = {"willContinue": True} if more else {}
        return call(partialArgs=[{"jsonPath": path, **value, **goes_on}], willContinue=True)

    chunks, _ = streamed(
        body(call("f", willContinue=True, id="x")),
        body(piece("$.city", True, stringValue='O"')),
        body(piece("$.city", True, stringValue="slo")),
        body(piece("$.city", False, stringValue="")),
        body(piece("$.days[0]", False, numberValue=2)),
        body(call()),
        body({"text": ""}, reason="STOP"),
    )
    whole_call = ToolCall("x", "f", '{"city":"O\\"slo","days":[2]}')
    assert chunks == [
        ToolCallDelta(0, "x", "f"),
        ToolCallDelta(0, arguments='{"city":"O\\"'),
        ToolCallDelta(0, arguments="slo"),
        ToolCallDelta(0, arguments='"'),
        ToolCallDelta(0, arguments=',"days":[2'),
        ToolCallDelta(0, arguments="]}"),
        PartDone(0, whole_call),
    ]


def test_streamed_arguments_that_length_cuts_are_no_call() -> None:
    partial = [{"jsonPath": "$.city", "stringValue": "Os", "willContinue": True}]
    chunks, ending = streamed(
        body(call("f", willContinue=True, id="x")),
        body(call(partialArgs=partial, willContinue=True), reason="MAX_TOKENS"),
    )
    assert message(chunks, ending).cut_calls == (ToolCall("x", "f", '{"city":"Os'),)


def test_what_googles_tools_did_is_kept_as_it_came() -> None:
    raw = '{"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "2\\n"}}'
    code = {"executableCode": {"code": "1+1"}, "thoughtSignature": "c2ln"}
    chunks, _ = streamed(body(code, json.loads(raw), reason="STOP"))
    assert chunks == [
        PartDone(0, ProviderPart("executableCode", "google", json.dumps(code), "1+1")),
        PartDone(1, ProviderPart("codeExecutionResult", "google", raw, "2\n")),
    ]


def test_media_become_parts_and_keep_their_signature() -> None:
    picture = {"mimeType": "image/png", "data": base64.urlsafe_b64encode(PNG).decode()}
    sound = {"mimeType": "audio/L16;rate=24000", "data": "AAAA"}
    film = {"mimeType": "application/zip", "fileUri": "gs://bucket/a.zip"}
    parts = ({"inlineData": picture, "thoughtSignature": "c2ln"}, {"inlineData": sound})
    chunks, _ = streamed(body(*parts, {"fileData": film}, reason="STOP"))
    assert chunks == [
        PartDone(0, ImagePart(PNG, media_type="image/png")),
        PartDone(0, ReasoningPart("", signature="c2ln", origin="google")),
        PartDone(1, AudioPart(b"\0\0\0", media_type="audio/L16;rate=24000")),
        PartDone(2, FilePart(url="gs://bucket/a.zip", media_type="application/zip")),
    ]


def test_a_sketch_among_the_thoughts_is_no_picture_of_the_answer() -> None:
    sketch = {"inlineData": {"mimeType": "image/png", "data": "AAAA"}, "thought": True}
    chunks, _ = streamed(body(sketch, {"text": "Done."}, reason="STOP"))
    assert chunks == [
        PartDone(0, ProviderPart("inlineData", "google", json.dumps(sketch))),
        TextDelta("Done."),
    ]


def test_other_candidates_are_in_the_metadata() -> None:
    def step(text: str, index: int, reason: str | None = None) -> dict[str, Any]:
        found: dict[str, Any] = body({"text": text}, reason=reason, index=index)
        return found

    chunks, ending = streamed(
        step("a", 0), step("x", 1), step("b", 0, "STOP"), step("y", 1, "OTHER")
    )
    assert chunks == [TextDelta("a"), TextDelta("b")]
    assert finish(ending).metadata == {"alternatives": ["xy"]}
    assert finish(ending).raw_reason == "STOP"


def test_usage_counts_thoughts_as_output_and_what_tools_read_as_input() -> None:
    counted = {
        "promptTokenCount": 20,
        "candidatesTokenCount": 5,
        "thoughtsTokenCount": 7,
        "toolUsePromptTokenCount": 30,
        "cachedContentTokenCount": 16,
        "totalTokenCount": 62,
        "serviceTier": "standard",
    }
    _, ending = whole({**body({"text": "a"}, reason="STOP"), "usageMetadata": counted})
    assert finish(ending).usage == Usage(50, 12, 62, 16, None, 7)
    assert finish(ending).metadata == {"service_tier": "standard"}


def test_usage_is_the_last_that_counts_anything() -> None:
    decoding = decoder()
    decoding.feed(events({**body({"text": "a"}), "usageMetadata": {"promptTokenCount": 3}}))
    assert decoding.usage == Usage(3)
    decoding.feed(events({**body({"text": "a"}), "usageMetadata": {"trafficType": "ON_DEMAND"}}))
    assert decoding.usage == Usage(3)
    counted = {"promptTokenCount": 3, "totalTokenCount": 3}
    decoding.feed(events({**body(reason="STOP"), "usageMetadata": counted}))
    assert decoding.usage == Usage(3, 0, 3)


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("MODEL_ARMOR", "content_filter"),
        ("MALFORMED_FUNCTION_CALL", "error"),
        ("MISSING_THOUGHT_SIGNATURE", "error"),
        ("CONTINUATION", "pause"),
        ("OTHER", "unknown"),
        ("SOMETHING_NEW", "unknown"),
    ],
)
def test_reasons(word: str, reason: str) -> None:
    _, ending = streamed(body({"text": "a"}, reason=word, finishMessage="Because."))
    assert (finish(ending).reason, finish(ending).raw_reason) == (reason, word)
    assert finish(ending).metadata == {"finish_message": "Because."}


def test_a_reason_between_rounds_does_not_end_the_answer() -> None:
    code = {"executableCode": {"code": "1"}}
    chunks, ending = streamed(body(code, reason="STOP"), body({"text": "a"}), body(reason="OTHER"))
    assert chunks[-1] == TextDelta("a")
    assert finish(ending).raw_reason == "OTHER"


@pytest.mark.parametrize("streaming", [True, False])
def test_a_blocked_prompt_is_a_failure(streaming: bool) -> None:
    said = {"promptFeedback": {"blockReason": "SAFETY", "blockReasonMessage": "Not this."}}
    _, ending = streamed(said) if streaming else whole(said)
    found = failure(ending)
    assert (found.code, found.message, found.provider_code) == (
        "content_filter",
        "Not this.",
        "SAFETY",
    )
    assert not found.retryable


def test_an_answer_that_is_stopped_before_it_begins_is_a_failure() -> None:
    _, ending = whole({"candidates": [{"finishReason": "SAFETY"}]})
    assert failure(ending).code == "content_filter"
    assert failure(ending).provider_code == "SAFETY"


def test_a_block_after_content_is_an_ending() -> None:
    chunks, ending = streamed(body({"text": "a"}), {"promptFeedback": {"blockReason": "OTHER"}})
    assert chunks == [TextDelta("a")]
    assert (finish(ending).reason, finish(ending).raw_reason) == ("content_filter", "OTHER")


def test_a_stream_without_a_reason_is_incomplete() -> None:
    chunks, ending = streamed(body({"text": "a"}))
    assert chunks == [TextDelta("a")]
    assert failure(ending).code == "incomplete_stream"
    assert failure(ending).retryable


def test_an_event_that_the_end_cuts_in_two_is_no_answer() -> None:
    data = events(body({"text": "a"}), body({"text": "b"}, reason="STOP"))
    chunks, ending = fed([data[:-9]])
    assert chunks == [TextDelta("a")]
    assert failure(ending).code == "incomplete_stream"


def test_a_whole_answer_needs_a_candidate_and_no_reason() -> None:
    _, ending = whole(body({"text": "a"}))
    assert finish(ending).reason == "unknown"
    _, ending = whole({"responseId": "r1"})
    assert failure(ending).retryable


OVERLOADED = {"error": {"code": 503, "message": "Busy.", "status": "UNAVAILABLE"}}


@pytest.mark.parametrize(
    "written",
    [
        json.dumps(OVERLOADED),
        json.dumps(OVERLOADED, indent=2).replace("\n", "\r\n"),
        json.dumps([OVERLOADED], indent=2) + "\n\n",
        f"data: {json.dumps(OVERLOADED)}\r\n\r\n",
    ],
)
def test_an_error_in_the_midst_is_found_with_and_without_a_frame(written: str) -> None:
    data = events(body({"text": "a"})) + written.encode()
    for size in (1, 7, len(data)):
        chunks, ending = fed([data[i : i + size] for i in range(0, len(data), size)])
        assert chunks == [TextDelta("a")]
        found = failure(ending)
        assert (found.code, found.message, found.status) == ("provider_unavailable", "Busy.", 503)
        assert found.in_stream
        assert found.retryable


def test_an_error_in_an_event_ends_the_reading() -> None:
    decoding = decoder()
    assert decoding.feed(events(body({"text": "a"}), OVERLOADED)) == [TextDelta("a")]
    assert decoding.done


@pytest.mark.parametrize("headers", [JSON, {}])
def test_without_frames_a_stream_is_a_list(headers: dict[str, str]) -> None:
    listed = json.dumps(
        [body({"text": "a"}), body({"text": "b"}, reason="STOP")], indent=2
    ).encode()
    decoding = decoder(headers=headers)
    chunks = [*decoding.feed(listed[:30]), *decoding.feed(listed[30:])]
    ending = decoding.close()
    if headers:
        assert [*chunks, *ending.chunks] == [TextDelta("a"), TextDelta("b")]
        assert finish(ending).reason == "stop"
    else:
        assert failure(ending).code == "incomplete_stream"


@pytest.mark.parametrize(
    "data",
    [
        b"data: nonsense\r\n\r\n",
        b'data: {"candidates":[{"content":{"parts":[{"text":5}]}}]}\r\n\r\n',
        b'data: {"candidates":[{"content":{"parts":[{"text":"\xff"}]}}]}\r\n\r\n',
        b"data: " + b"[" * 100_000 + b"\r\n\r\n",
        b'data: {"candidates":[{"content":{"parts":[' + b'{"a":' * 100_000 + b"\r\n\r\n",
        b'data: {"candidates":[{"content":{"parts":[{"inlineData":{"data":"!"}}]}}]}\r\n\r\n',
    ],
)
def test_garbage_is_a_failure_and_nothing_else(data: bytes) -> None:
    decoding = decoder()
    assert decoding.feed(events(body({"text": "a"})) + data) == [TextDelta("a")]
    assert decoding.done
    assert failure(decoding.close()).code == "provider_unavailable"
    _, ending = fed([data.removeprefix(b"data: ")], streaming=False)
    assert failure(ending).code == "provider_unavailable"


def test_garbage_that_only_the_end_reads_is_a_failure() -> None:
    bad = b'{"candidates":[{"finishReason":"STOP","safetyRatings":["\xff"]}]}'
    _, ending = fed([bad], streaming=False)
    assert failure(ending).code == "provider_unavailable"


def test_an_error_that_a_good_whole_answer_holds_is_a_failure() -> None:
    _, ending = whole(OVERLOADED)
    assert (failure(ending).code, failure(ending).in_stream) == ("provider_unavailable", True)


def test_probabilities_are_joined() -> None:
    def step(token: str, **more: Any) -> dict[str, Any]:
        chosen = {"chosenCandidates": [{"token": token, "logProbability": -1.5}]}
        found: dict[str, Any] = body({"text": token}, logprobsResult=chosen, **more)
        return found

    _, ending = streamed(step("a"), step("b", reason="STOP", avgLogprobs=-1.5))
    chosen = [{"token": "a", "logProbability": -1.5}, {"token": "b", "logProbability": -1.5}]
    assert finish(ending).metadata == {
        "logprobs": {"chosenCandidates": chosen},
        "avg_logprobs": -1.5,
    }
