"""What a harness is, and how it is run for a while."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random

LONGEST = 40


@dataclass(frozen=True)
class Harness:
    """An invariant and what may break it.

    Attributes:
        tokens: Bytes that mean something to the parser; inputs are made of these and of others.
        check: Gets an input whole and in pieces that join to it; raises if the invariant is broken.
    """

    tokens: Sequence[bytes]
    check: Callable[[bytes, Sequence[bytes]], None]


@dataclass(frozen=True)
class Finding:
    """The smallest input found that breaks an invariant, and how it does."""

    whole: bytes
    pieces: Sequence[bytes]
    error: Exception


def run(
    harness: Harness, seconds: float, chance: Random, most: int = sys.maxsize
) -> tuple[int, Finding | None]:
    """Try inputs until one breaks the invariant, the time is over or there were as many as asked.

    Returns:
        How many were tried, and the finding, if there is one.
    """
    end, count = time.monotonic() + seconds, 0
    while count < most and time.monotonic() < end:
        count += 1
        atoms = _atoms(harness.tokens, chance)
        if _broken_by(harness, atoms) is not None:
            return count, _smallest(harness, atoms)
    return count, None


def cuts_of(whole: bytes) -> Iterator[list[bytes]]:
    """Give ways to cut *whole*, the same ones every time; some pieces may be empty."""
    for size in (1, 2, 7):
        yield [whole[start : start + size] for start in range(0, len(whole), size)]
    chance = Random(whole)
    for _ in range(2):
        places = sorted(chance.randint(0, len(whole)) for _ in range(chance.randint(1, 5)))
        yield [whole[start:end] for start, end in pairwise([0, *places, len(whole)])]


def _atoms(tokens: Sequence[bytes], chance: Random) -> list[bytes]:
    return [
        chance.choice(tokens) if chance.random() < 0.8 else chance.randbytes(chance.randint(1, 4))
        for _ in range(chance.randint(0, LONGEST))
    ]


def _broken_by(harness: Harness, atoms: Sequence[bytes]) -> Finding | None:
    whole = b"".join(atoms)
    for pieces in cuts_of(whole):
        try:
            harness.check(whole, pieces)
        except Exception as error:
            return Finding(whole, pieces, error)
    return None


def _smallest(harness: Harness, atoms: list[bytes]) -> Finding | None:
    """Leave out runs of atoms, long ones first, for as long as the invariant stays broken."""
    run_length = len(atoms)
    while run_length:
        for start in range(0, len(atoms), run_length):
            shorter = atoms[:start] + atoms[start + run_length :]
            if _broken_by(harness, shorter) is not None:
                atoms = shorter
                break
        else:
            run_length //= 2
    return _broken_by(harness, atoms)
