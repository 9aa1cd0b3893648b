"""Answers of Cohere's, whole and streamed."""

from __future__ import annotations

from typing import Final

import msgspec

from beluga.dialects.cohere.answer import FAILED, Answer
from beluga.dialects.cohere.failures import failure_in, generation_failure
from beluga.dialects.cohere.wire import Body, Delta
from beluga.dialects.decoding import BodyDecoder, incomplete
from beluga.dialects.events import EventDecoder
from beluga.outcomes import Ok, Outcome
from beluga.schema import Emission, Finish
from beluga.transport.dialect import Ending
from beluga.transport.failures import garbage
from beluga.transport.http import ResponseHead
from beluga.transport.sse import SseEvent

__all__ = ["StreamDecoder", "WholeDecoder"]

_decode: Final = msgspec.json.Decoder(Body, strict=False).decode


class StreamDecoder(EventDecoder):
    """Decode a stream of events.

    Args:
        head: The response's head.
        origin: Whose reasoning it is.
    """

    what = "a stream of Cohere's"

    def __init__(self, head: ResponseHead, origin: str) -> None:
        self._answer = Answer(origin)
        self._word: str | None = None
        super().__init__(head, self._answer)

    def step(self, event: SseEvent, chunks: list[Emission]) -> None:
        """Take in one event and append its chunks."""
        if event.data == b"[DONE]":
            self.finish()
            return
        body = _decode(event.data)
        if isinstance(body.message, str) or event.name == b"error":
            self.fail(failure_in(self.head, event.data, in_stream=True))
            return
        delta = body.delta or Delta()
        if delta.usage is not None:
            self._answer.take_usage(delta.usage)
        self._answer.take(body, delta.message, chunks)
        if "message-end" in (body.type, event.name.decode()):
            self._end(delta, event.data)

    def end(self) -> tuple[list[Emission], Outcome[Finish]]:
        """Return what was held back, and how the answer ended."""
        if self._word is None:
            return [], incomplete("the event that ends the message")
        rest, finish = self._answer.close(self._word)
        return rest, Ok(finish)

    def _end(self, delta: Delta, data: bytes) -> None:
        self._word = delta.finish_reason or ""
        self.finish()
        if self._word in FAILED and (delta.error or not self._answer.has_content):
            self.fail(generation_failure(self.head, data, self._word, delta.error))


class WholeDecoder(BodyDecoder):
    """Decode an answer that comes in one body."""

    what = "Cohere's answer"

    def __init__(self, head: ResponseHead, origin: str) -> None:
        self._answer = Answer(origin)
        super().__init__(head, self._answer)

    def read(self, data: bytes) -> Ending:
        """Return what the body tells."""
        body = _decode(data)
        if isinstance(body.message, str):
            return Ending((), failure_in(self.head, data, in_stream=True))
        if body.message is None and body.finish_reason is None:
            return Ending((), garbage("the answer holds no message", data))
        if body.usage is not None:
            self._answer.take_usage(body.usage)
        chunks: list[Emission] = []
        self._answer.take(body, body.message, chunks)
        word = body.finish_reason or ""
        if word in FAILED and not self._answer.has_content:
            return Ending(chunks, generation_failure(self.head, data, word, None))
        rest, finish = self._answer.close(word)
        return Ending([*chunks, *rest], Ok(finish))
