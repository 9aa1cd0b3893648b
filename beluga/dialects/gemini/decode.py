"""Answers on Gemini's wire, whole and streamed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from beluga.dialects.gemini.answer import Answer
from beluga.dialects.gemini.failures import failure_in
from beluga.dialects.gemini.wire import ABSENT, Body
from beluga.outcomes import Outcome
from beluga.schema import Emission, Failure, Finish, Usage
from beluga.transport.dialect import Ending
from beluga.transport.failures import garbage
from beluga.transport.http import ResponseHead
from beluga.transport.sse import SseEvent, SseReader

__all__ = ["StreamDecoder", "WholeDecoder"]

_NO_ERROR: Final = (ABSENT, msgspec.Raw(b"null"), msgspec.Raw(b"{}"))

# Base64 that is none is a ValueError, as are undecodable bytes.
_GARBAGE: Final = (msgspec.MsgspecError, RecursionError, ValueError)

_decode: Final = msgspec.json.Decoder(Body, strict=False).decode
_decode_list: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode


class StreamDecoder:
    """Decode a stream of events, each an answer of the same form as a whole one.

    There is no terminal event. A finish reason is the terminal marker, but not the end: where
    Google's own tools run, one comes after each round, and the stream goes on. So the body is read
    to its end.
    """

    def __init__(self, head: ResponseHead) -> None:
        self._head = head
        self._reader = SseReader()
        self._answer = Answer()
        self._failure: Failure | None = None

    @property
    def usage(self) -> Usage:
        """What Google has said of tokens so far."""
        return self._answer.usage

    @property
    def done(self) -> bool:
        """Whether a failure has been seen; the end shows itself only by the end of the body."""
        return self._failure is not None

    def feed(self, data: bytes, /) -> list[Emission]:
        """Take in bytes and return the chunks that they complete."""
        return self._take(self._reader.feed(data))

    def close(self) -> Ending:
        """Take in the end of the body."""
        chunks = self._take(self._reader.close(), last=True)
        if self._failure is not None:
            return Ending(chunks, self._failure)
        rest, outcome = _ended(self._answer, whole=False)
        if isinstance(outcome, Failure) and self._reader.stray:
            # An error that comes in the midst of a stream is no event, but plain JSON.
            outcome = self._stray(outcome)
        return Ending([*chunks, *rest], outcome)

    def _stray(self, otherwise: Failure) -> Failure:
        stray = self._reader.stray
        found = failure_in(self._head, stray, in_stream=True)
        return found if found.provider_code is not None or b'"error"' in stray else otherwise

    def _take(self, events: Sequence[SseEvent], *, last: bool = False) -> list[Emission]:
        chunks: list[Emission] = []
        for event in events:
            if self._failure is not None:
                break
            try:
                body = _decode(event.data)
                if body.error not in _NO_ERROR:
                    self._failure = failure_in(self._head, event.data, in_stream=True)
                    break
                self._answer.take(body, event.data, chunks)
            except _GARBAGE:
                # An event that the end of the body has cut in two is no garbage.
                if not last:
                    what = "an event of the stream is no Gemini answer"
                    self._failure = garbage(what, event.data)
        return chunks


class WholeDecoder:
    """Decode an answer that comes in one body, or in a list of them, as without `alt=sse`."""

    def __init__(self, head: ResponseHead) -> None:
        self._head = head
        self._pieces: list[bytes] = []
        self._answer = Answer()

    @property
    def usage(self) -> Usage:
        """What Google has said of tokens."""
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
        chunks: list[Emission] = []
        try:
            listed = data.lstrip().startswith(b"[")
            for raw in _decode_list(data) if listed else [msgspec.Raw(data)]:
                body = _decode(raw)
                if body.error not in _NO_ERROR:
                    return Ending(chunks, failure_in(self._head, bytes(raw), in_stream=True))
                self._answer.take(body, bytes(raw), chunks)
        except _GARBAGE:
            return Ending(chunks, garbage("the answer is none of Gemini's", data))
        rest, outcome = _ended(self._answer, whole=True)
        return Ending([*chunks, *rest], outcome)


def _ended(answer: Answer, *, whole: bool) -> tuple[list[Emission], Outcome[Finish]]:
    try:
        return answer.close(whole=whole)
    except _GARBAGE:
        return [], garbage("what Gemini told of its answer cannot be read")
