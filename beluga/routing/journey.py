"""One answer's way through a router: from candidate to candidate until one has answered."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from typing import Literal

import msgspec

from beluga.effects import Effects
from beluga.errors import AllModelsFailedError, ModelError, StrategyError, error_for
from beluga.events import Event, FailedOver, Routed, Scored, Standing, WaitedForModel
from beluga.flows.choosing import Choosing, ChoosingPolicy, Nobody, Told, Turn, choosing
from beluga.flows.failover import survivable
from beluga.flows.tries import Tries
from beluga.health.cooldown import Cooldown
from beluga.outcomes import Ok, Outcome
from beluga.routing.attempt import Attempt, Judges
from beluga.routing.candidate import Candidate
from beluga.routing.look import View, look
from beluga.routing.seat import Seat
from beluga.routing.strategy import AttemptReport, RouterStrategy
from beluga.schema import AIMessage, ErrorCode, Failure, Finish, Request
from beluga.stores.health import HealthStore

__all__ = ["Journey", "Plan", "judged", "standing"]


class Plan(msgspec.Struct, frozen=True, eq=False):
    """How a router goes about an answer.

    Attributes:
        seats: Its candidates.
        reserves: Its fallbacks.
        strategy: Who chooses.
        store: Where is kept how candidates fare.
        policy: How long to go on.
        cooldown: For what candidates are left alone.
        held: Show nothing before an attempt has ended.
        restarting: Begin anew where content of a failed attempt stands.
        accept: Whether an answer will do.
        tags: All tags that any of them has.
    """

    seats: tuple[Seat, ...]
    reserves: tuple[Seat, ...]
    strategy: RouterStrategy
    store: HealthStore
    policy: ChoosingPolicy
    cooldown: Cooldown
    held: bool
    restarting: bool
    accept: Callable[[AIMessage], bool] | None
    tags: frozenset[str]

    @property
    def everyone(self) -> tuple[Seat, ...]:
        """Candidates and fallbacks, in order."""
        return self.seats + self.reserves


class Journey:
    """One answer."""

    def __init__(self, plan: Plan, request: Request, fx: Effects) -> None:
        self._plan, self._request, self._fx = plan, request, fx
        self._tries = Tries(request, fx, held=plan.held, restarting=plan.restarting)
        self._judges = Judges(plan.store, plan.cooldown, plan.accept, self._observe)
        self._standings = {s.name: Standing(name=s.name, fate="reserve") for s in plan.everyone}
        self._failed: tuple[str, Failure] | None = None

    async def run(self) -> Finish:
        """Return how the answer ended.

        Raises:
            ModelError: There is none.
        """
        plan, policy = self._plan, self._plan.policy
        if self._fx.judge is not None:
            asked = policy.asked | {"output_invalid"}
            policy = msgspec.structs.replace(policy, asked=asked)
        flow: Choosing[Seat, Finish] = choosing(
            plan.seats, plan.reserves, policy, self._fx, self._fx.deadline
        )
        outcome = await self._follow(flow)
        if isinstance(outcome, Failure) and self._tries.final:
            broken = _broken_off(outcome, policy.asked)
            return await self._tries.conclude(broken, error_for)
        return await self._tries.conclude(outcome, AllModelsFailedError)

    async def _follow(self, flow: Choosing[Seat, Finish]) -> Outcome[Finish]:
        try:
            turn = next(flow)
            while True:
                turn = flow.send(await self._take(turn))
        except StopIteration as done:
            ended: Outcome[Finish] = done.value
            return ended

    async def _take(self, turn: Turn[Seat]) -> Told[Seat, Finish] | Nobody:
        if turn.delay:
            await self._fx.clock.sleep(turn.delay)
            self._fx.notify(WaitedForModel(turn.delay))
        views = await look(turn.left, self._request, self._plan.store, self._plan.tags)
        self._standings.update({view.seat.name: standing(view) for view in views})
        refusals = [view.refusal for view in views if view.refusal is not None]
        free = [view for view in views if view.refusal is None]
        if not free:
            return Nobody(tuple(refusals))
        try:
            view, scored = await self._choose(free, reserve=turn.reserve)
        except ModelError as error:
            return Nobody((*refusals, error.failure))
        self._announce(view, scored, turn)
        attempt = Attempt(
            view, self._tries, self._fx, self._judges, turn.number, scored.decision_id
        )
        outcome = await attempt.run()
        self._note(view.seat, outcome)
        return Told(view.seat, outcome, self._tries.final)

    async def _choose(self, free: Sequence[View], *, reserve: bool) -> tuple[View, Scored]:
        if reserve:
            return free[0], Scored()
        told = Scored()

        def catch(event: Event) -> None:
            nonlocal told
            if isinstance(event, Scored):
                told = event
            else:
                self._fx.notify(event)

        offered = [view.candidate for view in free]
        strategy = self._plan.strategy
        try:
            chosen: object = await strategy.select(
                offered, self._request, self._fx.notifying(catch)
            )
        except ModelError:
            raise
        except Exception as error:
            name = type(strategy).__name__
            raise StrategyError(f"{name}.select failed: {error!r:.200}") from error
        return _found(chosen, free, strategy), told

    def _announce(self, view: View, scored: Scored, turn: Turn[Seat]) -> None:
        name, info = view.seat.name, view.seat.info
        for other in self._standings.keys() & (scored.scores.keys() | scored.reasons.keys()):
            self._standings[other] = judged(self._standings[other], scored)
        self._standings[name] = msgspec.structs.replace(self._standings[name], fate="chosen")
        if self._failed is not None and self._failed[0] != name:
            self._fx.notify(FailedOver(self._failed[1], info.provider, info.model))
        self._fx.notify(
            Routed(
                name=name,
                provider=info.provider,
                model=info.model,
                number=turn.number,
                strategy="fallbacks" if turn.reserve else type(self._plan.strategy).__name__,
                standings=tuple(self._standings.values()),
                decision_id=scored.decision_id,
                propensity=scored.propensity,
                why=scored.why,
            )
        )

    def _note(self, seat: Seat, outcome: Outcome[Finish]) -> None:
        if isinstance(outcome, Ok):
            return
        self._failed = seat.name, outcome
        later = outcome.local and outcome.retryable
        self._standings[seat.name] = Standing(
            name=seat.name,
            fate="waiting" if later else "tried",
            why=f"{outcome.code}: {outcome.message}",
            wait=outcome.retry_after,
        )

    def _observe(self, report: AttemptReport) -> None:
        strategy = self._plan.strategy
        try:
            strategy.observe(report)
        except Exception:
            logging.getLogger("beluga").exception(
                "%s.observe failed on the report of %r", type(strategy).__name__, report.candidate
            )


def standing(view: View, fate: Literal["chosen", "reserve"] | None = None) -> Standing:
    """Return where a candidate stands, for observers."""
    refusal = view.refusal
    return Standing(
        name=view.seat.name,
        fate=fate or view.fate,
        why=None if refusal is None else refusal.message,
        wait=None if refusal is None else refusal.retry_after,
    )


def _broken_off(failure: Failure, asked: Collection[ErrorCode]) -> Failure:
    """Return what to raise where content stands: nobody else was asked, but might have answered."""
    if failure.code == "incomplete_stream" or not survivable(failure, asked):
        return failure
    return msgspec.structs.replace(
        failure,
        code="incomplete_stream",
        message=f"the answer broke off after its first content: {failure.message}",
        in_stream=True,
    )


def judged(stands: Standing, scored: Scored) -> Standing:
    """Return where a candidate stands with what the strategy tells of it."""
    return msgspec.structs.replace(
        stands,
        score=scored.scores.get(stands.name, stands.score),
        why=stands.why or scored.reasons.get(stands.name),
    )


def _found(chosen: object, free: Sequence[View], strategy: RouterStrategy) -> View:
    """Return the view of the candidate that a strategy has chosen."""
    if isinstance(chosen, Candidate):
        for view in free:
            as_given = chosen.name is None and view.candidate.model is chosen.model
            if as_given or view.seat.name == chosen.name:
                return view
    names = ", ".join([view.seat.name for view in free])
    got = chosen.label if isinstance(chosen, Candidate) else repr(chosen)
    raise StrategyError(
        f"{type(strategy).__name__}.select must return one of the candidates it was offered "
        f"({names}); it returned {got:.80}"
    )
