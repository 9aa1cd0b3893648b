"""How many recordings come out as they must, for each provider.

The corpus is parted by the names of its files: two thirds to work with, and a third kept back,
which tells whether the wire was understood or the files.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence

import anyio
import msgspec

from tests.conformance.corpus import (
    Recording,
    folders,
    own_providers,
    own_recordings,
    quoted_errors,
    recordings,
)
from tests.conformance.expected import expected_by_sdk, expected_error, expected_here
from tests.conformance.known import KNOWN
from tests.conformance.providers import BY_FOLDER, Row, row_of_provider
from tests.conformance.replay import Difference, Expect, replay

__all__ = ["main"]

LINE = "{:28} {:>9} of {:<5} {:>9} of {:<5}  {}"


class Set(msgspec.Struct):
    """Recordings that belong together, and how they are judged."""

    name: str
    row: Row
    stored: Sequence[Recording]
    expect: Expect


def main(arguments: Sequence[str] = ()) -> int:
    """Print a line for each folder; `-v` before folders' names lists every difference too.

    Returns:
        How many recordings differ that should not.
    """
    verbose = "-v" in arguments
    named = [argument for argument in arguments if argument != "-v"]
    print(LINE.format("recordings", "working", "", "kept back", "", "meant to differ"))
    wrong = 0
    totals: Counter[str] = Counter()
    for part in _sets():
        if named and part.name not in named:
            continue
        if not part.row.spoken:
            print(f"{part.name:28} no provider {part.row.provider}")
            continue
        found = anyio.run(replay, part.row, part.stored, part.expect)
        wrong += _report(part, found, totals, verbose=verbose)
    print(_line("all", totals))
    return wrong


def _sets() -> list[Set]:
    shared = [_shared(folder) for folder in folders() if folder in BY_FOLDER]
    own = [
        Set(f"own: {name}", row_of_provider(name), own_recordings(name), expected_here)
        for name in own_providers()
    ]
    quoted = [
        Set(f"quoted: {r.name.partition('/')[2]}", row_of_provider(r.folder), [r], expected_error)
        for r in quoted_errors()
    ]
    return [*shared, *own, *quoted]


def _shared(folder: str) -> Set:
    row = BY_FOLDER[folder]
    return Set(
        folder, row, recordings(folder), lambda r: expected_by_sdk(r, row.wire, row.counting)
    )


def _report(part: Set, found: Sequence[Difference], totals: Counter[str], *, verbose: bool) -> int:
    wrong = [d for d in found if (d.recording, d.field) not in KNOWN]
    differing = {difference.recording for difference in wrong}
    meant = {difference.recording for difference in found} - differing
    counts: Counter[str] = Counter(meant=len(meant))
    for recording in part.stored:
        counts[f"{recording.share} all"] += 1
        counts[f"{recording.share} equal"] += (
            f"{recording.folder}/{recording.name}" not in differing
        )
    totals += counts
    print(_line(part.name, counts))
    for difference in wrong if verbose else ():
        print(difference)
    return len(differing)


def _line(name: str, counts: Counter[str]) -> str:
    return LINE.format(
        name,
        counts["working equal"],
        counts["working all"],
        counts["kept back equal"],
        counts["kept back all"],
        counts["meant"] or "",
    )


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
