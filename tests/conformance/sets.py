"""The sets of recordings, each with the provider that answers out of it and what it must say."""

from __future__ import annotations

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
from tests.conformance.known import KNOWN, KNOWN_REQUESTS
from tests.conformance.providers import BY_FOLDER, Row, row_of_provider
from tests.conformance.readers import READERS
from tests.conformance.replay import Difference, Expect, replay
from tests.conformance.requests import encode_again

__all__ = ["Answers", "RecordedSet", "Requests", "own_sets", "quoted_sets", "shared_sets"]


class Answers(msgspec.Struct):
    """What became of the answers of a set.

    Attributes:
        recordings: All of them.
        wrong: Those that differ and should not.
        known: Those that differ as they are meant to.
        differences: Everything that differs and should not.
    """

    recordings: Sequence[Recording]
    wrong: set[str]
    known: set[str]
    differences: list[Difference]


class Requests(msgspec.Struct):
    """What became of the requests of a set.

    Attributes:
        read: How many could be read.
        equal: How many of these came out as they were sent.
        differences: Everything that came out otherwise.
        unreadable: How many ask for what the library has no words for.
    """

    read: int
    equal: int
    differences: list[Difference]
    unreadable: int


class RecordedSet(msgspec.Struct):
    """Recordings that belong together, and how they are judged."""

    name: str
    row: Row
    stored: Sequence[Recording]
    expect: Expect

    def answers(self) -> Answers:
        """Replay the set."""
        found = anyio.run(replay, self.row, self.stored, self.expect)
        unmeant = [d for d in found if (d.recording, d.field) not in KNOWN]
        wrong = {difference.recording for difference in unmeant}
        known = {difference.recording for difference in found} - wrong
        return Answers(self.stored, wrong, known, unmeant)

    def requests(self) -> Requests | None:
        """Encode the set's requests again; `None` where nobody can read them."""
        if self.row.wire not in READERS:
            return None
        encoded = anyio.run(encode_again, self.row, self.stored)
        differing = {difference.recording for difference in encoded.differences}
        unmeant = [d for d in encoded.differences if (d.recording, d.field) not in KNOWN_REQUESTS]
        equal = len(encoded.equal)
        return Requests(equal + len(differing), equal, unmeant, len(encoded.unreadable))


def shared_sets() -> list[RecordedSet]:
    """Return the sets beside the repository whose provider there is."""
    known = [folder for folder in folders() if folder in BY_FOLDER]
    return [_shared(folder) for folder in known if BY_FOLDER[folder].spoken]


def own_sets() -> list[RecordedSet]:
    """Return the project's own sets."""
    return [
        RecordedSet(name, row_of_provider(name), own_recordings(name), expected_here)
        for name in own_providers()
    ]


def quoted_sets() -> list[RecordedSet]:
    """Return the errors that users quote, by provider."""
    quoted = quoted_errors()
    names = sorted({recording.folder for recording in quoted})
    sets = [
        RecordedSet(
            name, row_of_provider(name), [r for r in quoted if r.folder == name], expected_error
        )
        for name in names
    ]
    return [one for one in sets if one.row.spoken]


def _shared(folder: str) -> RecordedSet:
    row = BY_FOLDER[folder]
    return RecordedSet(
        folder, row, recordings(folder), lambda r: expected_by_sdk(r, row.wire, row.counting)
    )
