"""A router over models that do whatever they like, on both backends: each law is a property."""

from __future__ import annotations

import math
from collections import Counter
from typing import get_args

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beluga.errors import AllModelsFailedError
from beluga.schema import AIMessage, ErrorCode, Failure, Finish
from beluga.testing import virtual_backends
from tests.routing.actors import Answer, Play

BACKENDS = ["asyncio", "trio"]
FEW = settings(max_examples=60)

codes = st.sampled_from(get_args(ErrorCode))
passing = st.sampled_from(["rate_limit", "timeout", "provider_unavailable", "incomplete_stream"])
hints = st.none() | st.sampled_from([0.5, 3.0, 20.0])
failures = st.builds(
    Failure,
    passing | codes,
    st.just("oops"),
    retry_after=hints,
    local=st.sampled_from([False, False, True]),
    retryable=st.booleans(),
)
before_content = st.tuples(st.lists(st.sampled_from([0.0, 1.0]), max_size=2), st.none() | failures)
scenes = before_content | st.tuples(
    st.lists(st.sampled_from(["x", "y", 0.0, 1.0, 4.0]), max_size=4), st.none() | failures
)
casts = st.lists(st.lists(scenes, min_size=1, max_size=3), min_size=1, max_size=4)
reserves = st.lists(st.lists(scenes, min_size=1, max_size=2), max_size=2)
options = st.fixed_dictionaries(
    {},
    optional={
        "max_attempts": st.integers(1, 4),
        "commit": st.sampled_from(["content", "finish"]),
        "on_interrupt": st.sampled_from(["raise", "restart"]),
        "on_refusal": st.sampled_from(["raise", "next"]),
        "max_wait": st.sampled_from([0.0, 1.0, 5.0]),
    },
)
plays = st.builds(Play, casts, reserves, options)
gaps = st.lists(st.sampled_from([0.0, 0.5, 2.0, 31.0]), min_size=1, max_size=4)


def run(backend: str, main: object, *args: object) -> object:
    return anyio.run(main, *args, backend=backend, backend_options=virtual_backends()[backend])


@pytest.mark.parametrize("backend", BACKENDS)
@FEW
@given(play=plays, pauses=gaps, streaming=st.booleans())
def test_any_play(backend: str, play: Play, pauses: list[float], streaming: bool) -> None:
    run(backend, judge, play, pauses, streaming)


async def judge(play: Play, pauses: list[float], streaming: bool) -> None:
    """Ask several times, and check every law; `make eval` does so of many more plays."""
    away = Absences(play)
    for pause in pauses:
        await anyio.sleep(pause)
        answer = await play.ask(streaming=streaming)
        one_answer_is_shown(play, answer)
        nobody_is_asked_too_often(play, answer)
        what_nobody_survives_stops_at_once(play, answer)
        every_cause_is_told(play, answer)
        everything_is_told_to_those_who_listen(answer)
        away.check(answer)
        assert all(actor.open == 0 for actor in play.actors.values())


def one_answer_is_shown(play: Play, answer: Answer) -> None:
    """What is shown last is the answer of the one that was asked last; what is void was begun."""
    wholes = [play.whole(name, number) for name, number, _ in answer.asked]
    restarting = play.options.get("on_interrupt") == "restart"
    *void, last = answer.texts or [""]
    assert restarting or not void
    for text in void:
        assert any(whole.startswith(text) for whole in wholes)
    if isinstance(answer.end, AIMessage):
        name, number, _ = answer.asked[-1]
        assert last == answer.end.text == play.whole(name, number)
        assert answer.end.model == name
        finishes = [chunk for chunk in answer.chunks if isinstance(chunk, Finish)]
        assert len(finishes) == answer.streaming
    elif answer.streaming:
        assert not last or any(whole.startswith(last) for whole in wholes)
        if play.options.get("commit") == "finish":
            assert not any(answer.texts)


def nobody_is_asked_too_often(play: Play, answer: Answer) -> None:
    sent = Counter([name for name, number, _ in answer.asked if not _local(play, name, number)])
    assert all(count == 1 for count in sent.values())
    assert sum(sent.values()) <= play.options.get("max_attempts", math.inf)
    mine = {actor.name for actor in play.mine}
    if play.options.get("max_wait", 0.0) == 0.0:
        order = [name in mine for name, _, _ in answer.asked]
        assert order == sorted(order, reverse=True), "fallbacks come last"


def _local(play: Play, name: str, number: int) -> bool:
    failure = play.failure(name, number)
    return failure is not None and failure.local


