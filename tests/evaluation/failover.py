"""Schedules drawn at random through the flow of a router, and whole plays through routers.

Every law that the tests state is checked of each; the first that breaks one is an error, and names
the seed it was drawn from.
"""

from __future__ import annotations

import os
import random
import time
from typing import Final, get_args

import anyio

from beluga.flows.choosing import ChoosingPolicy
from beluga.outcomes import Ok, Outcome
from beluga.schema import ErrorCode, Failure
from beluga.testing import virtual_backends
from tests.evaluation.table import Table
from tests.flows import test_choosing as flow
from tests.routing import test_laws as laws
from tests.routing.actors import Play, Scene

__all__ = ["tables"]

SCHEDULES: Final = int(os.environ.get("BELUGA_SCHEDULES", "300000"))
PLAYS: Final = int(os.environ.get("BELUGA_PLAYS", "4000"))
CODES: Final[tuple[ErrorCode, ...]] = get_args(ErrorCode)


def tables() -> list[Table]:
    """Draw schedules and plays, and count what became of them."""
    return [_schedules(SCHEDULES), _plays(PLAYS)]


def _schedules(count: int) -> Table:
    answered = turns = waits = 0
    began = time.process_time()
    for seed in range(count):
        run, end = _schedule(random.Random(seed))
        try:
            flow.judge(run, end)
        except AssertionError as error:
            raise AssertionError(f"the schedule of seed {seed} breaks a law: {run}") from error
        answered += isinstance(end, Ok)
        turns += len(run.turns)
        waits += run.waited > 0
    micros = 1e6 * (time.process_time() - began) / count
    figures = (f"{count:,}", f"{answered:,}", f"{turns:,}", f"{waits:,}", f"{micros:.0f} µs")
    columns = ("drawn", "answered", "turns", "with a wait", "each")
    return Table(
        "the failover flow: laws of schedules drawn at random", columns, [("all", *figures)]
    )


def _schedule(chance: random.Random) -> tuple[flow.Run, Outcome[str]]:
    most, wait = chance.choice([None, None, 1, 2, 3]), chance.choice([0.0, 0.0, 1.0, 10.0, 60.0])
    asked: frozenset[ErrorCode] = frozenset(chance.sample(["content_filter", "output_invalid"], 1))
    run = flow.Run(
        list("abcd"[: chance.randint(1, 4)]),
        list("xy"[: chance.randint(0, 2)]),
        ChoosingPolicy(most, wait, asked if chance.random() < 0.5 else frozenset()),
        chance.choice([float("inf"), 20.0]),
    )
    steps = [
        (
            chance.randint(0, 4),
            "fine" if chance.random() < 0.15 else _failure(chance),
            chance.random() < 0.05,
            chance.choice([0.0, 1.0, 5.0]),
        )
        for _ in range(chance.randint(1, 8))
    ]
    absences = [
        _failure(chance, local=True) if chance.random() < 0.4 else None
        for _ in range(chance.randint(0, 6))
    ]
    return run, run.play(steps, absences)


def _failure(chance: random.Random, *, local: bool | None = None) -> Failure:
    code = chance.choice(CODES[:4]) if chance.random() < 0.6 else chance.choice(CODES)
    return Failure(
        code,
        "oops",
        retry_after=chance.choice([None, 0.0, 0.5, 3.0, 20.0]),
        local=chance.random() < 0.25 if local is None else local,
        retryable=chance.random() < 0.5,
    )


def _plays(count: int) -> Table:
    rows: list[tuple[str, ...]] = []
    for backend in ("asyncio", "trio"):
        asked = answers = 0
        for seed in range(count // 2):
            chance = random.Random(f"{backend}{seed}")
            play, pauses = _play(chance), [chance.choice([0.0, 0.5, 2.0, 31.0]) for _ in range(4)]
            options = virtual_backends()[backend]
            try:
                anyio.run(
                    laws.judge, play, pauses, chance.random() < 0.5,
                    backend=backend, backend_options=options,
                )  # fmt: skip
            except AssertionError as error:
                raise AssertionError(f"the play of seed {backend}{seed} breaks a law") from error
            asked += len(play.asked)
            answers += len(pauses)
        rows.append((backend, f"{count // 2:,}", f"{answers:,}", f"{asked:,}"))
    columns = ("plays", "answers", "attempts")
    return Table("whole routers: laws of plays drawn at random", columns, rows)


def _play(chance: random.Random) -> Play:
    options: dict[str, object] = {}
    if chance.random() < 0.3:
        options["max_attempts"] = chance.randint(1, 4)
    for name, values in (
        ("commit", ["content", "finish"]),
        ("on_interrupt", ["raise", "restart"]),
        ("on_refusal", ["raise", "next"]),
    ):
        options[name] = chance.choice(values)
    options["max_wait"] = chance.choice([0.0, 1.0, 5.0])
    return Play(
        [_scenes(chance) for _ in range(chance.randint(1, 4))],
        [_scenes(chance) for _ in range(chance.randint(0, 2))],
        options,
    )


def _scenes(chance: random.Random) -> list[Scene]:
    pieces: list[str | float] = ["x", "y", 0.0, 1.0, 4.0]
    return [
        (
            [chance.choice(pieces) for _ in range(chance.randint(0, 4))],
            None if chance.random() < 0.3 else _failure(chance),
        )
        for _ in range(chance.randint(1, 3))
    ]
