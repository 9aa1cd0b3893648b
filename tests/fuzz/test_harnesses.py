"""The harnesses hold for a moment, and what they stand on can find and shrink a fault."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from random import Random

import pytest

from fuzz.__main__ import harnesses
from fuzz.harness import Harness, cuts_of, run

HARNESSES = harnesses()


@pytest.mark.parametrize("name", HARNESSES)
def test_a_harness_holds(name: str) -> None:
    count, finding = run(HARNESSES[name], 60, Random(0), most=100)
    assert finding is None, finding
    assert count == 100


@pytest.mark.parametrize("name", HARNESSES)
def test_a_harness_begins_with_its_invariant(name: str) -> None:
    file = import_module(f"fuzz.{name}").__file__
    assert file is not None
    assert Path(file).read_text(encoding="utf-8").startswith("# ")


def test_a_fault_is_found_and_made_small() -> None:
    def check(whole: bytes, pieces: Sequence[bytes]) -> None:
        assert b"ab" not in whole

    count, finding = run(Harness([b"a", b"b", b"c"], check), 10, Random(0))
    assert count > 0
    assert finding is not None
    assert finding.whole == b"ab"


def test_a_fault_that_only_a_cut_shows_is_found() -> None:
    def check(whole: bytes, pieces: Sequence[bytes]) -> None:
        assert whole.count(b"ab") == sum(piece.count(b"ab") for piece in pieces)

    _, finding = run(Harness([b"a", b"b", b"c"], check), 10, Random(0))
    assert finding is not None
    assert finding.whole == b"ab"
    assert list(finding.pieces) == [b"a", b"b"]


@pytest.mark.parametrize("whole", [b"", b"a", b"abcdefghijklmnop"])
def test_pieces_join_to_the_whole(whole: bytes) -> None:
    cuts = list(cuts_of(whole))
    assert cuts == list(cuts_of(whole))
    assert all(b"".join(pieces) == whole for pieces in cuts)
