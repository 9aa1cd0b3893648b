"""How two lists become one table: what they disagree on is not known, and is told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.catalog_table.merge import merged
from tests.catalog_table.rows import answers_chats, settled


def prices(one: dict[str, Any] | None, two: dict[str, Any] | None) -> tuple[Any, list[str]]:
    first = {"p": {"m": {"prices": one}}} if one else {"p": {"m": {"max_input_tokens": 9}}}
    second = {"p": {"m": {"prices": two}}} if two else {}
    rows, report = merged(first, second)
    return rows["p"]["m"].get("prices") if rows else None, report


def test_what_both_say_stays_and_each_adds_what_the_other_lacks() -> None:
    one = {"input": 1.0, "output": 2.0, "cached": 0.5}
    two = {"input": 1.0, "output": 2.0, "batch_input": 0.5}
    assert prices(one, two) == ({**one, "batch_input": 0.5}, [])
    assert prices(one, None) == (one, [])
    assert prices(None, two) == (two, [])


def test_another_price_of_input_or_output_leaves_none() -> None:
    one, two = {"input": 1.0, "output": 2.0}, {"input": 1.0, "output": 3.0}
    assert prices(one, two) == (None, ["p:m: output 2 and 3"])


def test_another_price_of_a_cache_is_left_out_alone() -> None:
    one = {"input": 1.0, "output": 2.0, "cached": 0.5}
    two = {"input": 1.0, "output": 2.0, "cached": 0.1}
    assert prices(one, two) == ({"input": 1.0, "output": 2.0}, ["p:m: cached 0.5 and 0.1"])


def test_another_price_of_a_long_prompt_leaves_none() -> None:
    one = {"input": 1.0, "output": 2.0, "tiers": [{"above": 9, "input": 2.0, "output": 4.0}]}
    two = {"input": 1.0, "output": 2.0, "tiers": [{"above": 9, "input": 3.0, "output": 4.0}]}
    assert prices(one, two) == (None, ["p:m: input above 9 2 and 3"])


def test_where_no_cost_is_reckoned_the_first_stays() -> None:
    one = {"input": 2.0, "output": 4.0, "extras": True}
    two = {"input": 1.0, "output": 2.0}
    assert prices(one, two)[0] == one
    assert prices(two, one)[0] == {**two, "extras": True}


@pytest.mark.parametrize(
    ("most", "window", "expected"),
    [
        (272_000, 400_000, {"context_window": 400_000, "max_input_tokens": 272_000}),
        (128_000, 128_000, {"context_window": 128_000}),
        (1_047_576, 1_000_000, {"context_window": 1_047_576}),  # a round number, no other window
        (131_072, 32_768, {"context_window": 32_768}),
    ],
)
def test_of_two_windows_the_smaller_counts(most: int, window: int, expected: Any) -> None:
    rows, report = merged(
        {"p": {"m": {"max_input_tokens": most}}}, {"p": {"m": {"context_window": window}}}
    )
    assert rows["p"]["m"] == expected
    assert len(report) == (window == 32_768)


@pytest.mark.parametrize(
    ("listed", "name", "kept"),
    [
        ({"input": 1.0, "output": 2.0, "cached": 0.0}, "m", {"input": 1.0, "output": 2.0}),
        ({"input": 0.0, "output": 0.0}, "m", {}),
        ({"input": 0.0, "output": 0.0}, "m:free", {"input": 0.0, "output": 0.0}),
        ({"input": 1.0}, "m", {}),
        ({"input": 1.0, "output": 2.0, "cached": 3.0}, "m", {}),
        (
            {"input": 1.0, "output": 2.0, "tiers": [], "extras": False},
            "m",
            {"input": 1.0, "output": 2.0},
        ),
    ],
)
def test_what_is_no_price_is_none(listed: Any, name: str, kept: Any) -> None:
    assert settled(listed, name) == kept


def test_only_what_answers_chats_with_text_is_taken() -> None:
    assert answers_chats("gpt-5-mini")
    assert not answers_chats("gpt-4o-mini-tts")
    assert not answers_chats("text-embedding-3-small")
