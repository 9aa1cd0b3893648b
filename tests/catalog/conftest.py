"""A catalogue to which a test may add: afterwards nothing is left of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from beluga.catalog import lookup


@pytest.fixture(autouse=True)
def nothing_registered() -> Iterator[None]:
    before = lookup._known
    lookup._known = lookup._Known(before.registered)
    yield
    lookup._known = before
