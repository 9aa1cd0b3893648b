"""Costs against figures worked out by hand from the providers' published prices, and laws."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beluga import ModelInfo, Prices, PriceTier, Usage, cost, new, register_model
from beluga.catalog import cost_at, model_info
from beluga.testing import ScriptedModel

MILLION = 1_000_000


@pytest.mark.parametrize(
    ("model", "usage", "dollars"),
    [
        # $0.25 and $2.00 a million, cached $0.025
        ("openai:gpt-5-mini", Usage(1000, 500), 0.00025 + 0.001),
        ("openai:gpt-5-mini", Usage(1000, 500, cached_tokens=800), 0.00005 + 0.00002 + 0.001),
        # reasoning is part of the output, and billed once
        ("openai:gpt-5-mini", Usage(0, 500, reasoning_tokens=400), 0.001),
        # $3, $15, writes for five minutes $3.75, reads $0.30
        (
            "anthropic:claude-sonnet-4-5-20250929",
            Usage(10_000, 1000, cached_tokens=6000, cache_write_tokens=3000),
            0.003 + 0.0018 + 0.01125 + 0.015,
        ),
        # $1.25 and $10 up to 200,000 tokens of input, $2.50 and $15 for the whole request above
        ("google:gemini-2.5-pro", Usage(200_000, 1000), 0.25 + 0.01),
        ("google:gemini-2.5-pro", Usage(200_001, 1000), 200_001 * 2.5e-6 + 0.015),
        (
            "google:gemini-2.5-pro",
            Usage(300_000, 0, cached_tokens=250_000),  # cached ones count for the bound
            50_000 * 2.5e-6 + 250_000 * 0.25e-6,
        ),
        # the same through a profile within the United States: a tenth more
        ("bedrock:us.anthropic.claude-sonnet-4-5-20250929-v1:0", Usage(MILLION // 10, 0), 0.33),
        ("gpt-4o-2024-05-13", Usage(1000, 1000), 0.005 + 0.015),
    ],
)
def test_by_hand(model: str, usage: Usage, dollars: float) -> None:
    assert cost(usage, model) == pytest.approx(dollars, rel=1e-12)


def test_the_batch_interface_has_its_own_prices() -> None:
    assert cost(Usage(MILLION, MILLION), "openai:gpt-5-mini", batch=True) == 0.125 + 1.0
    cached = Usage(MILLION, MILLION, cached_tokens=1)
    assert cost(cached, "openai:gpt-5-mini", batch=True) is None
    assert cost_at(FULL, Usage(1, 1), batch=True) is None


@pytest.mark.parametrize(
    "usage",
    [
        Usage(),
        Usage(total_tokens=100),
        Usage(100),
        Usage(None, 100),
        Usage(-1, 5),
        Usage(5, -1),
        Usage(5, 5, cached_tokens=-1),
        Usage(5, 5, cached_tokens=6),
        Usage(5, 5, cached_tokens=3, cache_write_tokens=3),
    ],
)
def test_counts_that_are_unknown_or_contradict_each_other_have_no_cost(usage: Usage) -> None:
    assert cost(usage, "anthropic:claude-sonnet-4-5") is None


FULL = Prices(input=1.0, output=2.0, cached=0.5, cache_write=4.0)


@pytest.mark.parametrize(
    ("missing", "usage", "known"),
    [
        ("input", Usage(0, 5), False),  # no price at all is not a price of nothing
        ("output", Usage(5, 0), False),
        ("cached", Usage(5, 5), True),
        ("cached", Usage(5, 5, cached_tokens=1), False),
        ("cache_write", Usage(5, 5, cached_tokens=1), True),
        ("cache_write", Usage(5, 5, cache_write_tokens=1), False),
    ],
)
def test_a_price_that_is_needed_and_unknown(missing: str, usage: Usage, known: bool) -> None:
    prices = msgspec.structs.replace(FULL, **{missing: None})
    assert (cost_at(prices, usage) is not None) == known


def test_a_tier_that_does_not_say_a_price_has_none() -> None:
    prices = msgspec.structs.replace(FULL, tiers=(PriceTier(above=10, input=2.0, output=3.0),))
    assert cost_at(prices, Usage(10, 0, cached_tokens=10)) == pytest.approx(5e-6)
    assert cost_at(prices, Usage(11, 0)) == pytest.approx(22e-6)
    assert cost_at(prices, Usage(11, 0, cached_tokens=1)) is None


def test_the_highest_tier_that_is_reached_counts() -> None:
    tiers = tuple(PriceTier(above=a, input=float(a), output=0.0) for a in (10, 20, 30))
    prices = msgspec.structs.replace(FULL, tiers=tiers)
    expected = {10: 1.0, 11: 10.0, 20: 10.0, 21: 20.0, 30: 20.0, 31: 30.0}
    for tokens, rate in expected.items():
        assert cost_at(prices, Usage(tokens, 0)) == pytest.approx(tokens * rate / 1e6)


def test_no_cost_where_more_than_tokens_is_charged() -> None:
    assert model_info("perplexity:sonar").prices.input == 1.0
    assert cost(Usage(10, 10), "perplexity:sonar") is None  # a search comes on top
    assert cost(Usage(10, 10), "deepseek:deepseek-v4-pro") is None  # half the price by night


@pytest.mark.parametrize("name", ["gpt-5-minis", "azure:gpt-4o", "", ":", "openai:", "ollama:x"])
def test_an_unknown_model_has_no_cost(name: str) -> None:
    assert cost(Usage(1, 1), name) is None


def test_a_model_is_as_good_as_its_name() -> None:
    usage = Usage(123, 45, cached_tokens=100)
    model = new("openai:gpt-5-mini", api_key="k")
    expected = cost(usage, "openai:gpt-5-mini")
    assert expected is not None
    assert cost(usage, model) == cost(usage, model.with_options(temperature=0)) == expected
    assert cost(usage, ScriptedModel([])) is None
    register_model(
        ModelInfo(model="gpt-5-mini", provider="openai", prices=Prices(input=1, output=1))
    )
    assert cost(Usage(MILLION, 0), model) == 1.0


counts = st.integers(0, 2_000_000)


@given(counts, counts, counts, counts)
def test_more_tokens_never_cost_less_and_a_cache_never_more(
    plain: int, cached: int, made: int, more: int
) -> None:
    def dollars(*args: Any, **more: int) -> float:
        known = cost(Usage(*args, **more), "anthropic:claude-opus-4-5")
        assert known is not None
        return known

    whole = dollars(plain + cached, made)
    assert dollars(plain + cached, made, cached_tokens=cached) <= whole + 1e-9
    assert dollars(plain + cached + more, made) >= whole - 1e-9
    assert dollars(plain + cached, made + more) >= whole - 1e-9
