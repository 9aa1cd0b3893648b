"""Signatures go back to Google byte for byte, each on the part it came with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from beluga.dialects.gemini import GeminiDialect
from beluga.outcomes import Ok
from beluga.schema import AIMessage, HumanMessage, Message, Request, ToolMessage, ToolSpec, fold
from beluga.transport.http import ResponseHead
from tests.conformance.corpus import Recording, own_recordings, recordings
from tests.oracles.matrix import conversation, write

DIALECT = GeminiDialect("gemini-3-flash-preview", "https://host/v1beta/models/m")
SENTINEL = "skip_thought_signature_validator"
HI = HumanMessage("Hi.")
OWN = [recording for recording in own_recordings("google") if recording.status == 200]

Signed = tuple[str, str | None, str]
"""What kind of part it is, its text if it is one, and its signature."""


def parts_of(recording: Recording) -> Iterator[Mapping[str, Any]]:
    """The parts that Google sent, as any reader of JSON sees them."""
    text = recording.body.decode().replace("\r\n", "\n")
    lines = [line.removeprefix("data:") for line in text.split("\n") if line.startswith("data:")]
    for body in map(json.loads, lines) if lines else [json.loads(text)]:
        for candidate in body.get("candidates", ()):
            yield from candidate.get("content", {}).get("parts", ())


def signed(parts: Iterator[Mapping[str, Any]]) -> list[Signed]:
    return [
        (
            next(key for key in sorted(part) if key != "thoughtSignature"),
            part.get("text"),
            signature,
        )
        for part in parts
        if (signature := part.get("thoughtSignature", SENTINEL)) != SENTINEL
    ]


def answer_in(recording: Recording) -> AIMessage | None:
    request = Request((HI,), streaming=recording.streaming)
    decoder = DIALECT.decoder(request, ResponseHead(200, recording.headers))
    chunks = [*decoder.feed(recording.body)]
    ending = decoder.close()
    if not isinstance(ending.outcome, Ok):
        return None
    return fold([*chunks, *ending.chunks, ending.outcome.value])


def sent(*messages: Message) -> list[Mapping[str, Any]]:
    contents = write(DIALECT, conversation(*messages, tools=(ToolSpec("f"),))).body["contents"]
    return [part for content in contents if content["role"] == "model" for part in content["parts"]]


def check(recording: Recording) -> int:
    """Check one recording and return how many signatures it has."""
    answer = answer_in(recording)
    if answer is None or answer.interrupted:
        return 0
    came = signed(parts_of(recording))
    assert signed(iter(sent(HI, answer, HI))) == came, recording.name
    return len(came)


@pytest.mark.parametrize("recording", OWN, ids=lambda recording: recording.name)
def test_every_signature_goes_back(recording: Recording) -> None:
    check(recording)


def test_every_signature_of_the_larger_set_goes_back() -> None:
    counted = [check(r) for r in recordings("google") if r.status == 200]
    assert sum(counted) > 20


def test_a_conversation_of_three_turns_with_tools() -> None:
    stored = {recording.name: recording for recording in OWN}
    turns = [stored[name] for name in ("tool_call", "stream", "code_execution_stream")]
    messages: list[Message] = []
    for turn in turns:
        answer = answer_in(turn)
        assert answer is not None
        messages += [HI, answer]
        messages += [ToolMessage("Rain.", tool_call_id=call.id) for call in answer.tool_calls]
    body = DIALECT.encode(conversation(*messages, HI), Complete()).body
    for turn in turns:
        came = signed(parts_of(turn))
        assert came
        for _, _, signature in came:
            assert f'"thoughtSignature":"{signature}"'.encode() in body.replace(b'": "', b'":"')
    assert signed(iter(sent(*messages, HI))) == [
        each for turn in turns for each in signed(parts_of(turn))
    ]


class Complete:
    """Nothing may be left out."""

    def unsupported(self, what: str, why: str) -> None:
        raise AssertionError(what)

    def foreign(self, what: str, why: str) -> None:
        raise AssertionError(what)

    def reworded(self, what: str, places: object) -> None:
        """A schema's words are not what is looked at here."""

    def answers_in(self, codec: str) -> None:
        """Nor is the way back from an answer."""
