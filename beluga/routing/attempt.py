"""One attempt at one candidate: what it may show, how it fares, and who is told."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import anyio
import msgspec

from beluga.effects import Effects
from beluga.errors import ContextOverflowError, ModelTimeoutError
from beluga.events import BreakerClosed, BreakerOpened
from beluga.flows.tries import Tries, content_stands
from beluga.health.breaker import Permit, Refusal, Verdict, verdict_on
from beluga.health.cooldown import Cooldown
from beluga.health.record import Sample
from beluga.ledger import Ledger
from beluga.outcomes import Outcome
from beluga.routing.look import View
from beluga.routing.strategy import AttemptReport, Ending
from beluga.schema import AIMessage, Emission, Failure, Finish, Usage
from beluga.stores.health import HealthStore

__all__ = ["Attempt", "Judges"]


class Judges(msgspec.Struct, frozen=True):
    """Who judges attempts, and who is told of them.

    Attributes:
        store: Where is kept how candidates fare.
        cooldown: For what they are left alone.
        accept: Whether an answer will do.
        observe: The strategy's ear.
    """

    store: HealthStore
    cooldown: Cooldown
    accept: Callable[[AIMessage], bool] | None
    observe: Callable[[AttemptReport], None]


class Attempt:
    """Ask one candidate once.

    Args:
        view: The candidate, and what it is asked.
        tries: All attempts at the answer.
        fx: What the answer may do to the world.
        judges: Who judges it.
        number: Which attempt of the answer it is.
        decision_id: The strategy's name for the choice.
    """

    def __init__(
        self,
        view: View,
        tries: Tries,
        fx: Effects,
        judges: Judges,
        number: int,
        decision_id: str | None,
    ) -> None:
        self._view, self._tries, self._judges = view, tries, judges
        self._number, self._decision_id = number, decision_id
        self._ledger = Ledger()
        self._fx = fx.observed_by(self._ledger.observe)
        self._started = fx.clock.now()
        self._first_content: float | None = None
        self._permit: Permit | None = None
        self._emit = fx.emit
        self._usage = Usage()
        self._ended: Ending = "abandoned"

    async def run(self) -> Outcome[Finish]:
        """Ask, and tell everybody how it ended; also if it was cancelled."""
        permit = await self._judges.store.admit(self._view.seat.name, self._judges.cooldown)
        self._permit = permit if isinstance(permit, Permit) else None
        failure: Failure | None = None
        try:
            if isinstance(permit, Refusal):
                outcome: Outcome[Finish] = self._turned_away(permit)
            else:
                outcome = await self._ask()
            if isinstance(outcome, Failure):
                failure = outcome
                self._ended = "rejected" if outcome.code == "output_invalid" else "failed"
            else:
                self._ended = "answered"
            return outcome
        finally:
            await self._end(failure)

    async def _ask(self) -> Outcome[Finish]:
        stage = await self._tries.begin()
        self._emit = stage.emit
        judging = self._judges.accept is not None or self._fx.judge is not None
        try:
            return await self._tries.attend(self._answer(), self._judge if judging else None)
        except ContextOverflowError as error:
            info = self._view.seat.info
            return Failure(
                "context_length", f"not asked: {error}", info.provider, info.model, local=True
            )

    async def _answer(self) -> Finish:
        finish = await self._in_time(self._fx.emitting(self._watch))
        self._usage = finish.usage
        return self._signed(finish)

    async def _in_time(self, fx: Effects) -> Finish:
        """Ask within the candidate's own total time, where that ends before the whole answer's."""
        model, request = self._view.seat.model, self._view.request
        timeout = request.options.timeout
        deadline = math.inf if timeout is None else self._started + timeout.total
        if timeout is None or deadline >= fx.deadline:
            return await model.respond(request, fx)
        with anyio.CancelScope(deadline=deadline):
            return await model.respond(request, fx.until(deadline))
        why = f"not complete within the candidate's own {timeout.total:g} s (option timeout)"
        info = self._view.seat.info
        raise ModelTimeoutError(Failure("timeout", why, info.provider, info.model))

    async def _judge(self, message: AIMessage) -> Failure | None:
        accept = self._judges.accept
        if accept is not None and not accept(message):
            why = "the router's accept refused the answer"
            return Failure("output_invalid", why, message.provider, message.model)
        return None if self._fx.judge is None else await self._fx.judge(message)

    async def _watch(self, chunks: Sequence[Emission]) -> None:
        if self._first_content is None and content_stands(chunks):
            self._first_content = self._fx.clock.now() - self._started
            if self._permit is not None and self._permit.probe:
                await self._passed()
        await self._emit(chunks)

    async def _passed(self) -> None:
        """End a probe with its first content: the answer may be long."""
        await self._settle(Sample(verdict="well"), None)
        permit = await self._judges.store.admit(self._view.seat.name, self._judges.cooldown)
        self._permit = permit if isinstance(permit, Permit) else None

    def _signed(self, finish: Finish) -> Finish:
        """Say in *finish* who has answered, and by which decision."""
        info, metadata = self._view.seat.info, finish.metadata
        if self._decision_id is not None:
            metadata = {**metadata, "decision_id": self._decision_id}
        return msgspec.structs.replace(
            finish,
            model=finish.model or info.model or self._view.seat.candidate.model.model_id,
            provider=finish.provider or info.provider,
            metadata=metadata,
        )

    async def _end(self, failure: Failure | None) -> None:
        now = self._fx.clock.now()
        spent = self._ledger.spent_with(self._usage)
        report = AttemptReport(
            candidate=self._view.candidate,
            request=self._view.request,
            outcome=self._ended,
            at=now,
            seconds=now - self._started,
            first_content=self._first_content,
            failure=failure,
            usage=spent.usage,
            cost=spent.cost,
            decision_id=self._decision_id,
            number=self._number,
        )
        self._judges.observe(report)
        await self._settle(self._sample(report), failure)

    def _sample(self, report: AttemptReport) -> Sample:
        streaming, output = report.request.streaming, report.usage.output_tokens
        first = report.first_content if streaming else None
        answered = report.outcome in {"answered", "rejected"}
        taken = report.seconds - (first or 0.0)
        return Sample(
            verdict=self._verdict(report.failure),
            failure=report.failure,
            first_content=first,
            tokens_per_second=output / taken if answered and output and taken > 0 else None,
            seconds=report.seconds if answered else None,
            stalled=self._stalled(report) if report.outcome == "abandoned" else 0.0,
        )

    def _stalled(self, report: AttemptReport) -> float | None:
        """Return by how much longer than usual nothing came, as far as is known."""
        streaming, health = report.request.streaming, self._view.candidate.health
        if streaming and report.first_content is not None:
            return None
        usual = health.first_content if streaming else health.seconds
        return max(0.0, report.seconds - (usual or 0.0)) or None

    def _verdict(self, failure: Failure | None) -> Verdict:
        if self._ended == "abandoned":
            return "unknown"
        return "well" if failure is None else verdict_on(failure)

    async def _settle(self, sample: Sample, failure: Failure | None) -> None:
        permit, self._permit = self._permit, None
        if permit is None:
            return
        if self._ended != "abandoned" and not permit.probe:
            await self._tell(permit, sample, failure)
            return
        with anyio.CancelScope(shield=True):  # a probe that nobody settles would block its model
            await self._tell(permit, sample, failure)

    async def _tell(self, permit: Permit, sample: Sample, failure: Failure | None) -> None:
        name, judges, info = self._view.seat.name, self._judges, self._view.seat.info
        change = await judges.store.settle(name, permit, sample, judges.cooldown)
        if change == "closed":
            self._fx.notify(BreakerClosed(info.provider, info.model))
        elif change == "opened" and failure is not None:
            self._fx.notify(BreakerOpened(info.provider, info.model, failure))

    def _turned_away(self, refusal: Refusal) -> Failure:
        info = self._view.seat.info
        return Failure(
            "provider_unavailable",
            "not asked: it is left alone, or a probe of it is under way",
            info.provider,
            info.model,
            retry_after=refusal.remaining,
            local=True,
            retryable=True,
        )
