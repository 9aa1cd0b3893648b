"""What a learned router has learnt, in a file that is written and read whole, or not at all.

A line that says what it is, the SHA-256 of the rest, and the rest in MessagePack. Tables are
little-endian; of the words' only the places that were ever touched are kept.
"""

from __future__ import annotations

import os
import secrets
import sys
from array import array
from hashlib import sha256
from math import isfinite
from pathlib import Path
from typing import Final, Literal, overload

import msgspec

from beluga.errors import invalid_input
from beluga.routing.features import SLOTS, VERSION
from beluga.routing.learner import MOST_MODELS
from beluga.routing.regression import SIZE, Part, Regression

__all__ = ["Learned", "decoded", "encoded", "read", "write"]

_MAGIC: Final = b"beluga learned router 1\n"
_DIGEST: Final = 32
_LONGEST: Final = (MOST_MODELS + 1) << 20


class Learned(msgspec.Struct, frozen=True):
    """What a file holds.

    Attributes:
        cost_weight: The router's setting.
        exploration: Likewise.
        regression: What was learnt.
    """

    cost_weight: float
    exploration: float
    regression: Regression


class _Table(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    judged: int
    mean: bytes
    spread: bytes
    slots: bytes
    weights: bytes
    squares: bytes


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    features: int
    slots: int
    cost_weight: float
    exploration: float
    shared: _Table
    own: dict[str, _Table]


def write(path: Path, content: bytes) -> None:
    """Put *content* in the place of what the file holds, in one step.

    Raises:
        OSError: It cannot be written; what was there still is.
    """
    target = path.resolve()
    beside = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
    try:
        with beside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def read(path: Path) -> Learned:
    """Return what the file holds.

    Raises:
        OSError: It cannot be read.
        InvalidInputError: It is no such file, was made by another version, or is damaged.
    """
    with path.open("rb") as file:
        content = file.read(_LONGEST + 1)
    try:
        return decoded(content)
    except ValueError as error:
        raise invalid_input(f"{path} cannot be loaded: {error}") from None


def encoded(learned: Learned) -> bytes:
    """Return *learned* as the bytes of a file; the same for the same."""
    regression = learned.regression
    content = _File(
        VERSION,
        SLOTS,
        learned.cost_weight,
        learned.exploration,
        _packed(regression.shared),
        {name: _packed(regression.own[name]) for name in sorted(regression.own)},
    )
    body = msgspec.msgpack.encode(content)
    return _MAGIC + sha256(body).digest() + body


def decoded(content: bytes) -> Learned:
    """Return what the bytes of a file hold.

    Raises:
        ValueError: They are no such file.
    """
    if not content.startswith(_MAGIC):
        raise ValueError("it is no file of a learned router of this format")
    body = content[len(_MAGIC) + _DIGEST :]
    if len(content) > _LONGEST or sha256(body).digest() != content[len(_MAGIC) :][:_DIGEST]:
        raise ValueError("it is damaged: its digest is not that of its content")
    kept = msgspec.msgpack.decode(body, type=_File)
    if (kept.features, kept.slots) != (VERSION, SLOTS):
        raise ValueError(
            f"its features are version {kept.features} with {kept.slots} slots, and here they are "
            f"version {VERSION} with {SLOTS}; fit a new router"
        )
    if len(kept.own) > MOST_MODELS:
        raise ValueError(f"it has {len(kept.own)} models; there are {MOST_MODELS} at most")
    regression = Regression()
    regression.shared = _unpacked(kept.shared)
    regression.own = {name: _unpacked(table) for name, table in kept.own.items()}
    return Learned(kept.cost_weight, kept.exploration, regression)


def _packed(part: Part) -> _Table:
    pairs = zip(part.weights, part.squares, strict=True)
    touched = array("H", [slot for slot, pair in enumerate(pairs) if any(pair)])
    spread = array("d")
    for row in part.spread:
        spread.extend(row)
    return _Table(
        part.judged,
        _bytes(part.mean),
        _bytes(spread),
        _bytes(touched),
        _bytes(array("f", [part.weights[slot] for slot in touched])),
        _bytes(array("f", [part.squares[slot] for slot in touched])),
    )


def _unpacked(table: _Table) -> Part:
    part = Part()
    part.judged = table.judged
    part.mean = _numbers("d", table.mean, SIZE)
    spread = _numbers("d", table.spread, SIZE * SIZE)
    part.spread = [spread[at : at + SIZE] for at in range(0, SIZE * SIZE, SIZE)]
    touched = _little("H", table.slots)
    weights = _numbers("f", table.weights, len(touched))
    squares = _numbers("f", table.squares, len(touched))
    for slot, weight, square in zip(touched, weights, squares, strict=True):
        part.weights[slot], part.squares[slot] = weight, square
    return part


def _numbers(code: Literal["d", "f"], content: bytes, count: int) -> array[float]:
    numbers = _little(code, content)
    if len(numbers) != count or not all(map(isfinite, numbers)):
        raise ValueError("a table in it has the wrong size, or holds what is no number")
    return numbers


@overload
def _little(code: Literal["H"], content: bytes) -> array[int]: ...
@overload
def _little(code: Literal["d", "f"], content: bytes) -> array[float]: ...
def _little(code: Literal["H", "d", "f"], content: bytes) -> array[int] | array[float]:
    numbers = array("H") if code == "H" else array(code)
    numbers.frombytes(content)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _bytes(numbers: array[int] | array[float]) -> bytes:
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers.tobytes()
