"""Decoders of server-sent events."""

from __future__ import annotations

from abc import ABC

from beluga.dialects.decoding import Growing, StepDecoder
from beluga.transport.http import ResponseHead
from beluga.transport.sse import SseEvent, SseReader

__all__ = ["EventDecoder"]


class EventDecoder(StepDecoder[SseEvent], ABC):
    """Decode a stream of server-sent events.

    Attributes:
        reader: The framing; it keeps what stood between the events.
    """

    reader: SseReader

    def __init__(self, head: ResponseHead, answer: Growing) -> None:
        self.reader = SseReader()
        super().__init__(head, self.reader, answer)

    @staticmethod
    def bytes_of(event: SseEvent) -> bytes:
        """Return the event's data."""
        return event.data
