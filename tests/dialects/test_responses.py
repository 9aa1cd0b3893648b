"""Answers on the Responses wire, and how they go back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from beluga.dialects.responses import Quirks, ResponsesDialect
from beluga.dialects.responses.decode import StreamDecoder, WholeDecoder
from beluga.outcomes import Ok
from beluga.schema import (
    AIMessage,
    Emission,
    Failure,
    HumanMessage,
    ProviderPart,
    Request,
    TextDelta,
    TextPart,
    ToolCall,
    ToolMessage,
    fold,
)
from beluga.transport.http import ResponseHead
from tests.oracles.matrix import write

HEAD = ResponseHead(200, {"content-type": "text/event-stream"})
DIALECT = ResponsesDialect("openai", "gpt-5", "https://x/v1/responses", Quirks())

THOUGHT = '{"id":"rs_1","type":"reasoning","summary":[],"encrypted_content":"gAAA+/=="}'
CALL = '{"type":"function_call","id":"fc_1","call_id":"c1","name":"f","arguments":"{}"}'
SEARCH = '{"type":"web_search_call","id":"ws_1","action":{"type":"search"},"status":"completed"}'
SAID = (
    '{"type":"message","id":"msg_1","role":"assistant","phase":"final_answer",'
    '"content":[{"type":"output_text","text":"Rain.","annotations":[]}]}'
)


LIMIT = {"code": "rate_limit_exceeded", "message": "slow"}


def response(*items: str, status: str = "completed") -> str:
    return f'{{"id":"r1","model":"gpt-5","status":"{status}","output":[{",".join(items)}]}}'


def event(kind: str, **fields: object) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n"


def item(index: int, raw: str) -> str:
    kind = "response.output_item.done"
    return f'data: {{"type":"{kind}","output_index":{index},"item":{raw}}}\n\n'


def whole(body: str) -> AIMessage:
    decoder = WholeDecoder(HEAD, "openai")
    decoder.feed(body.encode())
    ending = decoder.close()
    assert isinstance(ending.outcome, Ok)
    finish = ending.outcome.value
    return _named(fold([*ending.chunks, finish]))


def streamed(*events: str) -> tuple[list[Emission], object]:
    decoder = StreamDecoder(HEAD, "openai")
    chunks: list[Emission] = list(decoder.feed("".join(events).encode()))
    ending = decoder.close()
    return [*chunks, *ending.chunks], ending.outcome


def _named(message: AIMessage) -> AIMessage:
    return AIMessage(
        message.content, provider="openai", metadata=message.metadata, finish_reason="stop"
    )


def items_of(*messages: AIMessage | HumanMessage | ToolMessage) -> list[dict[str, Any]]:
    written = write(DIALECT, Request(messages))
    items: list[dict[str, Any]] = written.body["input"]
    return items


def test_a_turn_goes_back_in_the_order_of_its_items_and_byte_for_byte() -> None:
    answers = [whole(response(THOUGHT, CALL)), whole(response(THOUGHT, SEARCH, SAID))]
    request = Request((HumanMessage("?"), answers[0], ToolMessage("wet", "c1"), answers[1]))

    class Omissions:
        def unsupported(self, what: str, why: str) -> None:
            raise AssertionError(what)

        foreign = unsupported

    body = DIALECT.encode(request, Omissions()).body.decode()
    assert body.count(THOUGHT) == 2
    assert SEARCH in body
    kinds = [entry.get("type", entry.get("role")) for entry in json.loads(body)["input"]]
    assert kinds == [
        "user",
        "reasoning",
        "function_call",
        "function_call_output",
        "reasoning",
        "web_search_call",
        "message",
    ]


def test_what_was_said_goes_back_with_its_id_and_phase() -> None:
    [said] = items_of(whole(response(SAID)))
    assert (said["id"], said["phase"], said["content"][0]["text"]) == (
        "msg_1",
        "final_answer",
        "Rain.",
    )
    assert items_of(AIMessage("Rain.")) == [{"role": "assistant", "content": "Rain."}]


def test_ids_of_items_may_change_on_the_way() -> None:
    added = {"type": "function_call", "id": "one", "call_id": "c1", "name": "f", "arguments": ""}
    chunks, outcome = streamed(
        event("response.output_item.added", output_index=0, item=added),
        event("response.function_call_arguments.delta", item_id="two", output_index=0, delta="{}"),
        item(0, CALL.replace("fc_1", "three")),
        event("response.completed", response=json.loads(response())),
    )
    assert isinstance(outcome, Ok)
    assert fold([*chunks, outcome.value]).tool_calls == (ToolCall("c1", "f", "{}"),)


def test_items_that_only_the_end_tells_are_not_lost() -> None:
    chunks, outcome = streamed(event("response.completed", response=json.loads(response(SAID))))
    assert isinstance(outcome, Ok)
    assert chunks == [TextDelta("Rain.")]


def test_sources_are_cited() -> None:
    link = {"type": "url_citation", "url": "https://x", "title": "X", "start_index": 0}
    said = json.loads(SAID)
    said["content"][0]["annotations"] = [link]
    [part] = whole(response(json.dumps(said))).parts
    assert isinstance(part, TextPart)
    [citation] = part.citations
    assert (citation.url, citation.title, citation.start) == ("https://x", "X", 0)
    assert json.loads(citation.raw or "") == link


def test_a_drawn_image_is_seen_and_goes_back_as_the_item_that_drew_it() -> None:
    drawn = (
        '{"type":"image_generation_call","id":"ig","result":"iVBORw0KGgo=","output_format":"png"}'
    )
    message = whole(response(drawn))
    item_part, image = message.parts
    assert isinstance(item_part, ProviderPart)
    assert getattr(image, "data", None) == b"\x89PNG\r\n\x1a\n"
    assert items_of(message) == [json.loads(drawn)]


@pytest.mark.parametrize(
    ("failed", "code"),
    [
        (
            event(
                "response.failed",
                response={"status": "failed", "error": {"code": "rate_limit_exceeded"}},
            ),
            "rate_limit",
        ),
        (event("error", code="server_error", message="no"), "provider_unavailable"),
        (event("error", error={"code": "insufficient_quota", "message": "no"}), "budget_exhausted"),
        ("data: {\n\n", "provider_unavailable"),
        ("", "incomplete_stream"),
    ],
)
def test_what_came_before_a_failure_is_not_lost(failed: str, code: str) -> None:
    delta = event("response.output_text.delta", output_index=0, content_index=0, delta="a")
    chunks, outcome = streamed(delta, failed)
    assert chunks == [TextDelta("a")]
    assert isinstance(outcome, Failure)
    assert outcome.code == code


def test_an_answer_cut_by_length_says_so() -> None:
    end = {
        "status": "incomplete",
        "incomplete_details": {"reason": "max_output_tokens"},
        "output": [],
    }
    added = {"type": "function_call", "call_id": "c1", "name": "f"}
    chunks, outcome = streamed(
        event("response.output_item.added", output_index=0, item=added),
        event("response.function_call_arguments.delta", output_index=0, delta='{"x":'),
        event("response.incomplete", response=end),
    )
    assert isinstance(outcome, Ok)
    message = fold([*chunks, outcome.value])
    assert (message.finish_reason, message.raw_finish_reason) == ("length", "max_output_tokens")
    assert message.cut_calls == (ToolCall("c1", "f", '{"x":'),)
