"""What the tests of middleware share: failures, replies, and both ways to ask."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from beluga.effects import Effects, live
from beluga.errors import ModelError, error_for
from beluga.events import Event
from beluga.model import ChatModel
from beluga.schema import (
    AIMessage,
    Emission,
    Failure,
    Finish,
    Request,
    Restarted,
    StreamChunk,
    TextDelta,
    Usage,
    fold,
)
from beluga.testing import Reply

__all__ = ["DOWN", "REFUSED", "SLOW", "WRONG", "Raising", "ask", "down", "reply", "said"]

DOWN = Failure("provider_unavailable", "down", retryable=True)
SLOW = Failure("rate_limit", "slow down", retryable=True, retry_after=7.0)
WRONG = Failure("invalid_input", "wrong")
REFUSED = Failure("content_filter", "no")

BILLED = Usage(1, 2, 3)


def reply(*pieces: str | float, failure: Failure | None = None) -> Reply:
    """Pieces of text and waits, and then an end or a failure."""
    steps: list[StreamChunk | float | Exception] = [
        TextDelta(piece) if isinstance(piece, str) else piece for piece in pieces
    ]
    return [*steps, Finish("stop", usage=BILLED) if failure is None else error_for(failure)]


def down(**changes: object) -> ModelError:
    """A failure that may pass."""
    return error_for(msgspec.structs.replace(DOWN, **changes))


class Raising(ChatModel):
    """Raise these errors, one a call, the very objects."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = errors
        self.asked = 0

    @property
    def model_id(self) -> str:
        return "raising"

    async def respond(self, request: Request, fx: Effects) -> Finish:
        self.asked += 1
        raise self.errors[self.asked - 1]


async def ask(
    model: ChatModel, *, streaming: bool, events: list[Event] | None = None, seed: int = 1
) -> AIMessage:
    """Ask either way, and check what a watcher sees of it: one finish, which is the last."""
    fx = live(seed)
    if events is not None:
        fx = fx.observed_by(events.append)
    if not streaming:
        return await model.generate("Hi", fx=fx)
    chunks: list[StreamChunk] = []
    async with model.stream("Hi", fx=fx) as stream:
        async for chunk in stream:
            chunks.append(chunk)
    assert [isinstance(chunk, Finish) for chunk in chunks].count(True) == 1
    assert isinstance(chunks[-1], Finish)
    assert stream.partial == fold(chunks)
    return fold(chunks)


def said(chunks: Sequence[Emission]) -> str:
    """The text that stands."""
    texts: list[str] = []
    for chunk in chunks:
        if isinstance(chunk, Restarted):
            texts.clear()
        elif isinstance(chunk, TextDelta):
            texts.append(chunk.text)
    return "".join(texts)
