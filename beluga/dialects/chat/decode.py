"""Answers on the chat-completions wire, whole and streamed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from beluga.dialects.chat.answer import Answer
from beluga.dialects.chat.wire import Body
from beluga.dialects.openai_failures import failure_in
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
        rest, outcome = self._answer.close(self._done)
        return Ending([*chunks, *rest], outcome)

    def _take(self, events: Sequence[SseEvent], *, last: bool = False) -> list[Emission]:
        chunks: list[Emission] = []
        for event in events:
            if self._done:
                break
            if event.data == b"[DONE]":
                self._done = True
                break
            try:
                body = _decode(event.data)
            except (msgspec.MsgspecError, RecursionError, UnicodeError):
                # An event that the end of the body has cut in two is no garbage.
                if not last:
                    self._fail(garbage("an event of the stream is no chat completion", event.data))
                break
            if body.error or event.name == b"error" or body.kind == "error":
                if body.usage is not None:
                    self._answer.take_usage(body.usage)
                self._fail(failure_in(self._head, event.data, in_stream=True))
                break
            self._answer.take(body, chunks)
        return chunks

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
            body = _decode(data)
        except (msgspec.MsgspecError, RecursionError, UnicodeError):
            return Ending((), garbage("the answer is no chat completion", data))
        if body.error:
            return Ending((), failure_in(self._head, data, in_stream=True))
        if not body.choices:
            return Ending((), garbage("the answer holds no choices", data))
        chunks: list[Emission] = []
        self._answer.take(body, chunks)
        rest, outcome = self._answer.close(True)
        return Ending([*chunks, *rest], outcome)
