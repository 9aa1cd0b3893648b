"""Answers on the Responses wire, whole and streamed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from beluga.dialects.openai_failures import failure_in
from beluga.dialects.responses.answer import Answer
from beluga.dialects.responses.wire import Event, Response
from beluga.schema import Emission, Failure, Usage
from beluga.transport.dialect import Ending
from beluga.transport.failures import garbage
from beluga.transport.http import ResponseHead
from beluga.transport.sse import SseEvent, SseReader

__all__ = ["StreamDecoder", "WholeDecoder"]

_ENDS: Final = frozenset({"response.completed", "response.incomplete", "response.failed"})
_THOUGHTS: Final = frozenset(
    {"response.reasoning_summary_text.delta", "response.reasoning_text.delta"}
)
_ARGUMENTS: Final = frozenset(
    {"response.function_call_arguments.delta", "response.custom_tool_call_input.delta"}
)
_BAD: Final = (msgspec.MsgspecError, RecursionError, UnicodeError)

_event: Final = msgspec.json.Decoder(Event, strict=False).decode
_response: Final = msgspec.json.Decoder(Response, strict=False).decode


class StreamDecoder:
    """Decode a stream of events.

    Args:
        head: The response's head.
        origin: Whose items they are.
    """

    def __init__(self, head: ResponseHead, origin: str) -> None:
        self._head = head
        self._reader = SseReader()
        self._answer = Answer(origin)
        self._end: Response | None = None
        self._failure: Failure | None = None
        self._done = False

    @property
    def usage(self) -> Usage:
        """What the server has said of tokens so far."""
        return self._answer.usage

    @property
    def done(self) -> bool:
        """Whether the end or a failure has been seen."""
        return self._done

    def feed(self, data: bytes, /) -> list[Emission]:
        """Take in bytes and return the chunks that they complete."""
        return self._take(self._reader.feed(data))

    def close(self) -> Ending:
        """Take in the end of the body."""
        chunks = self._take(self._reader.close(), last=True)
        if self._failure is not None:
            return Ending(chunks, self._failure)
        try:
            rest, outcome = self._answer.close(self._end)
        except _BAD:
            return Ending(chunks, garbage("an item of the answer is no Responses item"))
        return Ending([*chunks, *rest], outcome)

    def _take(self, events: Sequence[SseEvent], *, last: bool = False) -> list[Emission]:
        chunks: list[Emission] = []
        for event in events:
            if event.data == b"[DONE]":  # some gateways say so after the last event
                self._done = True
            if self._done:
                break
            try:
                self._step(_event(event.data), event.data, chunks)
            except _BAD:
                # An event that the end of the body has cut in two is no garbage.
                if not last:
                    self._fail(garbage("an event of the stream is none of Responses", event.data))
                break
        return chunks

    def _step(self, event: Event, data: bytes, chunks: list[Emission]) -> None:
        answer, kind, delta = self._answer, event.type, event.delta
        if kind == "response.output_text.delta" and isinstance(delta, str):
            if delta:
                answer.say(event.output_index, event.content_index, delta, chunks)
        elif kind in _THOUGHTS and isinstance(delta, str):
            if delta:
                answer.think(event.output_index, delta, chunks)
        elif kind in _ARGUMENTS and isinstance(delta, str):
            if delta:
                answer.argue(event.output_index, delta, chunks)
        elif kind == "response.output_item.added":
            answer.open_item(event.output_index, event.item, chunks)
        elif kind == "response.output_item.done":
            answer.close_item(event.output_index, event.item, chunks)
        elif kind == "response.created" and event.response is not None:
            answer.begin(event.response)
        elif kind in _ENDS and event.response is not None:
            self._finish(event.response)
        elif kind == "error" or event.error:
            self._fail(failure_in(self._head, data, in_stream=True))

    def _finish(self, response: Response) -> None:
        if response.usage is not None:
            self._answer.take_usage(response.usage)
        if response.status == "failed" or response.error:
            self._fail(_refusal(self._head, response))
            return
        self._end, self._done = response, True

    def _fail(self, failure: Failure) -> None:
        self._failure, self._done = failure, True


class WholeDecoder:
    """Decode an answer that comes in one body."""

    def __init__(self, head: ResponseHead, origin: str) -> None:
        self._head = head
        self._pieces: list[bytes] = []
        self._answer = Answer(origin)

    @property
    def usage(self) -> Usage:
        """What the server has said of tokens."""
        return self._answer.usage

    @property
    def done(self) -> bool:
        """Whether nothing more is needed; only the end of the body tells."""
        return False

    def feed(self, data: bytes, /) -> list[Emission]:
        """Take in bytes."""
        self._pieces.append(data)
        return []

    def close(self) -> Ending:
        """Decode the body."""
        data = b"".join(self._pieces)
        try:
            response = _response(data)
            if response.usage is not None:
                self._answer.take_usage(response.usage)
            if response.status == "failed" or response.error:
                return Ending((), _refusal(self._head, response))
            if response.status is None:
                return Ending((), garbage("the answer has no status", data))
            self._answer.begin(response)
            chunks, outcome = self._answer.close(response)
        except _BAD:
            return Ending((), garbage("the answer is none of Responses", data))
        return Ending(chunks, outcome)


def _refusal(head: ResponseHead, response: Response) -> Failure:
    body = msgspec.json.encode({"error": response.error or {"message": "the response failed"}})
    return failure_in(head, body, in_stream=True)
