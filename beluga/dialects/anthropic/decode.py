"""Answers on the Messages wire, whole and streamed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from beluga.dialects.anthropic.answer import Answer
from beluga.dialects.anthropic.failures import failure_in
from beluga.dialects.anthropic.wire import Event, MessageWire
from beluga.errors import ModelError
from beluga.schema import Emission, Failure, Restarted, Usage
from beluga.transport.dialect import Ending
from beluga.transport.failures import garbage
from beluga.transport.http import ResponseHead
from beluga.transport.sse import SseEvent, SseReader

__all__ = ["StreamDecoder", "WholeDecoder"]

_NO_ERROR: Final = (msgspec.Raw(b""), msgspec.Raw(b"null"))
_UNREADABLE: Final = (msgspec.MsgspecError, RecursionError, UnicodeError)

_decode_event: Final = msgspec.json.Decoder(Event, strict=False).decode
_decode_message: Final = msgspec.json.Decoder(MessageWire, strict=False).decode


class StreamDecoder:
    """Decode a stream of events.

    Args:
        head: The response's head.
        origin: Whose thoughts they are.
    """

    def __init__(self, head: ResponseHead, origin: str) -> None:
        self._head, self._origin = head, origin
        self._reader = SseReader()
        self._answer = Answer(origin)
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
        try:
            return self._take_all(self._reader.feed(data))
        except ModelError as error:  # an event beyond all measure
            self._fail(error.failure)
            return []

    def close(self) -> Ending:
        """Take in the end of the body."""
        chunks = [] if self._done else self._take_all(self._reader.close(), last=True)
        if self._failure is None and not self._done:
            message = "the stream ended without message_stop"
            self._fail(Failure("incomplete_stream", message, retryable=True))
        if self._failure is not None:
            return Ending(chunks, self._failure)
        rest, outcome = self._answer.finish()
        return Ending([*chunks, *rest], outcome)

    def _take_all(self, events: Sequence[SseEvent], *, last: bool = False) -> list[Emission]:
        chunks: list[Emission] = []
        for event in events:
            if self._done:
                break
            if event.data == b"[DONE]":  # gateways send what chat completions end with
                continue
            try:
                chunks += self._take(_decode_event(event.data), event)
            except _UNREADABLE:
                # An event that the end of the body has cut in two is no garbage.
                if not last:
                    self._fail(garbage("an event of the stream cannot be read", event.data))
                break
        return chunks

    def _take(self, event: Event, sse: SseEvent) -> list[Emission]:
        answer = self._answer
        match event.type:
            case "content_block_delta" if event.delta is not None:
                return answer.add(event.index, event.delta)
            case "content_block_start":
                return answer.open_block(event.index, event.content_block)
            case "content_block_stop":
                return answer.close_block(event.index)
            case "message_start" if event.message is not None:
                return self._start(event.message)
            case "message_delta":
                self._take_ending(event)
            case "message_stop":
                self._done = True
            case _ if sse.name == b"error" or event.error not in _NO_ERROR:
                self._fail(failure_in(self._head, sse.data, in_stream=True))
            case _:  # a ping, or what is new
                pass
        return []

    def _start(self, message: MessageWire) -> list[Emission]:
        """Begin; between client and server somebody may have sent the beginning twice.

        The same message again is the same. Another one is a second generation, made after the first
        broke off, so that the first is void.
        """
        before = self._answer
        if before.id is None:
            return before.begin(message)
        if message.id == before.id:
            return []
        self._answer = Answer(self._origin)
        chunks = self._answer.begin(message)
        if not before.has_content:
            return chunks
        why = "another answer began in the same stream before this one had ended"
        broken = Failure("incomplete_stream", why, in_stream=True, retryable=True)
        return [Restarted(broken), *chunks]

    def _take_ending(self, event: Event) -> None:
        if event.delta is not None:
            self._answer.take_ending(event.delta)
        if event.usage is not None:
            self._answer.take_usage(event.usage)
        self._answer.tell("context_management", event.context_management)

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
            message = _decode_message(data)
            if message.error not in _NO_ERROR:
                return Ending((), failure_in(self._head, data, in_stream=True))
            if message.content is None:
                return Ending((), garbage("the answer is no message", data))
            chunks = self._answer.begin(message)
        except _UNREADABLE:
            return Ending((), garbage("the answer cannot be read", data))
        rest, outcome = self._answer.finish()
        return Ending([*chunks, *rest], outcome)
