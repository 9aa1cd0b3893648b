"""What goes wrong at a simulated provider."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from beluga.testing.faults import (
    CutAfter,
    Delay,
    EndEarly,
    Fault,
    Garbage,
    InStreamError,
    ResetConnection,
    SlowDrip,
    Stall,
    Status,
)
from beluga.testing.strategies.values import names

__all__ = ["fault_schedules", "faults"]

_STATUSES = st.sampled_from([400, 401, 403, 404, 408, 413, 422, 429, 500, 502, 503, 504, 529])


def faults(*, max_seconds: float = 0.05) -> SearchStrategy[Fault]:
    """Draw single faults of every kind.

    Args:
        max_seconds: The longest delay, and the longest `Retry-After`.
    """
    seconds = st.floats(0, max_seconds)
    after = st.integers(0, 6)
    return st.one_of(
        st.builds(Status, _STATUSES, st.none() | seconds),
        st.builds(CutAfter, st.integers(0, 400)),
        st.builds(EndEarly, after),
        st.builds(Stall, st.none() | after),
        st.builds(Garbage, after),
        st.builds(SlowDrip, st.floats(0, max_seconds / 1000)),
        st.builds(Delay, seconds),
        st.builds(InStreamError, names(), st.text(max_size=20), after),
        st.builds(ResetConnection, st.none() | after),
    )


def fault_schedules(
    *, max_calls: int = 5, max_seconds: float = 0.05
) -> SearchStrategy[list[Fault | None]]:
    """Draw what goes wrong call by call; calls after the last one go well.

    Args:
        max_calls: The most calls that a schedule speaks of.
        max_seconds: The longest delay, and the longest `Retry-After`.
    """
    return st.lists(st.none() | faults(max_seconds=max_seconds), max_size=max_calls)
