"""Every provider, over real loopback HTTP, says what its official SDK says.

All recordings of a folder are replayed to one model over one server, each cut in several ways, and
everything that differs is listed at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

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
from tests.conformance.providers import BY_FOLDER, row_of_provider
from tests.conformance.replay import Difference, replay

pytestmark = pytest.mark.real_time


@pytest.mark.parametrize("folder", BY_FOLDER)
async def test_a_provider_says_what_its_sdk_says(folder: str) -> None:
    row, stored = BY_FOLDER[folder], recordings(folder)
    if not row.spoken:
        pytest.skip(f"no provider {row.provider} yet")
    found = await replay(
        row, stored, lambda recording: expected_by_sdk(recording, row.wire, row.counting)
    )
    _judge(found, stored)


@pytest.mark.parametrize("provider", own_providers())
async def test_the_projects_own_recordings(provider: str) -> None:
    stored = own_recordings(provider)
    found = await replay(row_of_provider(provider), stored, expected_here)
    _judge(found, stored)


async def test_errors_as_users_quote_them() -> None:
    stored = quoted_errors()
    if not stored:
        pytest.skip("no quoted errors beside the repository")
    found: list[Difference] = []
    for recording in stored:
        row = row_of_provider(recording.folder)
        if row.spoken:
            found += await replay(row, [recording], expected_error)
    _judge(found, stored)


def test_every_folder_has_its_row() -> None:
    assert set(folders()) <= set(BY_FOLDER)


def _judge(found: Sequence[Difference], stored: Sequence[Recording]) -> None:
    places = {recording.place for recording in stored}
    meant = {place for place in KNOWN if place[0] in places}
    seen = {(difference.recording, difference.field) for difference in found}
    wrong = [str(d) for d in found if (d.recording, d.field) not in meant]
    wrong += [f"{name}: {field} no longer differs" for name, field in meant - seen]
    if wrong:
        pytest.fail(f"{len(wrong)} differences\n" + "\n".join(wrong), pytrace=False)
