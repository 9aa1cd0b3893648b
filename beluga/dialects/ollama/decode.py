"""Answers of an Ollama server, whole and streamed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from beluga.dialects.ollama.answer import Answer
from beluga.dialects.ollama.failures import failure_in
from beluga.dialects.ollama.wire import Line
from beluga.schema import Emission, Failure, Usage
from beluga.transport.dialect import Ending
from beluga.transport.failures import garbage
from beluga.transport.http import ResponseHead
from beluga.transport.ndjson import LineReader

__all__ = ["StreamDecoder", "WholeDecoder"]

_decode: Final = msgspec.json.Decoder(Line, strict=False).decode


class StreamDecoder:
    """Decode a stream of lines.

    Args:
        head: The response's head.
        origin: Whose reasoning it is.
        turn: Which message of the conversation the answer is.
    """

    def __init__(self, head: ResponseHead, origin: str, turn: int) -> None:
        self._head = head
        self._reader = LineReader()
        self._answer = Answer(origin, turn)
        self._failure: Failure | None = None
        self._done = False

    @property
    def usage(self) -> Usage:
        """What the server has said of tokens so far."""
        return self._answer.usage

    @property
    def done(self) -> bool:
        """Whether the last line or a failure has been seen."""
        return self._done

    def feed(self, data: bytes, /) -> list[Emission]:
        """Take in bytes and return the chunks that they complete."""
        return self.take(self._reader.feed(data))

    def close(self) -> Ending:
        """Take in the end of the body."""
        chunks = self.take(self._reader.close(), last=True)
        if self._failure is not None:
            return Ending(chunks, self._failure)
        rest, outcome = self._answer.close()
        return Ending([*chunks, *rest], outcome)

    def take(self, lines: Iterable[bytes], *, last: bool = False) -> list[Emission]:
        """Take in whole lines and return their chunks."""
        chunks: list[Emission] = []
        for data in lines:
            if self._done:
                break
            try:
                line = _decode(data)
                self._take_line(line, data, chunks)
            except (msgspec.MsgspecError, RecursionError, UnicodeError):
                # A line that the end of the body has cut in two is no garbage.
                if not last:
                    self._fail(garbage("a line of the stream is no chat answer", data))
                break
        return chunks

    def _take_line(self, line: Line, data: bytes, chunks: list[Emission]) -> None:
        if line.error:
            self._fail(failure_in(self._head, data, in_stream=True))
            return
        self._answer.take(line, chunks)
        self._done = bool(line.done)

    def _fail(self, failure: Failure) -> None:
        self._failure, self._done = failure, True


class WholeDecoder:
    """Decode an answer that comes in one body, or in lines although nobody asked for them."""

    def __init__(self, head: ResponseHead, origin: str, turn: int) -> None:
        self._lines = StreamDecoder(head, origin, turn)
        self._pieces: list[bytes] = []

    @property
    def usage(self) -> Usage:
        """What the server has said of tokens."""
        return self._lines.usage

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
        body = b"".join(self._pieces)
        one = _is_one_value(body)
        chunks = self._lines.take([body]) if one else self._lines.feed(body + b"\n")
        ending = self._lines.close()
        return Ending([*chunks, *ending.chunks], ending.outcome)


def _is_one_value(body: bytes) -> bool:
    """Whether *body* is one JSON value, be it laid out over many lines."""
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return False
    return True
