"""Answers on the Messages wire, whole and streamed."""

from __future__ import annotations

from typing import Final

import msgspec

from beluga.dialects.anthropic.answer import Answer
from beluga.dialects.anthropic.failures import failure_in
from beluga.dialects.anthropic.wire import Event, MessageWire
from beluga.dialects.decoding import BodyDecoder, incomplete
from beluga.dialects.events import EventDecoder
from beluga.outcomes import Outcome
from beluga.schema import Emission, Failure, Finish, Restarted
from beluga.transport.dialect import Ending
from beluga.transport.failures import garbage
from beluga.transport.http import ResponseHead
from beluga.transport.sse import SseEvent

__all__ = ["StreamDecoder", "WholeDecoder"]

_NO_ERROR: Final = (msgspec.Raw(b""), msgspec.Raw(b"null"))

_decode_event: Final = msgspec.json.Decoder(Event, strict=False).decode
_decode_message: Final = msgspec.json.Decoder(MessageWire, strict=False).decode


class StreamDecoder(EventDecoder):
    """Decode a stream of events.

    Args:
        head: The response's head.
        origin: Whose thoughts they are.
    """

    what = "a stream of Messages"

    def __init__(self, head: ResponseHead, origin: str) -> None:
        self._origin = origin
        self._answer = Answer(origin)
        super().__init__(head, self._answer)

    def step(self, event: SseEvent, chunks: list[Emission]) -> None:
        """Take in one event and append its chunks."""
        if event.data != b"[DONE]":  # gateways send what chat completions end with
            chunks += self._take_event(_decode_event(event.data), event)

    def end(self) -> tuple[list[Emission], Outcome[Finish]]:
        """Return what was held back, and how the answer ended."""
        return self._answer.finish() if self.done else ([], incomplete("message_stop"))

    def _take_event(self, event: Event, sse: SseEvent) -> list[Emission]:
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
                self.finish()
            case _ if sse.name == b"error" or event.error not in _NO_ERROR:
                self.fail(failure_in(self.head, sse.data, in_stream=True))
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
        self.restart(self._answer)
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


class WholeDecoder(BodyDecoder):
    """Decode an answer that comes in one body."""

    what = "the answer of Messages"

    def __init__(self, head: ResponseHead, origin: str) -> None:
        self._answer = Answer(origin)
        super().__init__(head, self._answer)

    def read(self, data: bytes) -> Ending:
        """Return what the body tells."""
        message = _decode_message(data)
        if message.error not in _NO_ERROR:
            return Ending((), failure_in(self.head, data, in_stream=True))
        if message.content is None:
            return Ending((), garbage("the answer is no message", data))
        chunks = self._answer.begin(message)
        rest, outcome = self._answer.finish()
        return Ending([*chunks, *rest], outcome)
