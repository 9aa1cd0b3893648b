"""Answers on Gemini's wire, whole and streamed."""

from __future__ import annotations

from typing import Final

import msgspec

from beluga.dialects.decoding import BodyDecoder
from beluga.dialects.events import EventDecoder
from beluga.dialects.gemini.answer import Answer
from beluga.dialects.gemini.failures import failure_in
from beluga.dialects.gemini.wire import ABSENT, Body
from beluga.outcomes import Outcome
from beluga.schema import Emission, Failure, Finish
from beluga.transport.dialect import Ending
from beluga.transport.http import ResponseHead
from beluga.transport.sse import SseEvent

__all__ = ["StreamDecoder", "WholeDecoder"]

_NO_ERROR: Final = (ABSENT, msgspec.Raw(b"null"), msgspec.Raw(b"{}"))

_decode: Final = msgspec.json.Decoder(Body, strict=False).decode
_decode_list: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode


class StreamDecoder(EventDecoder):
    """Decode a stream of events, each an answer of the same form as a whole one.

    There is no terminal event. A finish reason is the terminal marker, but not the end: where
    Google's own tools run, one comes after each round, and the stream goes on. So the body is read
    to its end.
    """

    what = "a stream of Gemini's"

    def __init__(self, head: ResponseHead) -> None:
        self._answer = Answer()
        super().__init__(head, self._answer)

    def step(self, event: SseEvent, chunks: list[Emission]) -> None:
        """Take in one event and append its chunks."""
        body = _decode(event.data)
        if body.error not in _NO_ERROR:
            self.fail(failure_in(self.head, event.data, in_stream=True))
        else:
            self._answer.take(body, event.data, chunks)

    def end(self) -> tuple[list[Emission], Outcome[Finish]]:
        """Return what was held back, and how the answer ended."""
        rest, outcome = self._answer.close(whole=False)
        if isinstance(outcome, Failure) and self.reader.stray:
            # An error that comes in the midst of a stream is no event, but plain JSON.
            outcome = self._stray(outcome)
        return rest, outcome

    def _stray(self, otherwise: Failure) -> Failure:
        stray = self.reader.stray
        found = failure_in(self.head, stray, in_stream=True)
        return found if found.provider_code is not None or b'"error"' in stray else otherwise


class WholeDecoder(BodyDecoder):
    """Decode an answer that comes in one body, or in a list of them, as without `alt=sse`."""

    what = "Gemini's answer"

    def __init__(self, head: ResponseHead) -> None:
        self._answer = Answer()
        super().__init__(head, self._answer)

    def read(self, data: bytes) -> Ending:
        """Return what the body tells."""
        chunks: list[Emission] = []
        listed = data.lstrip().startswith(b"[")
        for raw in _decode_list(data) if listed else [msgspec.Raw(data)]:
            body = _decode(raw)
            if body.error not in _NO_ERROR:
                return Ending(chunks, failure_in(self.head, bytes(raw), in_stream=True))
            self._answer.take(body, bytes(raw), chunks)
        rest, outcome = self._answer.close(whole=True)
        return Ending([*chunks, *rest], outcome)
