"""Every call of an answer has an id of its own, whatever its provider gave."""

from __future__ import annotations

import time

import pytest

from beluga.dialects.calls import CallAssembler, synthetic_id
from beluga.schema import PartDone, ToolCall


def ids(*given: str | None) -> list[str]:
    calls = CallAssembler()
    calls.seed = "answer"
    for index, call_id in enumerate(given):
        calls.fragment(index, call_id, "f", "{}")
    parts = [chunk.part for chunk in calls.close("tool_calls") if isinstance(chunk, PartDone)]
    return [part.id for part in parts if isinstance(part, ToolCall)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("a", "b"), ["a", "b"]),
        (("a", "a"), ["a", "a_1"]),
        (("a", "a_2", "a"), ["a", "a_2", "a_2_2"]),
        ((None, None), [synthetic_id("answer", 0), synthetic_id("answer", 1)]),
    ],
)
def test_no_two_calls_share_an_id(given: tuple[str | None, ...], expected: list[str]) -> None:
    assert ids(*given) == expected


def test_the_time_for_calls_grows_no_faster_than_their_number() -> None:
    def seconds(count: int) -> float:
        started = time.thread_time()
        ids(*[f"call_{n}" for n in range(count)])
        return time.thread_time() - started

    few = min([seconds(1000) for _ in range(3)])
    assert min([seconds(10_000) for _ in range(3)]) < 40 * few
