"""How many recorded answers are read as the provider's official SDK reads them.

The corpus is parted by the names of its files: two thirds to work with, and a third kept back,
which tells whether the wire was understood or the files.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.conformance.sets import Answers, RecordedSet, own_sets, quoted_sets, shared_sets
from tests.evaluation.table import Table

COLUMNS = ("working: equal", "of", "kept back: equal", "of", "meant to differ")
REQUEST_COLUMNS = ("equal", "of", "no words for")


def tables() -> list[Table]:
    """Replay every recording over loopback, encode every recorded request again, and count."""
    shared = shared_sets()
    answers = [
        ("conformance: the project's own recordings", own_sets()),
        ("conformance: errors as users quote them", quoted_sets()),
        ("conformance: recordings beside the repository", shared),
    ]
    made = [_answers(title, sets) for title, sets in answers if sets]
    return [*made, _requests(shared)] if shared else made


def _answers(title: str, sets: Sequence[RecordedSet]) -> Table:
    rows = [(one.name, *_figures(one.answers())) for one in sets]
    return Table(title, COLUMNS, [*rows, _total(rows)])


def _figures(answers: Answers) -> list[str]:
    equal = {"working": 0, "kept back": 0}
    all_of = dict(equal)
    for recording in answers.recordings:
        all_of[recording.share] += 1
        equal[recording.share] += recording.place not in answers.wrong | answers.known
    working, kept = (equal["working"], all_of["working"]), (equal["kept back"], all_of["kept back"])
    return [str(count) for count in (*working, *kept, len(answers.known))]


def _requests(sets: Sequence[RecordedSet]) -> Table:
    found = [(one.name, one.requests()) for one in sets]
    rows = [
        (name, str(requests.equal), str(requests.read), str(requests.unreadable))
        for name, requests in found
        if requests is not None and requests.read
    ]
    title = "conformance: requests encoded as they were sent"
    return Table(title, REQUEST_COLUMNS, [*rows, _total(rows)])


def _total(rows: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    columns = list(zip(*rows, strict=True))[1:]
    return ("total", *[str(sum(map(int, column))) for column in columns])
