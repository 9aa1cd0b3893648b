"""Outcomes: the two bridges between a failure as a value and a failure as an exception."""

from __future__ import annotations

import anyio
import msgspec
import pytest
from hypothesis import given

from beluga.errors import AllModelsFailedError, ModelError, RateLimitError, error_for
from beluga.outcomes import Ok, Outcome, attempt, unwrap
from beluga.schema import Failure, TextDelta
from beluga.testing import strategies
from tests.doubles import SLOW_DOWN


async def test_a_value_becomes_ok() -> None:
    async def call() -> int:
        return 7

    assert await attempt(call) == Ok(7)


async def test_a_model_error_becomes_its_failure() -> None:
    async def call() -> int:
        raise RateLimitError(SLOW_DOWN)

    assert await attempt(call) == SLOW_DOWN


@pytest.mark.parametrize("error", [ValueError("a bug"), SystemExit(3), TimeoutError()])
async def test_everything_else_passes(error: BaseException) -> None:
    async def call() -> int:
        raise error

    with pytest.raises(type(error)) as caught:
        await attempt(call)
    assert caught.value is error


async def test_cancellation_is_never_a_value() -> None:
    with anyio.move_on_after(1) as scope:
        await attempt(anyio.sleep_forever)
    assert scope.cancelled_caught


def test_unwrapping_gives_the_value() -> None:
    assert unwrap(Ok(7)) == 7
    assert unwrap(Ok(None)) is None


@given(strategies.failures())
def test_unwrapping_raises_the_failure_as_the_error_of_its_code(failure: Failure) -> None:
    with pytest.raises(ModelError) as caught:
        unwrap(failure)
    assert caught.value.failure == failure
    assert type(caught.value) is type(error_for(failure))


@given(strategies.failures())
def test_an_attempt_undoes_an_unwrapping(failure: Failure) -> None:
    async def call() -> int:
        return unwrap(failure)

    with pytest.raises(StopIteration) as done:
        attempt(call).send(None)  # it never waits, so it needs no event loop
    assert done.value.value == failure


def test_an_outcome_survives_json() -> None:
    for outcome in (Ok(TextDelta("a")), SLOW_DOWN):
        kind = Ok[TextDelta] if isinstance(outcome, Ok) else Failure
        assert msgspec.json.decode(msgspec.json.encode(outcome), type=kind) == outcome


def test_an_outcome_is_matched_exhaustively() -> None:
    def told(outcome: Outcome[int]) -> str:
        match outcome:
            case Ok(value):
                return f"got {value}"
            case Failure(code):
                return code

    assert told(Ok(1)) == "got 1"
    assert told(SLOW_DOWN) == "rate_limit"


async def test_the_failure_of_several_models_is_the_same_error_again() -> None:
    causes = (SLOW_DOWN, Failure("timeout", "late"))

    async def call() -> None:
        raise AllModelsFailedError(Failure("timeout", "all failed", attempts=causes))

    with pytest.raises(AllModelsFailedError) as caught:
        unwrap(await attempt(call))
    assert caught.value.attempts == causes
