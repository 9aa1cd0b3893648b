"""Answers of Converse, whole and streamed."""

from __future__ import annotations

import msgspec

from beluga.dialects.converse.answer import Answer
from beluga.dialects.converse.blocks import readable
from beluga.dialects.converse.failures import (
    exception_in,
    failure_in,
    is_exception,
    tells_of_failure,
)
from beluga.dialects.converse.wire import (
    Block,
    BlockDelta,
    BlockStart,
    BlockStop,
    CallPiece,
    Delta,
    MessageStop,
    Metadata,
    Reasoning,
    Start,
    Whole,
    is_given,
)
from beluga.dialects.decoding import UNREADABLE, BodyDecoder
from beluga.outcomes import Ok
from beluga.schema import Emission, Failure, Usage
from beluga.transport.dialect import Ending
from beluga.transport.eventstream import EventStreamMessage, EventStreamReader
from beluga.transport.failures import garbage
from beluga.transport.http import ResponseHead

__all__ = ["StreamDecoder", "WholeDecoder"]

_decode_start = msgspec.json.Decoder(BlockStart, strict=False).decode
_decode_delta = msgspec.json.Decoder(BlockDelta, strict=False).decode
_decode_stop = msgspec.json.Decoder(BlockStop, strict=False).decode
_decode_end = msgspec.json.Decoder(MessageStop, strict=False).decode
_decode_metadata = msgspec.json.Decoder(Metadata, strict=False).decode
_decode_whole = msgspec.json.Decoder(Whole, strict=False).decode
_decode_block = msgspec.json.Decoder(Block, strict=False).decode
_decode_keys = msgspec.json.Decoder(dict[str, msgspec.Raw], strict=False).decode


class StreamDecoder:
    """Decode an event stream.

    `messageStop` proves the answer complete. The token counts come after it, if they come.

    Args:
        head: The response's head.
        origin: Whose reasoning and tools it is.
    """

    def __init__(self, head: ResponseHead, origin: str) -> None:
        self._head = head
        self._reader = EventStreamReader()
        self._answer = Answer(origin, head.header("x-amzn-requestid"))
        self._failure: Failure | None = None
        self._has_metadata = False
        self._is_over = False

    @property
    def usage(self) -> Usage:
        """What the provider has said of tokens so far."""
        return self._answer.usage

    @property
    def done(self) -> bool:
        """Whether the end with its token counts, or a failure, has been seen."""
        return self._is_over or (self._answer.has_ended and self._has_metadata)

    def feed(self, data: bytes, /) -> list[Emission]:
        """Take in bytes and return the chunks that they complete."""
        chunks: list[Emission] = []
        for message in self._reader.feed(data):
            if self.done:
                return chunks
            try:
                self._take(message, chunks)
            except UNREADABLE:
                self._fail(garbage("an event of the stream is none of Converse", message.payload))
        if self._reader.failure is not None:
            self._fail(self._reader.failure)
        return chunks

    def close(self) -> Ending:
        """Take in the end of the body."""
        if self._failure is not None:
            return Ending((), self._failure)
        return Ending((), self._answer.outcome())

    def _fail(self, failure: Failure) -> None:
        """Stop reading. An answer that has ended is complete, whatever comes after it."""
        if not (self._answer.has_ended or self._is_over):
            self._failure = failure
        self._is_over = True

    def _take(self, message: EventStreamMessage, chunks: list[Emission]) -> None:
        if is_exception(message):
            self._fail(exception_in(self._head, message))
            return
        payload, answer = message.payload, self._answer
        match message.headers.get(":event-type"):
            case "contentBlockDelta":
                event = _decode_delta(payload)
                if event.delta is not None:
                    answer.delta(event.content_block_index, event.delta, chunks)
            case "contentBlockStart":
                answer.start(_decode_start(payload), chunks)
            case "contentBlockStop":
                answer.stop(_decode_stop(payload).content_block_index, chunks)
            case "messageStop":
                answer.end(_decode_end(payload), chunks)
            case "metadata":
                answer.take_metadata(_decode_metadata(payload))
                self._has_metadata = True
            case _:
                pass  # messageStart names the role, which is known; others are not known yet


class WholeDecoder(BodyDecoder):
    """Decode an answer that comes in one body.

    Args:
        head: The response's head.
        origin: Whose reasoning and tools it is.
    """

    what = "the answer of Converse"

    def __init__(self, head: ResponseHead, origin: str) -> None:
        self._answer = Answer(origin, head.header("x-amzn-requestid"))
        super().__init__(head, self._answer)

    def read(self, data: bytes) -> Ending:
        """Return what the body tells."""
        chunks: list[Emission] = []
        whole = _decode_whole(data)
        self._answer.take_metadata(whole)
        message = whole.output.message if whole.output is not None else None
        if message is None or whole.stop_reason is None:
            return Ending((), self._no_answer(data))
        for index, raw in enumerate(message.content or ()):
            _take_block(self._answer, index, raw, chunks)
        fields = whole.additional_model_response_fields
        self._answer.end(MessageStop(whole.stop_reason, fields), chunks)
        outcome = self._answer.outcome()
        return Ending(chunks if isinstance(outcome, Ok) else (), outcome)

    def _no_answer(self, data: bytes) -> Failure:
        if tells_of_failure(data):
            return failure_in(self.head, data, in_stream=True)
        return garbage("the answer holds no message", data)


def _take_block(answer: Answer, index: int, raw: msgspec.Raw, chunks: list[Emission]) -> None:
    """Take in a whole block as the pieces in which a stream would bring it."""
    block = _decode_block(raw)
    use = block.tool_use
    if use is not None and use.type in {None, "tool_use"}:
        answer.start(BlockStart(index, Start(tool_use=use)), chunks)
        if is_given(use.input):
            piece = CallPiece(bytes(use.input).decode())
            answer.delta(index, Delta(tool_use=piece), chunks)
    elif block.reasoning_content is not None and block.reasoning_content.redacted_content:
        answer.hidden(bytes(raw).decode(), chunks)
    else:
        deltas = _deltas(block)
        for delta in deltas:
            answer.delta(index, delta, chunks)
        if not deltas:
            _serve(answer, block, raw, chunks)
    answer.stop(index, chunks)


def _deltas(block: Block) -> list[Delta]:
    if block.text is not None:
        return [Delta(text=block.text)]
    thought = block.reasoning_content
    if thought is not None and thought.reasoning_text is not None:
        text, signature = thought.reasoning_text.text, thought.reasoning_text.signature
        return [Delta(reasoning_content=Reasoning(text=text, signature=signature))]
    cited = block.citations_content
    if cited is not None:
        texts = [Delta(text=piece.text) for piece in cited.content or () if piece.text]
        return [*texts, *[Delta(citation=citation) for citation in cited.citations or ()]]
    if block.image is not None or block.audio is not None:
        return [Delta(image=block.image, audio=block.audio)]
    return []


def _serve(answer: Answer, block: Block, raw: msgspec.Raw, chunks: list[Emission]) -> None:
    """Take in a block of a tool that the provider runs, or one that is not known yet."""
    result, use = block.tool_result, block.tool_use
    kind = next(iter(_decode_keys(raw)), None)
    if kind is None:
        return
    named = (result and result.type) or (use and use.type) or kind
    text = readable(result.content or ()) if result is not None else None
    answer.served(named, bytes(raw).decode(), text, chunks)
