"""How many recorded answers are read as the provider's official SDK reads them."""

from __future__ import annotations

from collections.abc import Callable

import anyio

from tests.conformance.corpus import (
    Recording,
    folders,
    own_providers,
    own_recordings,
    recordings,
)
from tests.conformance.expected import Expected, expected_by_sdk, expected_here
from tests.conformance.known import KNOWN
from tests.conformance.providers import BY_FOLDER, Row, row_of_provider
from tests.conformance.replay import replay
from tests.evaluation.table import Table

COLUMNS = ("recordings", "agree", "differ, known", "differ")


def tables() -> list[Table]:
    """Replay every recording over loopback and count, by provider."""
    own = [
        _row(provider, row_of_provider(provider), own_recordings(provider), expected_here)
        for provider in own_providers()
    ]
    shared = [_shared_row(folder) for folder in folders() if folder in BY_FOLDER]
    found = [
        ("conformance: the project's own recordings", own),
        ("conformance: recordings beside the repository", shared),
    ]
    return [Table(title, COLUMNS, [*rows, _total(rows)]) for title, rows in found if rows]


def _shared_row(folder: str) -> tuple[str, ...]:
    row = BY_FOLDER[folder]
    stored = recordings(folder)
    if not row.spoken:
        return (folder, str(len(stored)), "–", "–", "–")

    def expect(recording: Recording) -> Expected:
        return expected_by_sdk(recording, row.wire, row.counting)

    return _row(folder, row, stored, expect)


def _row(
    name: str, row: Row, stored: list[Recording], expect: Callable[[Recording], Expected]
) -> tuple[str, ...]:
    differences = anyio.run(replay, row, stored, expect)
    unknown = {d.recording for d in differences if (d.recording, d.field) not in KNOWN}
    known = {d.recording for d in differences} - unknown
    agree = len(stored) - len(known) - len(unknown)
    return (name, *(str(count) for count in (len(stored), agree, len(known), len(unknown))))


def _total(rows: list[tuple[str, ...]]) -> tuple[str, ...]:
    columns = list(zip(*rows, strict=True))[1:]
    return ("total", *(str(sum(int(c) for c in column if c.isdigit())) for column in columns))
