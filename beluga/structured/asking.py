"""Asking until an answer holds the value: one model, one flow, one value.

It is a model itself, so that all its calls share one deadline and one account, and its stream is a
stream like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Generic, TypeVar, assert_never

import msgspec

from beluga.effects import Effects, Judge
from beluga.errors import ModelError, error_for
from beluga.events import AskedAgain, Repaired
from beluga.flows.repair import Answered, Ask, Invalid, Mode, Repair, RepairPolicy, repair
from beluga.flows.tries import Stage
from beluga.model import ChatModel, Wrapper
from beluga.outcomes import Ok, Outcome
from beluga.schema import (
    AIMessage,
    Emission,
    Failure,
    Finish,
    Folder,
    Message,
    Request,
    Restarted,
    Spent,
    ToolSpec,
    Usage,
)
from beluga.structured.results import Attempt, Structured
from beluga.structured.verdict import Accepted, Refused, Verdict, judged
from beluga.structured.wanted import Wanted
from beluga.structured.watching import Watch, codec_of

__all__ = ["Asking"]

T = TypeVar("T")


class Asking(Wrapper, Generic[T]):
    """Answer one request with a value.

    Args:
        inner: Who is asked.
        wanted: What for.
        modes: In which ways, the best one first.
        policy: How often.
        restarts: Whether an answer that has been shown may be followed by another.
        elsewhere: Whether a router should ask another model where an answer will not do.
    """

    def __init__(
        self,
        inner: ChatModel,
        wanted: Wanted[T],
        modes: Sequence[Mode],
        policy: RepairPolicy,
        *,
        restarts: bool = False,
        elsewhere: bool = False,
    ) -> None:
        super().__init__(inner)
        self._wanted, self._modes, self._policy = wanted, modes, policy
        self._restarts, self._elsewhere = restarts, elsewhere
        self._attempts: list[Attempt] = []
        self._accepted: Accepted[T] | None = None
        self._correction: tuple[Message, ...] = ()
        self._spent = Spent()
        self._watch = Watch()
        self._tool: str | None = None
        self._others: frozenset[str] = frozenset()
        self._error: ModelError | None = None
        self._last: tuple[AIMessage, Verdict[T]] | None = None

    @property
    def accepted(self) -> Accepted[T] | None:
        """The value, once an answer holds it."""
        return self._accepted

    @property
    def tool(self) -> str | None:
        """The name of the tool that takes the value, if there is one."""
        return self._tool

    def structured(self) -> Structured[T]:
        """Return the value and how it came about; only after the answer has ended well."""
        assert self._accepted is not None
        message = msgspec.structs.replace(self._attempts[-1].message, spent=self._spent)
        return Structured(
            self._accepted.value,
            message,
            self._spent.usage,
            tuple(self._attempts),
            self._accepted.repairs,
        )

    def codecs(self, section: int) -> frozenset[str]:
        """Return the codecs that a part of a stream may have come through.

        Args:
            section: How many restarts came before it.
        """
        sections = self._watch.sections
        return sections[section] if section < len(sections) else frozenset()

    async def respond(self, request: Request, fx: Effects) -> Finish:
        """Ask until an answer holds the value.

        Raises:
            OutputInvalidError: None does; `attempts` says why of each, `partial` is the last one.
            ContentFilterError: The model refused to answer.
            ModelError: A call failed.
        """
        given = request.options.tools or ()
        self._others = frozenset([one.name for one in given if isinstance(one, ToolSpec)])
        flow: Repair[Finish] = repair(self._policy, self._modes)
        stage = Stage(fx.emit, watched=request.streaming)
        outcome: Outcome[Finish]
        try:
            ask = next(flow)
            while True:
                stage = Stage(partial(self._show, fx), watched=request.streaming)
                answered = await self._answered(ask, request, fx, stage)
                if stage.shown and isinstance(answered, Failure):
                    outcome = answered
                    break
                ask = await self._next(ask, flow.send(answered), fx, stage)
        except StopIteration as done:
            outcome = done.value
        await stage.release()
        match outcome:
            case Ok(finish):
                return finish
            case Failure():
                raise self._error_of(outcome)
            case _:
                assert_never(outcome)

    async def _answered(
        self, ask: Ask, request: Request, fx: Effects, stage: Stage
    ) -> Answered[Finish]:
        """Make one call."""
        self._tool = tool = self._wanted.tool_name(request) if ask.mode == "tool" else None
        asked = self._wanted.request(request, ask.mode)
        asked = msgspec.structs.replace(asked, messages=(*asked.messages, *self._correction))
        folder, self._last = Folder(), None

        async def emit(chunks: Sequence[Emission]) -> None:
            folder.feed(chunks)
            await stage.emit(chunks)

        self._watch.begin()
        fx = fx.emitting(emit).observed_by(self._watch.observe)
        try:
            finish = await self.inner.respond(asked, fx.judged_by(self._judge(tool)))
        except ModelError as error:
            self._spent += self._watch.ledger.spent
            return await self._without_answer(error, tool, stage)
        folder.feed((finish,))
        self._spent += (spent := self._watch.ledger.spent_with(finish.usage))
        answered = await self._judged(folder.message(), tool, spent.usage, stage)
        if isinstance(answered, Ok) and self._accepted is not None and self._accepted.repairs:
            fx.notify(Repaired(tuple([repair.kind for repair in self._accepted.repairs])))
        return Ok(finish) if isinstance(answered, Ok) else answered

    async def _without_answer(
        self, error: ModelError, tool: str | None, stage: Stage
    ) -> Invalid | Failure:
        """Return the failure; or, where a router has found that no answer will do, the last one."""
        self._error = error
        if not self._elsewhere or error.code != "output_invalid" or error.partial is None:
            return error.failure
        verdict = await self._verdict(error.partial, tool)
        if not isinstance(verdict, Refused) or verdict.failure.code != "output_invalid":
            return error.failure
        causes = msgspec.structs.replace(verdict.failure, attempts=error.attempts)
        usage = self._watch.ledger.spent.usage
        return self._refused(verdict, causes, error.partial, tool, usage, stage)

    async def _judged(
        self, message: AIMessage, tool: str | None, usage: Usage, stage: Stage
    ) -> Answered[None]:
        verdict = await self._verdict(message, tool)
        if isinstance(verdict, Accepted):
            self._accepted = verdict
            self._attempts.append(Attempt(message))
            return Ok(None)
        self._attempts.append(Attempt(message, verdict.failure))
        if verdict.failure.code != "output_invalid":
            return verdict.failure
        return self._refused(verdict, verdict.failure, message, tool, usage, stage)

    def _refused(
        self,
        verdict: Refused,
        failure: Failure,
        message: AIMessage,
        tool: str | None,
        usage: Usage,
        stage: Stage,
    ) -> Invalid:
        self._correction = verdict.correction(message, tool)
        mendable = verdict.mendable and (self._restarts or not stage.shown)
        return Invalid(failure, _tokens(usage), mendable, self._watch.unheard)

    async def _verdict(self, message: AIMessage, tool: str | None) -> Verdict[T]:
        """Judge an answer, once if a router has asked for it before."""
        if self._last is not None and self._last[0].content == message.content:
            return self._last[1]
        codecs = codec_of(message) or self._watch.codecs
        return await judged(self._wanted, message, tool, self._others, codecs)

    def _judge(self, tool: str | None) -> Judge | None:
        if not self._elsewhere:
            return None

        async def judge(message: AIMessage) -> Failure | None:
            self._last = None
            verdict = await self._verdict(message, tool)
            self._last = message, verdict
            if isinstance(verdict, Accepted):
                return None
            self._attempts.append(Attempt(message, verdict.failure))
            return verdict.failure

        return judge

    async def _next(self, before: Ask, ask: Ask, fx: Effects, stage: Stage) -> Ask:
        """Tell that there is another call, and void what was shown of the one before."""
        if ask.after is not None and ask.number > before.number:
            fx.notify(AskedAgain(ask.after, ask.number))
            if stage.shown:
                await self._show(fx, [Restarted(ask.after)])
        return ask

    async def _show(self, fx: Effects, chunks: Sequence[Emission]) -> None:
        self._watch.see(chunks)
        await fx.emit(chunks)

    def _error_of(self, failure: Failure) -> ModelError:
        if self._error is not None and self._error.failure is failure:
            return self._error
        error = error_for(failure)
        if self._attempts:
            last = self._attempts[-1].message
            error.partial = msgspec.structs.replace(last, spent=self._spent)
        return error


def _tokens(usage: Usage) -> int | None:
    if usage.total_tokens is not None:
        return usage.total_tokens
    if usage.input_tokens is None or usage.output_tokens is None:
        return None
    return usage.input_tokens + usage.output_tokens
