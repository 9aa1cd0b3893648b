"""Answers on the chat-completions wire, whole and streamed."""

from __future__ import annotations

from typing import Final

import msgspec

from beluga.dialects.chat.answer import Answer
from beluga.dialects.chat.wire import Body
from beluga.dialects.decoding import BodyDecoder
from beluga.dialects.events import EventDecoder
from beluga.dialects.openai_failures import failure_in
from beluga.outcomes import Outcome
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

    what = "a stream of chat completions"

    def __init__(self, head: ResponseHead, origin: str) -> None:
        self._answer = Answer(origin)
        super().__init__(head, self._answer)

    def step(self, event: SseEvent, chunks: list[Emission]) -> None:
        """Take in one event and append its chunks."""
        if event.data == b"[DONE]":
            self.finish()
            return
        body = _decode(event.data)
        if body.error or event.name == b"error" or body.kind == "error":
            if body.usage is not None:
                self._answer.take_usage(body.usage)
            self.fail(failure_in(self.head, event.data, in_stream=True))
            return
        self._answer.take(body, chunks)

    def end(self) -> tuple[list[Emission], Outcome[Finish]]:
        """Return what was held back, and how the answer ended."""
        return self._answer.close(self.done)


class WholeDecoder(BodyDecoder):
    """Decode an answer that comes in one body."""

    what = "the answer of chat completions"

    def __init__(self, head: ResponseHead, origin: str) -> None:
        self._answer = Answer(origin)
        super().__init__(head, self._answer)

    def read(self, data: bytes) -> Ending:
        """Return what the body tells."""
        body = _decode(data)
        if body.error:
            return Ending((), failure_in(self.head, data, in_stream=True))
        if not body.choices:
            return Ending((), garbage("the answer holds no choices", data))
        chunks: list[Emission] = []
        self._answer.take(body, chunks)
        rest, outcome = self._answer.close(True)
        return Ending([*chunks, *rest], outcome)
