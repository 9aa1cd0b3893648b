"""Models for tests of the core: whatever answers, written as one function."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

import anyio

from beluga.effects import Effects
from beluga.model import ChatModel
from beluga.schema import Emission, Failure, Finish, Request, TextDelta

__all__ = ["SLOW_DOWN", "Answer", "Endless", "FunctionModel", "text", "words"]

SLOW_DOWN = Failure("rate_limit", "slow down", retryable=True)

Answer: TypeAlias = Callable[[Request, Effects], Awaitable[Finish]]


class FunctionModel(ChatModel):
    """Answer with a function."""

    def __init__(self, answer: Answer) -> None:
        self._answer_with = answer

    @property
    def model_id(self) -> str:
        return "function"

    async def respond(self, request: Request, fx: Effects) -> Finish:
        return await self._answer_with(request, fx)


def text(*pieces: str) -> Sequence[Emission]:
    """A batch of text."""
    return [TextDelta(piece) for piece in pieces]


def words(*pieces: str) -> Answer:
    """Emit each piece as a batch of its own."""

    async def answer(request: Request, fx: Effects) -> Finish:
        for piece in pieces:
            await fx.emit(text(piece))
        return Finish("stop")

    return answer


class Endless:
    """Emit numbers until cancelled, and take two seconds to clean up."""

    def __init__(self, interval: float = 1.0) -> None:
        self.interval = interval
        self.emitted = 0
        self.ended: BaseException | None = None
        self.cleaned = False

    async def __call__(self, request: Request, fx: Effects) -> Finish:
        try:
            while True:
                await anyio.sleep(self.interval)
                await fx.emit(text(f"{self.emitted} "))
                self.emitted += 1
        except BaseException as error:
            self.ended = error
            raise
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(2)
                self.cleaned = True
