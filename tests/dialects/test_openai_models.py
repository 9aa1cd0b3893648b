from __future__ import annotations

import pytest

from beluga.dialects.openai_models import refused_options, thinks
from beluga.schema import GenerateOptions, ReasoningConfig


@pytest.mark.parametrize(
    ("model", "effort", "expected"),
    [
        ("gpt-4o-mini", None, False),
        ("gpt-35-turbo", None, False),
        ("gpt-35-turbo-16k", "low", False),
        ("o3-mini", None, True),
        ("gpt-5", None, True),
        ("gpt-5.1", None, False),
        ("gpt-5.1", "low", True),
        ("gpt-5", "none", False),
        ("gpt-5.5", None, True),
    ],
)
def test_which_models_think(model: str, effort: str | None, expected: bool) -> None:
    reasoning = None if effort is None else ReasoningConfig(effort)  # type: ignore[arg-type]  # a table
    assert thinks(model, GenerateOptions(reasoning=reasoning)) is expected


@pytest.mark.parametrize(
    ("model", "refuses"),
    [("o1", False), ("o3-mini", False), ("o3", True), ("o4-mini", True), ("gpt-5", True)],
)
def test_the_first_reasoning_models_still_take_stop(model: str, refuses: bool) -> None:
    refused = refused_options(model, GenerateOptions(stop=("end",)))
    assert ("stop" in refused) is refuses
    assert "temperature" in refused


def test_models_that_do_not_think_refuse_nothing() -> None:
    assert refused_options("gpt-4o", GenerateOptions(temperature=0.1)) == {}
