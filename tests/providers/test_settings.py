"""What is wrong with a provider's configuration is told where it is written."""

from __future__ import annotations

from typing import Any

import pytest

from beluga.errors import InvalidInputError
from beluga.registry import list_providers, new

KEY = "k" * 20


@pytest.mark.parametrize("provider", list_providers())
def test_a_setting_that_a_provider_does_not_know_is_refused(provider: str) -> None:
    with pytest.raises(InvalidInputError, match="regoin"):
        new(provider, model="m", api_key=KEY, base_url="http://h", settings={"regoin": "eu"})


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": 7},
        {"api_key": 7},
        {"base_url": 7},
        {"headers": "x-a: b"},
        {"headers": {"x-a": "b\n"}},
        {"timeouts": 5.0},
        {"defaults": {"temperature": 1}},
        {"defaults": None},
        {"settings": None},
    ],
    ids=str,
)
def test_a_configuration_of_the_wrong_kind_is_refused(wrong: dict[str, Any]) -> None:
    config = {"model": "m", "api_key": KEY, **wrong}
    with pytest.raises(InvalidInputError, match=next(iter(wrong))):
        new("openai", **config)


def test_azures_older_address_has_no_responses() -> None:
    settings = {"api_version": "2024-10-21", "api": "responses"}
    with pytest.raises(InvalidInputError, match="Responses"):
        new("azure:m", api_key=KEY, base_url="http://h", settings=settings)
