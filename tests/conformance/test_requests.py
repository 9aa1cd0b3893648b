"""What was once sent to a provider is sent again by whoever asks for the same."""

from __future__ import annotations

import pytest

from tests.conformance.corpus import recordings
from tests.conformance.known import KNOWN_REQUESTS
from tests.conformance.providers import BY_FOLDER
from tests.conformance.readers import READERS
from tests.conformance.requests import encode_again

FOLDERS = [folder for folder, row in BY_FOLDER.items() if row.wire in READERS]


@pytest.mark.parametrize("folder", FOLDERS)
async def test_recorded_requests_are_encoded_as_they_were_sent(folder: str) -> None:
    row, stored = BY_FOLDER[folder], recordings(folder)
    if not row.spoken:
        pytest.skip(f"no provider {row.provider} yet")
    encoded = await encode_again(row, stored)
    seen = {(difference.recording, difference.field) for difference in encoded.differences}
    seen |= {(place, "unreadable") for place in encoded.unreadable}
    places = {recording.place for recording in stored}
    meant = {known for known in KNOWN_REQUESTS if known[0] in places}
    wrong = [str(d) for d in encoded.differences if (d.recording, d.field) not in meant]
    wrong += [
        f"{place}: {why}"
        for place, why in encoded.unreadable.items()
        if (place, "unreadable") not in meant
    ]
    wrong += [f"{place}: {field} no longer differs" for place, field in meant - seen]
    if wrong:
        pytest.fail(f"{len(wrong)} differences\n" + "\n".join(wrong), pytrace=False)
