"""Anthropic gets back, byte for byte, what only it can read: three turns out of recordings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from beluga.dialects.anthropic import AnthropicDialect
from beluga.outcomes import Ok
from beluga.schema import (
    AIMessage,
    GenerateOptions,
    HumanMessage,
    Message,
    ProviderPart,
    ReasoningPart,
    Request,
    ToolMessage,
    fold,
)
from beluga.transport.http import ResponseHead
from tests.conformance.corpus import Recording, own_recordings, recordings

DIALECT: Final = AnthropicDialect("anthropic", "claude-opus-5", "https://example.com/v1/messages")
ANSWERED: Final = frozenset({"text", "thinking", "tool_use"})
"""Blocks whose words are the caller's to read; of thoughts, only the signature is opaque."""


class Block(msgspec.Struct):
    type: str
    signature: str = ""


class Delta(msgspec.Struct, frozen=True):
    type: str = ""
    partial_json: str = ""
    signature: str = ""


class Event(msgspec.Struct):
    type: str
    content_block: msgspec.Raw = msgspec.Raw(b"")
    delta: Delta = Delta()


class Body(msgspec.Struct):
    content: list[msgspec.Raw]


def opaque_in(recording: Recording) -> Iterator[bytes]:
    """What must go back of a recorded answer, read without the code under test."""
    if not recording.streaming:
        for raw in msgspec.json.decode(recording.body, type=Body).content:
            yield from _opaque(raw)
        return
    block, pieces = msgspec.Raw(b""), ""
    for line in re.findall(rb"^data: *(\{.*)$", recording.body, re.MULTILINE):
        event = msgspec.json.decode(line, type=Event)
        if event.type == "content_block_start":
            block, pieces = event.content_block, ""
        elif event.type == "content_block_stop":
            yield from [pieces.encode()] if pieces else _opaque(block)
        elif event.delta.type == "signature_delta":
            yield msgspec.json.encode(event.delta.signature)
        elif msgspec.json.decode(block or b'{"type":""}', type=Block).type not in ANSWERED:
            pieces += event.delta.partial_json
        if event.type == "message_stop":
            return


def _opaque(raw: msgspec.Raw) -> Iterator[bytes]:
    block = msgspec.json.decode(raw, type=Block)
    if block.type not in ANSWERED:
        yield bytes(raw)
    elif block.signature:
        yield msgspec.json.encode(block.signature)


def decoded(recording: Recording) -> AIMessage:
    request = Request((HumanMessage("?"),), GenerateOptions(), recording.streaming)
    decoder = DIALECT.decoder(request, ResponseHead(200, recording.headers))
    chunks = list(decoder.feed(recording.body))
    ending = decoder.close()
    assert isinstance(ending.outcome, Ok)
    message = fold([*chunks, *ending.chunks, ending.outcome.value])
    return msgspec.structs.replace(message, provider="anthropic")


def talk(answers: Sequence[AIMessage]) -> Request:
    """Return a conversation in which these were answered, kept as JSON in between."""
    messages: list[Message] = [HumanMessage("Go.")]
    for answer in answers:
        results: list[Message] = [
            ToolMessage("Done.", tool_call_id=c.id) for c in answer.tool_calls
        ]
        messages += [answer, *(results or [HumanMessage("Go on.")])]
    kept = msgspec.json.decode(msgspec.json.encode(messages), type=tuple[Message, ...])
    return Request(kept)


def thoughtful(stored: Sequence[Recording]) -> list[Recording]:
    """Return those whose answer holds something that only its maker can read."""
    odd = {"spliced_start", "error_in_stream", "error_first_in_stream", "filtered_in_stream"}
    good = [r for r in stored if r.status == 200 and r.name not in odd]
    return [recording for recording in good if any(opaque_in(recording))]


def check(stored: Sequence[Recording]) -> int:
    """Check every three recordings that follow one another; return how many conversations."""
    kept = thoughtful(stored)
    for start in range(len(kept) - 2):
        turns = kept[start : start + 3]
        sent = DIALECT.encode(talk([decoded(turn) for turn in turns]), Nobody()).body
        position = 0
        for turn in turns:
            for opaque in opaque_in(turn):
                found = sent.find(opaque, position)
                assert found >= 0, (turn.place, opaque)
                position = found + len(opaque)
    return len(kept) - 2


def test_three_turns_of_its_own_recordings() -> None:
    assert check(own_recordings("anthropic")) >= 2


def test_three_turns_of_the_larger_set() -> None:
    assert check(recordings("anthropic")) > 20


def test_thoughts_and_calls_of_a_turn_stay_in_their_order() -> None:
    for recording in thoughtful(own_recordings("anthropic")):
        message = decoded(recording)
        own = [p for p in message.parts if isinstance(p, ReasoningPart | ProviderPart)]
        assert all(part.origin == "anthropic" for part in own)
        body = DIALECT.encode(talk([message]), Nobody()).body
        (said,) = [t for t in msgspec.json.decode(body)["messages"] if t["role"] == "assistant"]
        assert len(said["content"]) == len(message.parts)


class Nobody:
    def unsupported(self, what: str, why: str, /) -> None:
        raise AssertionError((what, why))

    def foreign(self, what: str, why: str, /) -> None:
        raise AssertionError((what, why))

    def reworded(self, what: str, places: object, /) -> None:
        """A schema's words are not what is looked at here."""

    def answers_in(self, codec: str, /) -> None:
        """Nor is the way back from an answer."""
