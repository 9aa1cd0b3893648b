"""Counts of tokens: unknown is not zero, and sums do not depend on their order."""

from __future__ import annotations

from hypothesis import given

from beluga.schema import AIMessage, Spent, Usage
from beluga.testing import strategies


@given(strategies.usages(), strategies.usages(), strategies.usages())
def test_addition_is_associative_and_commutative(a: Usage, b: Usage, c: Usage) -> None:
    assert (a + b) + c == a + (b + c)
    assert a + b == b + a


@given(strategies.usages())
def test_nothing_known_adds_nothing(a: Usage) -> None:
    assert a + Usage() == Usage() + a == a


@given(strategies.usages(), strategies.usages())
def test_unknown_plus_known_is_known(a: Usage, b: Usage) -> None:
    total = a + b
    for name in Usage.__struct_fields__:
        x, y, z = getattr(a, name), getattr(b, name), getattr(total, name)
        known = [count for count in (x, y) if count is not None]
        assert z == (sum(known) if known else None)


def test_unknown_and_zero_differ() -> None:
    assert Usage() != Usage(0, 0, 0)
    assert Usage() + Usage(0) == Usage(0)
    assert repr(Usage()) == "Usage()"


def test_no_field_is_derived() -> None:
    assert (Usage(1, 2) + Usage(3, 4)).total_tokens is None


@given(strategies.spents(), strategies.spents())
def test_accounts_add_up(a: Spent, b: Spent) -> None:
    total = a + b
    assert total == b + a
    assert total.usage == a.usage + b.usage
    assert total.attempts == a.attempts + b.attempts
    assert total.estimated == (a.estimated or b.estimated)
    assert (total.cost is None) == (a.cost is None and b.cost is None)
    assert a + Spent() == a


def test_the_cost_of_a_message_is_what_its_metadata_says() -> None:
    assert AIMessage("a").cost is None
    assert AIMessage("a", metadata={"cost": 0}).cost == 0.0
    assert AIMessage("a", metadata={"cost": 0.5}).cost == 0.5
    assert AIMessage("a", metadata={"cost": "dear"}).cost is None
