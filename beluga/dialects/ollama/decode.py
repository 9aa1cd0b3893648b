"""Answers of an Ollama server, whole and streamed."""

from __future__ import annotations

from typing import Final

import msgspec

from beluga.dialects.decoding import BodyDecoder, StepDecoder
from beluga.dialects.ollama.answer import Answer
from beluga.dialects.ollama.failures import failure_in
from beluga.dialects.ollama.wire import Line
from beluga.outcomes import Outcome
from beluga.schema import Emission, Finish
from beluga.transport.dialect import Ending
from beluga.transport.http import ResponseHead
from beluga.transport.ndjson import LineReader

__all__ = ["StreamDecoder", "WholeDecoder"]

_decode: Final = msgspec.json.Decoder(Line, strict=False).decode


class StreamDecoder(StepDecoder[bytes]):
    """Decode a stream of lines.

    Args:
        head: The response's head.
        origin: Whose reasoning it is.
        turn: Which message of the conversation the answer is.
    """

    what = "a stream of Ollama's"

    def __init__(self, head: ResponseHead, origin: str, turn: int) -> None:
        self._answer = Answer(origin, turn)
        super().__init__(head, LineReader(), self._answer)

    @staticmethod
    def bytes_of(event: bytes) -> bytes:
        """Return the line."""
        return event

    def step(self, event: bytes, chunks: list[Emission]) -> None:
        """Take in one line and append its chunks."""
        line = _decode(event)
        if line.error:
            self.fail(failure_in(self.head, event, in_stream=True))
            return
        self._answer.take(line, chunks)
        if line.done:
            self.finish()

    def end(self) -> tuple[list[Emission], Outcome[Finish]]:
        """Return what was held back, and how the answer ended."""
        return self._answer.close()


class WholeDecoder(BodyDecoder):
    """Decode an answer that comes in one body, or in lines although nobody asked for them."""

    what = "Ollama's answer"

    def __init__(self, head: ResponseHead, origin: str, turn: int) -> None:
        self._lines = StreamDecoder(head, origin, turn)
        super().__init__(head, self._lines)

    def read(self, data: bytes) -> Ending:
        """Return what the body tells."""
        line = _one_line(data) if _is_one_value(data) else data
        chunks = self._lines.feed(line + b"\n")
        ending = self._lines.close()
        return Ending([*chunks, *ending.chunks], ending.outcome)


def _one_line(value: bytes) -> bytes:
    """One JSON value, however it was laid out; a line end inside a text is written as an escape."""
    return value.replace(b"\n", b" ")


def _is_one_value(body: bytes) -> bool:
    """Whether *body* is one JSON value, be it laid out over many lines."""
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return False
    return True
