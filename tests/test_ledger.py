"""The account of an answer: every attempt counts, also those that came to nothing."""

from __future__ import annotations

import anyio
import msgspec
import pytest

from beluga.effects import Effects
from beluga.errors import RateLimitError
from beluga.events import Attempted, AttemptEnded
from beluga.ledger import Ledger
from beluga.model import Wrapper
from beluga.schema import AIMessage, Failure, Finish, Request, Spent, TextDelta, Usage
from beluga.testing import ScriptedModel, Step
from tests.doubles import SLOW_DOWN, FunctionModel, text

BEGUN = Attempted("p", "m")
BROKEN = Failure("provider_unavailable", "the connection was lost", retryable=True)


def ended(usage: Usage = Usage(), **more: object) -> AttemptEnded:
    return AttemptEnded("p", "m", usage, 1.0, **more)  # type: ignore[arg-type]  # any field


def account(*events: Attempted | AttemptEnded) -> Spent:
    ledger = Ledger()
    for event in events:
        ledger.observe(event)
    return ledger.spent


def test_nothing_happened() -> None:
    assert account() == Spent()


def test_attempts_add_up() -> None:
    one, two = ended(Usage(1, 2, 3), cost=0.5), ended(Usage(10, 20, 30), cost=0.25)
    assert account(BEGUN, one, BEGUN, two) == Spent(Usage(11, 22, 33), 0.75, 2)


def test_an_unknown_cost_or_count_adds_nothing() -> None:
    one = ended(Usage(1, 2, 3), cost=0.5)
    assert account(BEGUN, one, BEGUN, ended(Usage(4))) == Spent(Usage(5, 2, 3), 0.5, 2)
    assert account(BEGUN, ended()).cost is None


def test_an_open_attempt_is_estimated() -> None:
    assert account(BEGUN) == Spent(Usage(), None, 1, estimated=True)
    assert not account(BEGUN, ended(Usage(1, 2, 3))).estimated


def test_an_attempt_cut_short_is_estimated_unless_it_had_told_its_tokens() -> None:
    assert account(BEGUN, ended(abandoned=True)).estimated
    assert account(BEGUN, ended(Usage(5), failure=SLOW_DOWN)).estimated
    assert account(BEGUN, ended(failure=BROKEN)).estimated
    assert account(BEGUN, ended(failure=BROKEN), BEGUN, ended(Usage(1, 2, 3))).estimated
    assert account(BEGUN, ended(failure=BROKEN), BEGUN, ended(failure=SLOW_DOWN)).estimated
    assert not account(BEGUN, ended(Usage(5, 0, 5), failure=SLOW_DOWN)).estimated
    assert not account(BEGUN, ended(Usage(5, 1, 6), abandoned=True)).estimated
    assert account(BEGUN, ended(Usage(5, 1, 6), abandoned=True, cost=0.1, computed=True)) == Spent(
        Usage(5, 1, 6), 0.1, 1, estimated=True
    )


@pytest.mark.parametrize(
    "failure",
    [
        SLOW_DOWN,
        Failure("auth_error", "no such key", status=401),
        Failure("context_length", "too long", status=400),
        Failure("budget_exhausted", "no credit left", status=402),
        Failure("provider_unavailable", "overloaded", status=529, retryable=True),
    ],
    ids=lambda failure: failure.code,
)
def test_what_a_provider_has_declined_took_nothing(failure: Failure) -> None:
    assert account(BEGUN, ended(failure=failure)) == Spent(attempts=1)
    late = msgspec.structs.replace(failure, in_stream=True)
    assert account(BEGUN, ended(failure=late)).estimated
    assert account(BEGUN, ended(failure=failure, first_content=0.5)).estimated


def test_an_attempt_that_ends_here_counts_wherever_it_began() -> None:
    assert account(ended(Usage(1, 2, 3), cost=0.5)) == Spent(Usage(1, 2, 3), 0.5, 1)
    assert account(ended(Usage(1, 2, 3)), BEGUN, ended(Usage(4, 5, 9))).attempts == 2


class Retrying(Wrapper):
    """Ask again after a failure, once."""

    async def respond(self, request: Request, fx: Effects) -> Finish:
        try:
            return await self.inner.respond(request, fx)
        except RateLimitError:
            return await self.inner.respond(request, fx)


async def test_a_retried_answer_was_billed_once_and_took_two_attempts() -> None:
    answer = AIMessage("a", usage=Usage(1, 2, 3), finish_reason="stop")
    model = Retrying(ScriptedModel([RateLimitError(SLOW_DOWN), answer]))
    message = await model.generate("Hi")
    assert message.usage == Usage(1, 2, 3)
    assert message.spent == Spent(Usage(1, 2, 3), None, 2)


async def test_the_account_of_a_failure_is_on_its_partial() -> None:
    script: list[Step] = [TextDelta("a"), RateLimitError(SLOW_DOWN)]
    with pytest.raises(RateLimitError) as caught:
        await Retrying(ScriptedModel([RateLimitError(SLOW_DOWN), script])).generate("Hi")
    assert caught.value.partial is not None
    assert caught.value.partial.spent.attempts == 2


async def test_an_abandoned_stream_is_accounted_after_its_block() -> None:
    script: list[Step] = [TextDelta("a"), 60.0, Finish("stop", usage=Usage(1, 2, 3))]
    async with ScriptedModel([script]).stream("Hi") as chunks:
        await anext(aiter(chunks))
        assert chunks.spent == Spent(Usage(), None, 1, estimated=True)
    assert chunks.spent == Spent(Usage(), None, 1, estimated=True)


async def test_attempts_side_by_side_all_count() -> None:
    async def answer(request: Request, fx: Effects) -> Finish:
        async def one(seconds: float) -> None:
            fx.notify(BEGUN)
            await anyio.sleep(seconds)
            fx.notify(ended(Usage(1, 1, 2)))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(one, 1)
            tasks.start_soon(one, 2)
        await fx.emit(text("a"))
        return Finish("stop", usage=Usage(1, 1, 2))

    message = await FunctionModel(answer).generate("Hi")
    assert message.usage == Usage(1, 1, 2)
    assert message.spent == Spent(Usage(2, 2, 4), None, 2)


async def test_a_model_that_tells_of_no_attempts_is_taken_at_its_word() -> None:
    async def answer(request: Request, fx: Effects) -> Finish:
        return Finish("stop", usage=Usage(1, 2, 3))

    assert (await FunctionModel(answer).generate("Hi")).spent == Spent(Usage(1, 2, 3), None, 1)
