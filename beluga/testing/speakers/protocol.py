"""What the simulator needs of a dialect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from beluga.schema import AIMessage

__all__ = ["Asked", "Speaker"]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to know of a request, whatever its dialect.

    Attributes:
        model: The model that was asked for.
        streaming: Whether the answer is to be streamed.
        text: The text of the last message.
        answers_tool: Whether the last message is a tool's result.
        tools: The names of the tools that were offered.
        wants_usage: Whether a stream is to end with a count of tokens.
    """

    model: str
    streaming: bool = False
    text: str = ""
    answers_tool: bool = False
    tools: tuple[str, ...] = ()
    wants_usage: bool = True


class Speaker(Protocol):
    """Read requests and write answers in one provider's dialect, without I/O.

    A reply has a finish reason, a usage, a model and an id; what a dialect has no place for is left
    out of what it writes.
    """

    @property
    def stream_type(self) -> str:
        """The content type of a stream; that of everything else is JSON."""

    def understands(self, method: str, path: str) -> bool:
        """Say whether a request is in this dialect; *path* has no query."""

    def read(self, path: str, body: bytes) -> Asked:
        """Read a request.

        Raises:
            ValueError: It is not in this dialect after all.
        """

    def whole(self, asked: Asked, reply: AIMessage) -> bytes:
        """Write an answer that is not streamed."""

    def events(self, asked: Asked, reply: AIMessage) -> Sequence[bytes]:
        """Write a streamed answer, event by event."""

    def refusal(self, status: int, message: str) -> bytes:
        """Write the body of an error status."""

    def failure(self, asked: Asked, code: str, message: str) -> bytes:
        """Write what reports a failure inside a good response: an event, or a whole body."""
