"""Answers on the Responses wire, whole and streamed."""

from __future__ import annotations

from typing import Final

import msgspec

from beluga.dialects.decoding import BodyDecoder
from beluga.dialects.events import EventDecoder
from beluga.dialects.openai_failures import failure_in
from beluga.dialects.responses.answer import Answer
from beluga.dialects.responses.wire import Event, Response
from beluga.outcomes import Outcome
from beluga.schema import Emission, Failure, Finish
from beluga.transport.dialect import Ending
from beluga.transport.failures import garbage
from beluga.transport.http import ResponseHead
from beluga.transport.sse import SseEvent

__all__ = ["StreamDecoder", "WholeDecoder"]

_ENDS: Final = frozenset({"response.completed", "response.incomplete", "response.failed"})
_THOUGHTS: Final = frozenset(
    {"response.reasoning_summary_text.delta", "response.reasoning_text.delta"}
)
_ARGUMENTS: Final = frozenset(
    {"response.function_call_arguments.delta", "response.custom_tool_call_input.delta"}
)

_event: Final = msgspec.json.Decoder(Event, strict=False).decode
_response: Final = msgspec.json.Decoder(Response, strict=False).decode


class StreamDecoder(EventDecoder):
    """Decode a stream of events.

    Args:
        head: The response's head.
        origin: Whose items they are.
    """

    what = "a stream of Responses"

    def __init__(self, head: ResponseHead, origin: str) -> None:
        self._answer = Answer(origin)
        self._end: Response | None = None
        super().__init__(head, self._answer)

    def step(self, event: SseEvent, chunks: list[Emission]) -> None:
        """Take in one event and append its chunks."""
        if event.data == b"[DONE]":  # some gateways say so after the last event
            self.finish()
        else:
            self._step(_event(event.data), event.data, chunks)

    def end(self) -> tuple[list[Emission], Outcome[Finish]]:
        """Return what was held back, and how the answer ended."""
        return self._answer.close(self._end)

    def _step(self, event: Event, data: bytes, chunks: list[Emission]) -> None:
        answer, kind, delta = self._answer, event.type, event.delta
        if kind == "response.output_text.delta" and isinstance(delta, str):
            if delta:
                answer.say(event.output_index, event.content_index, delta, chunks)
        elif kind in _THOUGHTS and isinstance(delta, str):
            if delta:
                answer.think(event.output_index, delta, chunks)
        elif kind in _ARGUMENTS and isinstance(delta, str):
            if delta:
                answer.argue(event.output_index, delta, chunks)
        elif kind == "response.output_item.added":
            answer.open_item(event.output_index, event.item, chunks)
        elif kind == "response.output_item.done":
            answer.close_item(event.output_index, event.item, chunks)
        elif kind == "response.created" and event.response is not None:
            answer.begin(event.response)
        elif kind in _ENDS and event.response is not None:
            self._finish(event.response)
        elif kind == "error" or event.error:
            self.fail(failure_in(self.head, data, in_stream=True))

    def _finish(self, response: Response) -> None:
        if response.usage is not None:
            self._answer.take_usage(response.usage)
        if response.status == "failed" or response.error:
            self.fail(_refusal(self.head, response))
            return
        self._end = response
        self.finish()


class WholeDecoder(BodyDecoder):
    """Decode an answer that comes in one body."""

    what = "the answer of Responses"

    def __init__(self, head: ResponseHead, origin: str) -> None:
        self._answer = Answer(origin)
        super().__init__(head, self._answer)

    def read(self, data: bytes) -> Ending:
        """Return what the body tells."""
        response = _response(data)
        if response.usage is not None:
            self._answer.take_usage(response.usage)
        if response.status == "failed" or response.error:
            return Ending((), _refusal(self.head, response))
        if response.status is None:
            return Ending((), garbage("the answer has no status", data))
        self._answer.begin(response)
        chunks, outcome = self._answer.close(response)
        return Ending(chunks, outcome)


def _refusal(head: ResponseHead, response: Response) -> Failure:
    body = msgspec.json.encode({"error": response.error or {"message": "the response failed"}})
    return failure_in(head, body, in_stream=True)
