"""Errors: one class a code, made from one failure, that travel between processes."""

from __future__ import annotations

import copy
import pickle
from typing import get_args

import pytest
from hypothesis import given

import beluga
from beluga import errors
from beluga.errors import (
    AllModelsFailedError,
    BelugaError,
    ContextLengthError,
    ContextOverflowError,
    IncompleteStreamError,
    InvalidInputError,
    ModelError,
    ModelTimeoutError,
    ProviderDownError,
    RateLimitError,
    StreamUsageError,
    UnsupportedError,
    error_for,
    invalid_input,
)
from beluga.schema import AIMessage, ErrorCode, Failure, TextDelta
from beluga.testing import ScriptedModel, strategies

CLASSES = [
    getattr(errors, name)
    for name in errors.__all__
    if isinstance(getattr(errors, name), type) and issubclass(getattr(errors, name), BelugaError)
]


def test_every_code_has_its_own_class() -> None:
    codes: list[ErrorCode] = list(get_args(ErrorCode))
    classes = [type(error_for(Failure(code, "m"))) for code in codes]
    assert len(set(classes)) == len(codes)
    assert ModelError not in classes


def test_the_tree_is_the_one_that_the_contract_draws() -> None:
    assert issubclass(IncompleteStreamError, ProviderDownError)
    assert issubclass(ContextLengthError, InvalidInputError)
    assert issubclass(UnsupportedError, InvalidInputError)
    for kind in (ContextOverflowError, StreamUsageError):
        assert issubclass(kind, BelugaError)
        assert not issubclass(kind, ModelError)


def test_every_class_is_drawn_in_the_modules_docstring() -> None:
    drawing = errors.__doc__ or ""
    assert all(kind.__name__ in drawing for kind in CLASSES)
    assert all(hasattr(beluga, kind.__name__) for kind in CLASSES)


@given(strategies.failures())
def test_the_fields_of_a_failure_are_the_errors(failure: Failure) -> None:
    error = error_for(failure)
    for name in Failure.__struct_fields__:
        assert getattr(error, name) == getattr(failure, name)


@given(strategies.failures())
def test_errors_survive_pickling_and_copying(failure: Failure) -> None:
    error = error_for(failure)
    error.partial = AIMessage("so far", interrupted=True)
    error.add_note("seen at the edge")
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(twin) is type(error)
        assert twin.failure == failure
        assert twin.partial == error.partial
        assert str(twin) == str(error)
        assert twin.__notes__ == ["seen at the edge"]


@pytest.mark.parametrize(
    "error",
    [
        ContextOverflowError(10, 5),
        StreamUsageError("used twice"),
        AllModelsFailedError(Failure("rate_limit", "all", attempts=(Failure("timeout", "t"),))),
    ],
    ids=repr,
)
def test_the_other_errors_survive_pickling(error: BelugaError) -> None:
    twin = pickle.loads(pickle.dumps(error))
    assert type(twin) is type(error)
    assert (str(twin), twin.__dict__) == (str(error), error.__dict__)


async def test_an_error_with_a_partial_survives_pickling() -> None:
    failure = Failure("rate_limit", "slow down")
    with pytest.raises(RateLimitError) as caught:
        await ScriptedModel([[TextDelta("Once"), RateLimitError(failure)]]).generate("Hi")
    twin = pickle.loads(pickle.dumps(caught.value))
    assert twin.partial is not None
    assert twin.partial.text == "Once"
    assert twin.partial == caught.value.partial


def test_text_says_who_and_what() -> None:
    failure = Failure("rate_limit", "slow down", "openai", "gpt-5-mini", 429)
    assert str(RateLimitError(failure)) == "openai:gpt-5-mini: slow down (HTTP 429)"
    assert str(ModelTimeoutError(Failure("timeout", "too late"))) == "too late"


def test_an_overflow_names_the_smallest_budget_that_would_do() -> None:
    error = ContextOverflowError(needed=120, budget=100)
    assert (error.needed, error.budget) == (120, 100)
    assert str(error) == "the messages cannot fit 100 tokens; they need at least 120"


def test_what_a_user_gave_wrong_is_a_local_failure() -> None:
    error = invalid_input("no")
    assert error.local
    assert not error.retryable
    assert error.code == "invalid_input"


async def test_the_causes_of_a_failure_are_in_order() -> None:
    causes = (Failure("timeout", "first"), Failure("rate_limit", "second"))
    error = AllModelsFailedError(Failure("rate_limit", "all", attempts=causes))
    assert error.attempts == causes
    with pytest.raises(AllModelsFailedError):
        await ScriptedModel([error]).generate("Hi")
