"""Blocks of Converse that hold more than text and calls."""

from __future__ import annotations

import json
from typing import Any

from beluga.schema import (
    AudioPart,
    Citation,
    ImagePart,
    PartDone,
    ProviderPart,
    ReasoningDelta,
    ReasoningPart,
    TextDelta,
    TextPart,
)
from tests.dialects.converse_events import (
    delta,
    end,
    fed,
    message,
    start,
    stop,
    streamed,
    whole,
)


def test_reasoning_keeps_its_signature() -> None:
    thoughts = ({"text": "H"}, {"text": "m."}, {"text": ""}, {"signature": "EqoB+/=="})
    pieces = [delta(0, reasoningContent=thought) for thought in thoughts]
    chunks, _ = streamed(*pieces, stop(0), delta(1, text="Yes."), stop(1), end())
    done = PartDone(0, ReasoningPart("Hm.", signature="EqoB+/==", origin="bedrock"))
    assert chunks == [ReasoningDelta("H"), ReasoningDelta("m."), done, TextDelta("Yes.")]


def test_reasoning_without_a_signature_is_its_text() -> None:
    chunks, _ = streamed(delta(0, reasoningContent={"text": "Hm."}), stop(0), end())
    assert chunks == [ReasoningDelta("Hm.")]


def test_reasoning_that_is_not_to_be_read_goes_back_as_it_came() -> None:
    chunks, _ = streamed(delta(0, reasoningContent={"redactedContent": "RXRr+/=="}), stop(0), end())
    opaque = '{"reasoningContent":{"redactedContent":"RXRr+/=="}}'
    assert chunks == [PartDone(0, ReasoningPart("", opaque=opaque, origin="bedrock"))]
    raw = b'{"reasoningContent" : {"redactedContent":"RXRr"} }'
    answer = b'{"output":{"message":{"content":[' + raw + b']}},"stopReason":"end_turn"}'
    chunks, _ = fed(answer, 9, streaming=False)
    assert chunks == [PartDone(0, ReasoningPart("", opaque=raw.decode(), origin="bedrock"))]


def test_pieces_of_what_is_not_to_be_read_are_joined_as_bytes() -> None:
    pieces = [delta(0, reasoningContent={"redactedContent": text}) for text in ("YQ==", "YmM=")]
    chunks, _ = streamed(*pieces, stop(0), end())
    [done] = chunks
    assert isinstance(done, PartDone)
    assert isinstance(done.part, ReasoningPart)
    assert json.loads(done.part.opaque or "") == {"reasoningContent": {"redactedContent": "YWJj"}}


def test_what_the_provider_runs_itself_goes_back_as_it_came() -> None:
    use = {"toolUseId": "t", "name": "nova_code_interpreter", "type": "server_tool_use"}
    result = {"toolUseId": "t", "status": "success", "type": "nova_code_interpreter_result"}
    content: list[dict[str, Any]] = [{"json": {"stdOut": "42"}}, {"text": "Done."}]
    chunks, ending = streamed(
        start(0, toolUse=use),
        delta(0, toolUse={"input": '{"snippet":'}),
        delta(0, toolUse={"input": '"6*7"}'}),
        stop(0),
        start(1, toolResult=result),
        delta(1, toolResult=content[:1]),
        delta(1, toolResult=content[1:]),
        stop(1),
        delta(2, text="42."),
        end(),
    )
    ran, gave, said = message(chunks, ending).parts
    assert isinstance(ran, ProviderPart)
    assert isinstance(gave, ProviderPart)
    assert (ran.kind, ran.text) == ("server_tool_use", None)
    assert json.loads(ran.raw) == {"toolUse": {**use, "input": {"snippet": "6*7"}}}
    assert (gave.kind, gave.text) == ("nova_code_interpreter_result", "Done.")
    assert json.loads(gave.raw) == {"toolResult": {**result, "content": content}}
    assert said == TextPart("42.")


def test_a_whole_answers_blocks_of_other_kinds_are_the_providers() -> None:
    blocks: list[dict[str, Any]] = [
        {"toolUse": {"toolUseId": "t", "name": "n", "input": {}, "type": "server_tool_use"}},
        {"toolResult": {"toolUseId": "t", "content": [{"text": "42"}], "type": "n_result"}},
        {"somethingNew": {"a": 1}},
    ]
    parts = message(*whole(*blocks)).parts
    assert [type(part) for part in parts] == [ProviderPart] * 3
    assert [(p.kind, p.text) for p in parts if isinstance(p, ProviderPart)] == [
        ("server_tool_use", None),
        ("n_result", "42"),
        ("somethingNew", None),
    ]
    assert [json.loads(p.raw) for p in parts if isinstance(p, ProviderPart)] == blocks


CITED = {
    "title": "Guide",
    "source": "https://example.com/guide",
    "sourceContent": [{"text": "Rain "}, {"text": "falls."}],
    "location": {"documentChar": {"documentIndex": 0, "start": 4, "end": 9}},
}


def test_text_keeps_its_sources() -> None:
    web = {"location": {"web": {"url": "https://example.com/a"}}}
    pieces = (delta(0, text="It "), delta(0, citation=CITED), delta(0, text="rains."))
    stream = streamed(*pieces, delta(0, citation=web), stop(0), delta(1, text=" Yes."), end())
    texts = [{"text": "It "}, {"text": "rains."}]
    block = {"citationsContent": {"content": texts, "citations": [CITED, web]}}
    for chunks, ending in (stream, whole(block, {"text": " Yes."})):
        first, second = message(chunks, ending).parts
        assert isinstance(first, TextPart)
        assert first.text == "It rains."
        guide, page = first.citations
        assert guide == Citation(
            url="https://example.com/guide", title="Guide", text="Rain falls.", raw=guide.raw
        )
        assert json.loads(guide.raw or "") == CITED
        assert page.url == "https://example.com/a"
        assert second == TextPart(" Yes.")


def test_media_that_the_model_made() -> None:
    pieces = [delta(0, image={"source": {"bytes": text}}) for text in ("YQ==", "YmM=")]
    chunks, _ = streamed(start(0, image={"format": "png"}), *pieces, stop(0), end())
    assert chunks == [PartDone(0, ImagePart(b"abc", media_type="image/png"))]
    picture = {"image": {"format": "png", "source": {"bytes": "YWJj"}}}
    sound = {"audio": {"format": "wav", "source": {"bytes": "YWJj"}}}
    stored = {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://b/c"}}}}
    broken = {"image": {"format": "png", "error": {"message": "no"}}}
    chunks, _ = whole(picture, sound, stored, broken)
    assert chunks == [
        PartDone(0, ImagePart(b"abc", media_type="image/png")),
        PartDone(1, AudioPart(b"abc", media_type="audio/wav")),
        PartDone(2, ImagePart(url="s3://b/c", media_type="image/png")),
    ]
