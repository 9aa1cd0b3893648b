"""Answers of Cohere's, whole and streamed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from beluga.dialects.cohere.answer import FAILED, Answer
from beluga.dialects.cohere.failures import failure_in, generation_failure
from beluga.dialects.cohere.wire import Body, Delta
from beluga.outcomes import Ok
from beluga.schema import Emission, Failure, Usage
from beluga.transport.dialect import Ending
from beluga.transport.failures import garbage
from beluga.transport.http import ResponseHead
from beluga.transport.sse import SseEvent, SseReader

__all__ = ["StreamDecoder", "WholeDecoder"]

_decode: Final = msgspec.json.Decoder(Body, strict=False).decode


class StreamDecoder:
    """Decode a stream of events.

    Args:
        head: The response's head.
        origin: Whose reasoning it is.
    """

    def __init__(self, head: ResponseHead, origin: str) -> None:
        self._head = head
        self._reader = SseReader()
        self._answer = Answer(origin)
        self._word: str | None = None
        self._failure: Failure | None = None
        self._done = False

    @property
    def usage(self) -> Usage:
        """What Cohere has said of tokens so far."""
        return self._answer.usage

    @property
    def done(self) -> bool:
        """Whether the last event or a failure has been seen."""
        return self._done

    def feed(self, data: bytes, /) -> list[Emission]:
        """Take in bytes and return the chunks that they complete."""
        return self._take(self._reader.feed(data))

    def close(self) -> Ending:
        """Take in the end of the body."""
        chunks = self._take(self._reader.close(), last=True)
        if self._failure is not None:
            return Ending(chunks, self._failure)
        if self._word is None:
            message = "the stream ended without the event that ends the message"
            return Ending(chunks, Failure("incomplete_stream", message, retryable=True))
        rest, finish = self._answer.close(self._word)
        return Ending([*chunks, *rest], Ok(finish))

    def _take(self, events: Sequence[SseEvent], *, last: bool = False) -> list[Emission]:
        chunks: list[Emission] = []
        for event in events:
            if self._done:
                break
            try:
                self._take_event(event, chunks)
            except (msgspec.MsgspecError, RecursionError, UnicodeError):
                # An event that the end of the body has cut in two is no garbage.
                if not last:
                    self._fail(garbage("an event of the stream is none of Cohere's", event.data))
                break
        return chunks

    def _take_event(self, event: SseEvent, chunks: list[Emission]) -> None:
        if event.data == b"[DONE]":
            self._done = True
            return
        body = _decode(event.data)
        if isinstance(body.message, str) or event.name == b"error":
            self._fail(failure_in(self._head, event.data, in_stream=True))
            return
        delta = body.delta or Delta()
        if delta.usage is not None:
            self._answer.take_usage(delta.usage)
        self._answer.take(body, delta.message, chunks)
        if "message-end" in (body.type, event.name.decode()):
            self._end(delta, event.data)

    def _end(self, delta: Delta, data: bytes) -> None:
        self._word, self._done = delta.finish_reason or "", True
        if self._word in FAILED and (delta.error or not self._answer.has_content):
            self._fail(generation_failure(self._head, data, self._word, delta.error))

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
        """What Cohere has said of tokens."""
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
            return self._ending(_decode(data), data)
        except (msgspec.MsgspecError, RecursionError, UnicodeError):
            return Ending((), garbage("the answer is none of Cohere's", data))

    def _ending(self, body: Body, data: bytes) -> Ending:
        if isinstance(body.message, str):
            return Ending((), failure_in(self._head, data, in_stream=True))
        if body.message is None and body.finish_reason is None:
            return Ending((), garbage("the answer holds no message", data))
        if body.usage is not None:
            self._answer.take_usage(body.usage)
        chunks: list[Emission] = []
        self._answer.take(body, body.message, chunks)
        word = body.finish_reason or ""
        if word in FAILED and not self._answer.has_content:
            return Ending(chunks, generation_failure(self._head, data, word, None))
        rest, finish = self._answer.close(word)
        return Ending([*chunks, *rest], Ok(finish))
