"""The edge between a caller and a model: one answer, its total deadline and its account.

`generate` and `stream` both run an answer through here, so that they cannot differ.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias, get_args

import anyio
import msgspec
from anyio.abc import TaskGroup

from beluga.effects import Effects, Emit
from beluga.errors import ModelError, ModelTimeoutError
from beluga.ledger import Ledger
from beluga.schema import AIMessage, Emission, Failure, Finish, Request, Spent, Timeouts

__all__ = [
    "Answer",
    "Respond",
    "as_one",
    "checked",
    "cleaned_up",
    "model_error",
    "sole_exception",
]

Respond: TypeAlias = Callable[[Request, Effects], Awaitable[Finish]]

_DEFAULT_TIMEOUTS = Timeouts()
_EMISSIONS: Final = frozenset(get_args(Emission))
_BATCHES: Final = frozenset({list, tuple})


class Answer:
    """One answer to one request, from the caller's side."""

    def __init__(self, respond: Respond, request: Request, fx: Effects) -> None:
        self._respond, self._request, self._fx = respond, request, fx
        self._ledger = Ledger()
        self._finish: Finish | None = None

    @property
    def spent(self) -> Spent:
        """What the answer has taken so far."""
        return self._ledger.spent if self._finish is None else self._finish.spent

    async def run(self, emit: Emit) -> Finish:
        """Have the model respond, under the total deadline; return how it ended, with the account.

        Raises:
            ModelTimeoutError: The total deadline has passed.
        """
        total = (self._request.options.timeout or _DEFAULT_TIMEOUTS).total
        own = self._fx.clock.now() + total
        deadline = min(self._fx.deadline, own)
        fx = self._fx.emitting(emit).observed_by(self._ledger.observe).until(deadline)
        fx = fx.judged_by(None)  # whoever judges, judges the answer to a request of its own
        finish: object = None
        failure: BaseException | None = None
        scope = anyio.CancelScope(deadline=deadline)
        try:
            with scope:
                finish = await self._respond(self._request, fx)
        except BaseExceptionGroup as group:
            failure = as_one(group)
        if failure is not None:  # raised outside of `except`, so that its cause stays its own
            raise failure
        if scope.cancelled_caught:
            raise _too_late(total if deadline == own else None)
        if not isinstance(finish, Finish):
            raise TypeError(f"respond must return a Finish; it returned {finish!r}")
        spent = self._ledger.spent_with(finish.usage)
        self._finish = msgspec.structs.replace(finish, spent=spent)
        return self._finish

    def interrupted(self, partial: AIMessage) -> AIMessage:
        """Return *partial* as what an answer that never ended has come to."""
        return msgspec.structs.replace(partial, interrupted=True, spent=self.spent)

    def attach(self, error: BaseException, partial: AIMessage) -> None:
        """Attach what had arrived to *error*, unless it carries an account of its own."""
        arrived = bool(partial.content or partial.cut_calls)
        if isinstance(error, ModelError) and error.partial is None and arrived:
            error.partial = self.interrupted(partial)


def checked(chunks: Sequence[Emission]) -> Sequence[Emission]:
    """Return what a model has emitted.

    Raises:
        TypeError: It is no sequence of chunks, or holds what may not be emitted.
    """
    if type(chunks) in _BATCHES:
        for chunk in chunks:
            if type(chunk) not in _EMISSIONS:
                break
        else:
            return chunks
    return _looked_at(chunks)


def _looked_at(given: object) -> Sequence[Emission]:
    """Return what is of classes of somebody's own, or say what is wrong with it."""
    if isinstance(given, str | bytes) or not isinstance(given, Sequence):
        raise TypeError(f"emit takes a sequence of chunks; it was given {given!r:.80}")
    for chunk in given:
        if isinstance(chunk, Finish):
            raise TypeError("respond returns its Finish as its last act, and emits none")
        if not isinstance(chunk, Emission):
            raise TypeError(f"emit takes chunks such as TextDelta('…'); it was given {chunk!r:.80}")
    return given


async def cleaned_up(tasks: TaskGroup) -> None:
    """Leave the block of *tasks*, which have been cancelled, when they have cleaned up.

    The group is not shown an exception of the block, for it would wrap it; the interpreter raises
    that exception again as soon as the block's `__aexit__` has returned.

    Raises:
        BaseException: What a task has raised; in a group only if it is more than one.
    """
    failure: BaseException | None = None
    try:
        await tasks.__aexit__(None, None, None)
    except BaseExceptionGroup as group:  # a producer's SystemExit, for instance
        failure = sole_exception(group)
    if failure is not None:
        raise failure


def sole_exception(error: BaseException) -> BaseException:
    """Return what a group holds, for as long as it holds exactly one exception."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def as_one(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return what a group comes to: the one exception in it, or one error for failures of models.

    That is the first of them, with the others as its `attempts`, and the group as its cause. With
    anything else in it, a group is the user's own, and passes as it is.
    """
    error = sole_exception(group)
    if not isinstance(error, BaseExceptionGroup):
        return error
    leaves = _leaves(error)
    failures = [leaf.failure for leaf in leaves if isinstance(leaf, ModelError)]
    if len(failures) < len(leaves):
        return error
    first, *others = failures
    attempts = (*first.attempts, *others)
    joint = type(leaves[0])(msgspec.structs.replace(first, attempts=attempts))
    joint.__cause__ = error
    return joint


def model_error(error: BaseException) -> ModelError | None:
    """Return the failure of a model that *error* is, or that a group of its own tasks comes to."""
    one = as_one(error) if isinstance(error, BaseExceptionGroup) else error
    return one if isinstance(one, ModelError) else None


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    leaves: list[BaseException] = []
    for error in group.exceptions:
        leaves += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return leaves


def _too_late(total: float | None) -> ModelTimeoutError:
    bound = (
        "the caller's deadline"
        if total is None
        else f"its total time of {total:g} s (option timeout)"
    )
    message = f"the answer was not complete within {bound}"
    return ModelTimeoutError(Failure("timeout", message, local=True))