def what_nobody_survives_stops_at_once(play: Play, answer: Answer) -> None:
    ends = [play.failure(name, number) for name, number, _ in answer.asked]
    for failure in ends[:-1]:
        assert failure is not None
        assert play.survives(failure)
    if ends and ends[-1] is not None and not play.survives(ends[-1]):
        assert answer.causes == (ends[-1],)
        assert not isinstance(answer.end, AllModelsFailedError)


def every_cause_is_told(play: Play, answer: Answer) -> None:
    if not isinstance(answer.end, AllModelsFailedError):
        return
    ends = [play.failure(name, number) for name, number, _ in answer.asked]
    gone = [end for end in ends if end is not None and not (end.local and end.retryable)]
    causes = list(answer.causes)
    assert causes[: len(gone)] == gone
    assert all(cause.local for cause in causes[len(gone) :])
    hints = [cause.retry_after for cause in causes if cause.retry_after is not None]
    assert (answer.end.retry_after is None) == (not hints)
    if hints:
        assert 0 <= answer.end.retry_after <= min(hints)


def everything_is_told_to_those_who_listen(answer: Answer) -> None:
    names = [name for name, _, _ in answer.asked]
    assert answer.routed == names
    assert [report.candidate.name for report in answer.reports] == names
    spent = answer.end.spent if isinstance(answer.end, AIMessage) else None
    assert spent is None or spent.attempts == len(names)


class Absences:
    """Who is to be left alone, by what has been seen from outside; it knows no breaker."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.until: dict[str, float] = {}
        self.row: Counter[str] = Counter()

    def check(self, answer: Answer) -> None:
        for name, number, asked_at in answer.asked:
            assert asked_at >= self.until.get(name, -math.inf) - 1e-6, (
                f"{name} was to be left alone"
            )
            pieces, failure = self.play.actors[name].scene(number)
            waits = sum([piece for piece in pieces if isinstance(piece, float)])
            self.note(name, failure, asked_at + waits + 0.125)

    def note(self, name: str, failure: Failure | None, now: float) -> None:
        if failure is not None and failure.local:
            return
        rules = self.play.cooldown
        down = failure is not None and failure.code in get_args(ErrorCode)[:4]
        self.row[name] = self.row[name] + 1 if down else 0
        seconds = 0.0
        if failure is not None and failure.code in {"auth_error", "not_found", "budget_exhausted"}:
            seconds = rules.refused
        elif down and failure is not None:
            usual = rules.rate_limited if failure.code == "rate_limit" else 0.0
            seconds = usual if failure.retry_after is None else failure.retry_after
        if self.row[name] >= rules.failures:
            seconds = max(seconds, rules.seconds)
        self.until[name] = max(self.until.get(name, -math.inf), now + seconds)


@pytest.mark.parametrize("backend", BACKENDS)
@FEW
@given(
    others=st.lists(
        st.lists(
            st.tuples(
                st.lists(st.sampled_from([0.0, 1.0]), max_size=2),
                failures.filter(
                    lambda failure: (
                        failure.code in get_args(ErrorCode)[:6]
                        or failure.code in {"context_length", "unsupported"}
                    )
                ),
            ),
            min_size=1,
            max_size=2,
        ),
        max_size=3,
    ),
    place=st.integers(0, 3),
    as_fallback=st.booleans(),
    streaming=st.booleans(),
)
def test_with_one_that_is_well_every_call_succeeds(
    backend: str, others: list, place: int, as_fallback: bool, streaming: bool
) -> None:
    well = [(["x"], None)]

    async def main() -> None:
        cast = list(others)
        if as_fallback and cast:
            play = Play(cast, [well], {})
        else:
            cast.insert(place, well)
            play = Play(cast, [], {})
        for _ in range(5):
            answer = await play.ask(streaming=streaming)
            assert isinstance(answer.end, AIMessage), answer.end

    run(backend, main)


@pytest.mark.parametrize("backend", BACKENDS)
@FEW
@given(play=plays, after=st.sampled_from([0.0, 0.05, 0.6, 1.05, 2.3, 4.2]), streaming=st.booleans())
def test_cancellation_calls_nobody_else(
    backend: str, play: Play, after: float, streaming: bool
) -> None:
    async def main() -> None:
        with anyio.move_on_after(after) as scope:
            await play.ask(streaming=streaming)
        asked = len(play.asked)
        assert all(actor.open == 0 for actor in play.actors.values())
        await anyio.sleep(100)
        assert len(play.asked) == asked
        if scope.cancelled_caught and play.listening.reports:
            assert [r.outcome for r in play.listening.reports[:-1]].count("abandoned") == 0

    run(backend, main)
