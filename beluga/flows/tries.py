"""Tries at one answer: what each may show, how it ended, and the loop that asks a flow for more.

With somebody watching, chunks are shown as they come, and once content stands there is no other
try, unless what stands may be declared void. With nobody watching, or by choice, a try's chunks are
held until it has ended, so that another may begin even after content. Outputs of two tries are
never joined.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import TypeAlias, TypeVar, assert_never

from beluga.edge import model_error
from beluga.effects import Effects, Emit, Judge
from beluga.errors import ModelError, error_for
from beluga.model import ChatModel
from beluga.outcomes import Ok, Outcome
from beluga.schema import (
    AIMessage,
    Emission,
    Failure,
    Finish,
    PartDone,
    ReasoningDelta,
    Request,
    Restarted,
    TextDelta,
    ToolCallDelta,
    fold,
)
from beluga.schema.chunks import no_chunk

__all__ = ["Flow", "Stage", "Tries", "content_stands", "drive"]

S = TypeVar("S")
T = TypeVar("T")

Flow: TypeAlias = Generator[S, Outcome[T], Outcome[T]]
"""Yields what to try, is sent how it ended, and returns how all of it ended."""


def content_stands(chunks: Sequence[Emission], before: bool = False) -> bool:
    """Return whether the watcher of *chunks* has content that is not void.

    An empty delta is no content. What came before a `Restarted` is void.

    Args:
        chunks: What is emitted.
        before: Whether content stood before them.
    """
    for chunk in chunks:
        if isinstance(chunk, Restarted):
            before = False
        elif not before:
            before = _is_content(chunk)
    return before


def _is_content(chunk: Emission) -> bool:
    match chunk:
        case TextDelta(text) | ReasoningDelta(text):
            return bool(text)
        case ToolCallDelta(_, id, name, arguments):
            return bool(id or name or arguments)
        case PartDone():
            return True
        case Restarted():
            return False
        case _:
            return no_chunk(chunk)


class Stage:
    """Where the chunks of one try go.

    Attributes:
        shown: Content of this try stands before somebody who watches.
    """

    shown: bool

    def __init__(self, emit: Emit, *, watched: bool) -> None:
        self.shown = False
        self._emit, self._watched = emit, watched
        self._held: list[Emission] = []

    @property
    def held(self) -> Sequence[Emission]:
        """What is held."""
        return self._held

    async def emit(self, chunks: Sequence[Emission]) -> None:
        """Show *chunks*, or hold them while they are no content or nobody watches."""
        if self.shown:
            self.shown = content_stands(chunks, before=True)
            await self._emit(chunks)
        elif self._watched and content_stands(chunks):
            self.shown = True
            held, self._held = self._held, []
            await self._emit([*held, *chunks] if held else chunks)
        else:
            self._held.extend(chunks)

    async def release(self) -> None:
        """Emit what is held: this try is the last."""
        held, self._held = self._held, []
        if held:
            await self._emit(held)


class Tries:
    """All tries at one answer, one after the other.

    Args:
        request: What is asked.
        fx: What the answer may do to the world.
        held: Show nothing of a try before it has ended, also to somebody who watches.
        restarting: Where content of a failed try stands, declare it void and try again.
    """

    def __init__(
        self, request: Request, fx: Effects, *, held: bool = False, restarting: bool = False
    ) -> None:
        self._request, self._fx = request, fx
        self._held, self._restarting = held, restarting
        self._stage = self._new_stage()
        self._error: ModelError | None = None

    @property
    def shown(self) -> bool:
        """Whether content stands before somebody who watches."""
        return self._stage.shown

    @property
    def final(self) -> bool:
        """Whether content stands so that there is no other try."""
        return self._stage.shown and not self._restarting

    async def ask(self, model: ChatModel, judge: Judge | None = None) -> Outcome[Finish]:
        """Have *model* answer; what an earlier try left held is dropped.

        Args:
            model: Who is asked.
            judge: Who may refuse the answer, unless somebody has seen it come.
        """
        stage = await self.begin()
        answer = model.respond(self._request, self._fx.emitting(stage.emit))
        return await self.attend(answer, judge)

    async def begin(self) -> Stage:
        """Begin a try: what the one before left held is dropped, and what it showed is void."""
        failed, self._stage = self._stage, self._new_stage()
        if failed.shown and self._error is not None:
            await self._fx.emit([Restarted(self._error.failure)])
        self._error = None
        return self._stage

    async def attend(
        self, answer: Awaitable[Finish], judge: Judge | None = None
    ) -> Outcome[Finish]:
        """Wait for the end of the try that has begun; see `ask` for *judge*."""
        try:
            finish = await answer
            if judge is not None and not self._stage.shown:
                await _judge(fold([*self._stage.held, finish]), judge)
        except (ModelError, BaseExceptionGroup) as raised:
            error = model_error(raised)
            if error is None:
                raise
            self._error = error
            return error.failure
        return Ok(finish)

    async def conclude(
        self, outcome: Outcome[Finish], error_of: Callable[[Failure], ModelError] = error_for
    ) -> Finish:
        """Emit what the last try left held, then return the answer's end or raise its failure.

        Args:
            outcome: How all of it ended.
            error_of: Makes the error of a failure that is not the last try's own.
        """
        if isinstance(outcome, Ok) or not (self._held and self._request.streaming):
            await self._stage.release()
        match outcome:
            case Ok(finish):
                return finish
            case Failure():
                raise self._error_of(outcome, error_of)
            case _:
                assert_never(outcome)

    def _error_of(self, failure: Failure, error_of: Callable[[Failure], ModelError]) -> ModelError:
        last, self._error = self._error, None
        if last is not None and last.failure is failure:
            return last
        error = error_of(failure)
        if last is not None:
            error.partial, error.__cause__ = last.partial, last
        return error

    def _new_stage(self) -> Stage:
        return Stage(self._fx.emit, watched=self._request.streaming and not self._held)


async def _judge(message: AIMessage, judge: Judge) -> None:
    failure = await judge(message)
    if failure is not None:
        error = error_for(failure)
        error.partial = message
        raise error


async def drive(
    flow: Flow[S, Finish], tries: Tries, perform: Callable[[S], Awaitable[Outcome[Finish]]]
) -> Outcome[Finish]:
    """Perform what *flow* yields until it has ended, or until content stands."""
    try:
        step = next(flow)
        while True:
            outcome = await perform(step)
            if tries.final:
                return outcome
            step = flow.send(outcome)
    except StopIteration as done:
        ended: Outcome[Finish] = done.value
        return ended
