"""Models that act by a script, told apart by every word; and a whole play with a router."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import anyio

from beluga.effects import Effects, live
from beluga.errors import AllModelsFailedError, ModelError, error_for
from beluga.events import Attempted, AttemptEnded, Event, Routed
from beluga.flows.failover import survivable
from beluga.health.cooldown import Cooldown
from beluga.model import ChatModel
from beluga.routing import AttemptReport, Candidate, RoundRobin, Router
from beluga.schema import (
    AIMessage,
    Failure,
    Finish,
    Request,
    Restarted,
    StreamChunk,
    TextDelta,
    Usage,
    fold,
)

__all__ = ["Actor", "Play", "Scene"]

Scene = tuple[Sequence[str | float], Failure | None]
"""Pieces of text and waits, and how it fails if it does."""


class Actor(ChatModel):
    """Play one scene a call; note who is under way, and when who was asked."""

    def __init__(self, name: str, scenes: Sequence[Scene], stage: Play) -> None:
        self.name, self.scenes, self.stage = name, scenes, stage
        self.asked = self.open = 0

    @property
    def model_id(self) -> str:
        return self.name

    def scene(self, number: int) -> Scene:
        return self.scenes[number % len(self.scenes)]

    def whole(self, number: int) -> str:
        pieces = [piece for piece in self.scene(number)[0] if isinstance(piece, str)]
        return "".join([f"<{self.name}{number}{piece}>" for piece in [*pieces, "."]])

    async def respond(self, request: Request, fx: Effects) -> Finish:
        number = self.asked
        self.asked += 1
        self.stage.asked.append((self.name, number, anyio.current_time()))
        self.open += 1
        fx.notify(Attempted(None, self.name))
        try:
            return await self._act(number, fx)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(0.125)
            self.open -= 1
            fx.notify(AttemptEnded(None, self.name, Usage(1, 1, 2), 0.0))

    async def _act(self, number: int, fx: Effects) -> Finish:
        pieces, failure = self.scene(number)
        await anyio.lowlevel.checkpoint()
        for piece in pieces:
            if isinstance(piece, str):
                await fx.emit([TextDelta(f"<{self.name}{number}{piece}>")])
            else:
                await anyio.sleep(piece)
        if failure is not None:
            raise error_for(failure)
        await fx.emit([TextDelta(f"<{self.name}{number}.>")])
        return Finish("stop")


class Listening(RoundRobin):
    """Turns, and every report."""

    def __init__(self) -> None:
        super().__init__()
        self.reports: list[AttemptReport] = []

    def observe(self, report: AttemptReport) -> None:
        self.reports.append(report)


@dataclass
class Play:
    """Several answers of one router, and everything that was seen of them."""

    candidates: Sequence[Sequence[Scene]]
    fallbacks: Sequence[Sequence[Scene]]
    options: dict
    cooldown: Cooldown = Cooldown()
    asked: list[tuple[str, int, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        names = iter("abcdwxyz")
        self.mine = [Actor(next(names), scenes, self) for scenes in self.candidates]
        self.others = [Actor(next(names), scenes, self) for scenes in self.fallbacks]
        self.actors = {actor.name: actor for actor in [*self.mine, *self.others]}
        self.listening = Listening()
        self.router = Router(
            [Candidate(actor) for actor in self.mine],
            self.listening,
            fallbacks=self.others,
            cooldown=self.cooldown,
            **self.options,
        )

    async def ask(self, *, streaming: bool) -> Answer:
        """Ask once."""
        answer = Answer(streaming=streaming, began=len(self.asked))
        self.listening.reports.clear()
        fx = live(1).observed_by(answer.events.append)
        try:
            if streaming:
                async with self.router.stream("Hi", fx=fx) as stream:
                    async for chunk in stream:
                        answer.chunks.append(chunk)
                answer.end = fold(answer.chunks)
            else:
                answer.end = await self.router.generate("Hi", fx=fx)
        except ModelError as error:
            answer.end = error
        answer.asked = self.asked[answer.began :]
        answer.reports = list(self.listening.reports)
        return answer

    def failure(self, name: str, number: int) -> Failure | None:
        return self.actors[name].scene(number)[1]

    def whole(self, name: str, number: int) -> str:
        return self.actors[name].whole(number)

    def asked_codes(self) -> set[str]:
        return {"content_filter"} if self.options.get("on_refusal") == "next" else set()

    def survives(self, failure: Failure) -> bool:
        return survivable(failure, self.asked_codes())


@dataclass
class Answer:
    """What was seen of one answer."""

    streaming: bool
    began: int
    events: list[Event] = field(default_factory=list)
    chunks: list[StreamChunk] = field(default_factory=list)
    asked: list[tuple[str, int, float]] = field(default_factory=list)
    reports: list[AttemptReport] = field(default_factory=list)
    end: AIMessage | ModelError | None = None

    @property
    def routed(self) -> list[str]:
        return [event.name for event in self.events if isinstance(event, Routed)]

    @property
    def causes(self) -> tuple[Failure, ...]:
        if isinstance(self.end, AllModelsFailedError):
            return self.end.attempts
        return (self.end.failure,) if isinstance(self.end, ModelError) else ()

    @property
    def texts(self) -> list[str]:
        """What was shown, cut at each restart; of a call, the answer's text."""
        if not self.streaming:
            return [self.end.text] if isinstance(self.end, AIMessage) else []
        texts = [""]
        for chunk in self.chunks:
            if isinstance(chunk, Restarted):
                texts.append("")
            elif isinstance(chunk, TextDelta):
                texts[-1] += chunk.text
        return texts
