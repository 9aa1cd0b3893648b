"""Weighted turns: each candidate has its share, and never a turn too many."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from beluga.effects import live
from beluga.routing import Candidate, RoundRobin
from beluga.schema import HumanMessage, Request
from beluga.testing import ScriptedModel

REQUEST = Request((HumanMessage("Hi"),))


def candidates(*weights: float) -> list[Candidate]:
    models = [ScriptedModel([], model_id=name) for name in "abcdef"]
    return [Candidate(m, weight=w) for m, w in zip(models, weights, strict=False)]


async def turns(strategy: RoundRobin, offered: list[Candidate], count: int) -> str:
    return "".join([(await strategy.select(offered, REQUEST, live())).label for _ in range(count)])


async def test_the_turns_are_those_of_nginx() -> None:
    assert await turns(RoundRobin(), candidates(5, 1, 1), 14) == "aabacaa" * 2


async def test_equal_weights_take_turns_in_order() -> None:
    assert await turns(RoundRobin(), candidates(1, 1, 1), 7) == "abcabca"


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6))
async def test_nobody_has_a_turn_too_many_and_in_the_end_each_its_share(weights: list[int]) -> None:
    strategy, offered = RoundRobin(), candidates(*weights)
    total, had = sum(weights), [0] * len(weights)
    for turn in range(1, 2 * total + 1):
        had["abcdef".index(await turns(strategy, offered, 1))] += 1
        assert all(h < turn * w / total + 1 for h, w in zip(had, weights, strict=True))
    assert had == [2 * weight for weight in weights]


async def test_explaining_takes_nobodys_turn() -> None:
    strategy, offered = RoundRobin(), candidates(2, 1)
    for expected in "abaaba":
        told = await strategy.explain(offered, REQUEST, live())
        assert told.chosen == expected
        assert max(told.scores, key=told.scores.__getitem__) == expected
        assert await turns(strategy, offered, 1) == expected


async def test_who_is_away_for_a_while_has_no_turns_to_make_up_for() -> None:
    strategy, (a, b) = RoundRobin(), candidates(1, 1)
    assert await turns(strategy, [a, b], 2) == "ab"
    assert await turns(strategy, [a], 50) == "a" * 50
    assert await turns(strategy, [a, b], 4) in {"abab", "baba"}
