"""Ask a second time where the first request is slow, and take whichever answers first.

After J. Dean and L. A. Barroso, The Tail at Scale, CACM 56 (2013), "hedged requests".
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import anyio

from beluga.edge import model_error, sole_exception
from beluga.effects import Effects
from beluga.errors import ModelError, invalid_input
from beluga.events import Hedged, HedgeWon
from beluga.flows.tries import Stage, content_stands
from beluga.health.latency import Latencies
from beluga.health.share import Share
from beluga.hooks import Middleware
from beluga.model import ChatModel, Wrapper
from beluga.schema import Emission, Failure, Finish, Request

__all__ = ["with_hedge"]


def with_hedge(
    delay: float | None = None, budget: float = 0.1, *, percentile: float = 95.0
) -> Middleware:
    """Return a middleware that makes a second request where the first one is slow.

    The first content, or for an answer that nobody watches its end, decides between the two. The
    other is cancelled, awaited and accounted in `spent`; no chunk of it is ever shown. A first
    request that fails before, in a way that may pass by itself and without asking for a wait, is
    followed by the second at once. If both fail, the later failure is raised as it came.

    All models that one such value is put on share one budget and one estimate.

    Args:
        delay: Seconds to wait for content before the second request; without it, the time within
            which most requests of late had theirs, and none before enough have been seen.
        budget: The share of requests, 0 to 1, for which there may be a second one. It is never
            exceeded, so the first of 1 / budget requests have none.
        percentile: What "most" are, of 100.

    Raises:
        InvalidInputError: A number is out of its range.
    """
    if delay is not None and not _within(delay, 0.0, math.inf):
        raise invalid_input(f"delay is a number of seconds, 0 or more, or None; got {delay!r}")
    if not _within(budget, 0.0, 1.0) or budget == 0:
        raise invalid_input(f"budget is a share of requests, above 0 and up to 1; got {budget!r}")
    if not _within(percentile, 0.0, 100.0):
        raise invalid_input(f"percentile is from 0 to 100; got {percentile!r}")
    pace = _Pace(delay, budget, percentile)
    return lambda model: _Hedging(model, pace)


class _Pace:
    """When a second request is due, and whether there may be one."""

    def __init__(self, delay: float | None, budget: float, percentile: float) -> None:
        self._delay, self._share = delay, percentile / 100.0
        self.learning = delay is None
        self.budget = Share(budget)
        self._latencies = {streaming: Latencies() for streaming in (False, True)}

    def delay(self, streaming: bool) -> float:
        if self._delay is not None:
            return self._delay
        seconds = self._latencies[streaming].quantile(self._share)
        return math.inf if seconds is None else seconds

    def learn(self, seconds: float, streaming: bool, now: float) -> None:
        if self.learning:
            self._latencies[streaming].add(seconds, now)


class _Hedging(Wrapper):
    def __init__(self, inner: ChatModel, pace: _Pace) -> None:
        super().__init__(inner)
        self._pace = pace

    async def respond(self, request: Request, fx: Effects) -> Finish:
        pace = self._pace
        pace.budget.earn()
        if pace.budget.affordable:
            return await _Race(self.inner, pace, request, fx).run()
        if pace.learning:
            return await _timed(self.inner, pace, request, fx)
        return await self.inner.respond(request, fx)


async def _timed(model: ChatModel, pace: _Pace, request: Request, fx: Effects) -> Finish:
    """Have *model* answer alone, and learn how long it takes to its content."""
    started, streaming = fx.clock.now(), request.streaming
    waiting = True

    def learn() -> None:
        nonlocal waiting
        if waiting:
            now = fx.clock.now()
            pace.learn(now - started, streaming, now)
        waiting = False

    async def emit(chunks: Sequence[Emission]) -> None:
        if waiting and content_stands(chunks):
            learn()
        await fx.emit(chunks)

    finish = await model.respond(request, fx.emitting(emit) if streaming else fx)
    learn()
    return finish


class _Runner:
    """One of the two requests of a race."""

    def __init__(self, race: _Race, started: float) -> None:
        self.started = started
        self.scope = anyio.CancelScope()
        self.stage = Stage(self._show, watched=race.request.streaming)
        self._race = race

    async def run(self) -> None:
        """Ask, under the scope by which the loser is ended."""
        race = self._race
        with self.scope:
            try:
                effects = race.fx.emitting(self.stage.emit)
                finish = await race.model.respond(race.request, effects)
            except (ModelError, BaseExceptionGroup) as raised:
                error = model_error(raised)
                if error is None:
                    raise
                race.fail(self, error)
            else:
                await race.take(self)
                race.finish = finish
                await self.stage.release()

    async def _show(self, chunks: Sequence[Emission]) -> None:
        await self._race.take(self)
        await self._race.fx.emit(chunks)


class _Race:
    """One answer, for which there may be two requests.

    The gate is taken by one of them, once, in a single step without a wait. From then on the other
    waits at the gate for its cancellation, whatever it was about to do.
    """

    def __init__(self, model: ChatModel, pace: _Pace, request: Request, fx: Effects) -> None:
        self.model, self.request, self.fx = model, request, fx
        self.finish: Finish | None = None
        self._pace = pace
        self._first = _Runner(self, fx.clock.now())
        self._second: _Runner | None = None
        self._winner: _Runner | None = None
        self._decided = anyio.Event()
        self._failed: dict[_Runner, ModelError] = {}

    async def run(self) -> Finish:
        """Return the answer's end, or raise the later of the failures."""
        bug: BaseException | None = None
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._hedge)
                await self._first.run()
        except BaseExceptionGroup as group:
            bug = sole_exception(group)
        if bug is not None:
            raise bug
        if self.finish is not None:
            return self.finish
        loser, error = self._failed.popitem()
        self._winner = loser
        await loser.stage.release()
        raise error

    async def take(self, runner: _Runner) -> None:
        """Let *runner* through the gate if it is the first there; the other one never gets by."""
        if self._winner is None:
            self._winner = runner
            self._decided.set()
            self._learn(runner)
            if self._second is not None:
                other = self._first if runner is self._second else self._second
                other.scope.cancel("the other request answered first")
                info = self.model.info
                self.fx.notify(HedgeWon(info.provider, info.model, runner is self._second))
        elif self._winner is not runner:
            await anyio.sleep_forever()

    def fail(self, runner: _Runner, error: ModelError) -> None:
        """Note how *runner* failed; of no account if the other one has the gate."""
        if self._winner is None or self._winner is runner:
            self._failed[runner] = error
            self._decided.set()

    async def _hedge(self) -> None:
        """Make the second request when it is due."""
        started = self._first.started
        with anyio.move_on_after(self._pace.delay(self.request.streaming)):
            await self._decided.wait()
        failed = self._failed.get(self._first)
        failure = None if failed is None else failed.failure
        if self._winner is not None or not _worth_while(failure) or not self._pace.budget.spend():
            return
        now, info = self.fx.clock.now(), self.model.info
        self.fx.notify(Hedged(info.provider, info.model, now - started, failure))
        self._second = _Runner(self, now)
        await self._second.run()

    def _learn(self, winner: _Runner) -> None:
        # The first request has taken this long at least, even if the second one was faster. Were it
        # left out, slow ones would never be seen, and the delay would shrink and shrink.
        now = self.fx.clock.now()
        for runner in {winner, self._first} - self._failed.keys():
            self._pace.learn(now - runner.started, self.request.streaming, now)


def _worth_while(failure: Failure | None) -> bool:
    """Return whether a second request at once may do better than one that failed so."""
    if failure is None:
        return True
    return failure.retryable and not failure.local and not failure.retry_after


def _within(value: object, low: float, high: float) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return low <= value <= high and value != math.inf
