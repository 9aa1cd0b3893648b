"""Effects: typed capabilities that are passed, and passed on changed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import anyio
import pytest

from beluga.effects import Effects, HasClock, HasNotify, HasRandom, live, observers
from beluga.events import Attempted, Event
from beluga.schema import Emission, TextDelta

EVENT = Attempted("p", "m")


async def test_time_is_the_backends_own() -> None:
    fx = live()
    began = fx.clock.now()
    assert began == anyio.current_time()
    await fx.clock.sleep(7)
    assert fx.clock.now() - began == pytest.approx(7)
    with anyio.move_on_after(3) as scope:
        await fx.clock.sleep(60)
    assert scope.cancelled_caught


def test_a_seed_makes_chance_repeatable() -> None:
    def draws(fx: HasRandom) -> list[float]:
        return [fx.random.uniform(0, 1) for _ in range(5)]

    assert draws(live(7)) == draws(live(7)) != draws(live(8))
    assert all(0 <= draw <= 1 for draw in draws(live()))


async def test_a_changed_record_leaves_the_first_as_it_was() -> None:
    emitted: list[Sequence[Emission]] = []
    told: list[Event] = []

    async def emit(chunks: Sequence[Emission]) -> None:
        emitted.append(chunks)

    first = live(7)
    changed = first.emitting(emit).notifying(told.append).until(5.0)
    await first.emit([TextDelta("nowhere")])
    first.notify(EVENT)
    assert (emitted, told, first.deadline) == ([], [], math.inf)
    await changed.emit([TextDelta("a")])
    changed.notify(EVENT)
    assert emitted == [[TextDelta("a")]]
    assert told == [EVENT]
    assert changed.deadline == 5.0
    assert (changed.clock, changed.random) == (first.clock, first.random)


def test_observers_add_up() -> None:
    first, second = list[Event](), list[Event]()
    live().notifying(first.append).observed_by(second.append).notify(EVENT)
    assert first == second == [EVENT]


def test_one_observer_that_fails_keeps_nothing_from_the_next(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seen: list[Event] = []

    def fail(event: Event) -> None:
        raise ValueError("in an observer")

    observers(fail, seen.append, fail, seen.append)(EVENT)
    live().notifying(fail).observed_by(seen.append).notify(EVENT)
    assert seen == [EVENT] * 3
    assert caplog.text.count("ValueError: in an observer") == 3
    assert {record.name for record in caplog.records} == {"beluga"}


def test_effects_fit_every_row() -> None:
    def needs(clock: HasClock, chance: HasRandom, notify: HasNotify) -> tuple[object, ...]:
        return clock.clock, chance.random, notify.notify

    fx: Effects = live()
    assert needs(fx, fx, fx) == (fx.clock, fx.random, fx.notify)
