"""What an answer rests on becomes citations of the characters it supports."""

from __future__ import annotations

import json
from typing import Any

import pytest

from beluga.dialects.gemini.decode import StreamDecoder, WholeDecoder
from beluga.outcomes import Ok
from beluga.schema import AIMessage, Citation, TextPart, fold
from beluga.transport.http import ResponseHead

PAGE = {"web": {"uri": "https://example.com/a", "title": "A"}}
PASSAGE = {"retrievedContext": {"title": "B", "text": "Quoted.", "customMetadata": [{"key": "k"}]}}
CODE = {"executableCode": {"code": "1"}}


def support(start: int | None, end: int | None, *numbers: int, **more: Any) -> dict[str, Any]:
    segment = {"startIndex": start, "endIndex": end, **more}
    known = {key: value for key, value in segment.items() if value is not None}
    return {"segment": known, "groundingChunkIndices": list(numbers)}


def grounding(*supports: dict[str, Any], sources: Any = (PAGE, PASSAGE)) -> dict[str, Any]:
    return {"groundingChunks": list(sources), "groundingSupports": list(supports)}


def answered(*parts: str | dict[str, Any], streaming: bool = False, **more: Any) -> AIMessage:
    written = [{"text": part} if isinstance(part, str) else part for part in parts]
    candidates = [{"content": {"parts": written}, "finishReason": "STOP", **more}]
    if streaming:
        steps = [{"candidates": [{"content": {"parts": [part]}}]} for part in written]
        last = {"candidates": [{"finishReason": "STOP", **more}]}
        data = b"".join([f"data: {json.dumps(step)}\r\n\r\n".encode() for step in [*steps, last]])
        decoding: StreamDecoder | WholeDecoder = StreamDecoder(ResponseHead(200))
    else:
        data = json.dumps({"candidates": candidates}).encode()
        decoding = WholeDecoder(ResponseHead(200))
    chunks = decoding.feed(data)
    ending = decoding.close()
    assert isinstance(ending.outcome, Ok)
    return fold([*chunks, *ending.chunks, ending.outcome.value])


def cited(message: AIMessage) -> list[tuple[int, str | None, str | None]]:
    """Which text, which source, and the words it supports."""
    texts = [part for part in message.parts if isinstance(part, TextPart)]
    return [
        (
            index,
            citation.title,
            None if citation.end is None else text.text[citation.start : citation.end],
        )
        for index, text in enumerate(texts)
        for citation in text.citations
    ]


@pytest.mark.parametrize("streaming", [True, False])
def test_a_stretch_cites_its_sources(streaming: bool) -> None:
    found = grounding(support(None, 5, 0, 1, text="Paris"), support(9, 14, 1, text="Seine"))
    message = answered("Paris, la ", "Seine.", streaming=streaming, groundingMetadata=found)
    assert cited(message) == [(0, "A", "Paris"), (0, "B", "Paris"), (0, "B", "Seine")]
    assert message.text == "Paris, la Seine."


def test_a_citation_says_all_that_is_known_of_its_source() -> None:
    message = answered("Paris", groundingMetadata=grounding(support(0, 5, 0), support(0, 5, 1)))
    [part] = message.parts
    assert isinstance(part, TextPart)
    assert part.citations == (
        Citation(url="https://example.com/a", title="A", start=0, end=5, raw=json.dumps(PAGE)),
        Citation(title="B", text="Quoted.", start=0, end=5, raw=json.dumps(PASSAGE)),
    )
    assert message.metadata == {"grounding": grounding(support(0, 5, 0), support(0, 5, 1))}


@pytest.mark.parametrize("text", ["Zürich, 東京, 🌊 sea", "ascii first 🌊 sea"])
def test_places_are_counted_in_bytes_and_cited_in_characters(text: str) -> None:
    for word in text.split():
        start = len(text[: text.index(word)].encode())
        end = start + len(word.encode())
        message = answered(text, groundingMetadata=grounding(support(start, end, 0, text=word)))
        assert cited(message) == [(0, "A", word)]


def test_a_place_is_found_in_the_text_it_is_in() -> None:
    found = grounding(support(6, 9, 0, text="two"))
    assert cited(answered("one", CODE, "is two", groundingMetadata=found)) == [(1, "A", "two")]


def test_a_quotation_tells_the_place_where_the_count_does_not() -> None:
    found = grounding(support(3, 6, 0, text="two", partIndex=2))
    message = answered("one or two", CODE, "is two", groundingMetadata=found)
    assert cited(message) == [(0, "A", "two")]
    unheard = grounding(support(50, 60, 0, text="never said"))
    assert cited(answered("one", groundingMetadata=unheard)) == [(0, "A", None)]


def test_sources_of_nothing_in_particular_are_those_of_the_last_text() -> None:
    message = answered("one", CODE, "two", groundingMetadata={"groundingChunks": [PAGE]})
    assert cited(message) == [(1, "A", None)]


def test_a_source_that_is_not_there_is_none() -> None:
    message = answered("one", groundingMetadata=grounding(support(0, 3, 7, -1)))
    assert message.content == "one"


def test_a_source_of_another_form_is_kept_raw() -> None:
    message = answered("one", groundingMetadata=grounding(support(0, 3, 0), sources=["odd"]))
    [part] = message.parts
    assert isinstance(part, TextPart)
    assert part.citations == (Citation(start=0, end=3, raw='"odd"'),)


def test_an_answer_without_text_has_its_sources_in_the_metadata() -> None:
    message = answered(CODE, groundingMetadata=grounding(support(0, 3, 0)))
    assert cited(message) == []
    assert "grounding" in message.metadata


@pytest.mark.parametrize("key", ["citations", "citationSources"])
def test_what_is_repeated_word_for_word_is_cited(key: str) -> None:
    source = {"startIndex": 3, "endIndex": 6, "uri": "https://example.com/b", "license": "mit"}
    message = answered("Ä two", citationMetadata={key: [source]})
    [part] = message.parts
    assert isinstance(part, TextPart)
    raw = json.dumps(source)
    assert part.citations == (Citation(url="https://example.com/b", start=2, end=5, raw=raw),)


def test_odd_grounding_does_not_cost_the_answer() -> None:
    message = answered("one", groundingMetadata={"groundingSupports": "odd"})
    assert message.content == "one"


def test_nothing_known_is_nothing_said() -> None:
    assert answered("one", streaming=True, groundingMetadata={}).metadata == {}
