"""What pictures cost, by the rules that providers publish, and how large a picture is.

Sources: OpenAI, "Images and vision: calculating costs"; Anthropic, "Vision: evaluate image size";
Google, "Understand and count tokens".
"""

from __future__ import annotations

import math
from typing import Final, Literal, Protocol, TypeAlias

import msgspec

__all__ = ["Crops", "Flat", "ImageRule", "Patches", "Size", "Tiles", "size_of"]

Size: TypeAlias = tuple[int, int]
"""Width and height, in pixels."""

_UNKNOWN: Final[Size] = (1024, 1024)
"""Taken for a picture that is elsewhere, or of a kind that is not known."""

_SEGMENTS: Final = 256
"""Of a JPEG, among which its frame must be."""

_LARGEST: Final = 2048
_SHORT_SIDE: Final = 768
_TILE: Final = 512

_SMALL: Final = 384
_LARGEST_CROPPED: Final = 3072
_LEAST_CROP: Final = 256
_MOST_CROP: Final = 768


class ImageRule(Protocol):
    """Tell the tokens of a picture."""

    def tokens(self, size: Size, detail: str | None, /) -> int:
        """Return what a picture of so many pixels costs, looked at as closely as *detail* says."""


class Flat(msgspec.Struct, frozen=True):
    """Every picture costs the same."""

    each: int

    def tokens(self, _size: Size, _detail: str | None, /) -> int:
        """Return the same for all."""
        return self.each


class Tiles(msgspec.Struct, frozen=True):
    """A picture is made to fit 2048 x 2048, its short side 768, and cut into tiles of 512 pixels.

    Attributes:
        base: Tokens of any picture, and all of one that is looked at with `"low"` detail.
        each: Tokens of a tile.
    """

    base: int
    each: int

    def tokens(self, size: Size, detail: str | None, /) -> int:
        """Return the base and the tiles."""
        if detail == "low":
            return self.base
        width, height = size
        scale = min(1.0, _LARGEST / max(size), _SHORT_SIDE / min(size))
        wide, high = math.ceil(width * scale / _TILE), math.ceil(height * scale / _TILE)
        return self.base + self.each * wide * high


class Crops(msgspec.Struct, frozen=True):
    """A picture that is not small is cut into squares, by two thirds of its short side, and shown.

    Attributes:
        each: Tokens of a square, and of the whole beside them.
    """

    each: int

    def tokens(self, size: Size, _detail: str | None, /) -> int:
        """Return the tokens of the squares and the whole."""
        if max(size) <= _SMALL:
            return self.each
        scale = min(1.0, _LARGEST_CROPPED / max(size))
        unit = min(max(int(min(size) * scale / 1.5), _LEAST_CROP), _MOST_CROP)
        wide, high = (math.ceil(side * scale / unit) for side in size)
        return self.each * (1 + wide * high)


class Patches(msgspec.Struct, frozen=True, kw_only=True):
    """A picture is cut into square patches, and made smaller where it has too many.

    Attributes:
        side: Pixels of a patch's side.
        most: The most patches.
        longest: Pixels of the longest side that a picture is left.
        factor: Tokens of a patch.
    """

    side: int
    most: int
    longest: int
    factor: float = 1.0

    def tokens(self, size: Size, _detail: str | None, /) -> int:
        """Return the patches' tokens."""
        scale = min(1.0, self.longest / max(size))
        width, height = size[0] * scale, size[1] * scale
        scale = min(1.0, math.sqrt(self.most * self.side**2 / (width * height)))
        wide, high = (math.ceil(side * scale / self.side) for side in (width, height))
        return round(min(wide * high, self.most) * self.factor)


def size_of(data: bytes | None) -> Size:
    """Return how large a picture is, by its first bytes: a PNG, GIF, JPEG or WebP."""
    found = None if data is None else _size(data)
    return _UNKNOWN if found is None or 0 in found else found


def _size(data: bytes) -> Size | None:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return _pair(data[16:24], 4, "big")
    if data.startswith((b"GIF87a", b"GIF89a")):
        return _pair(data[6:10], 2, "little")
    if data.startswith(b"\xff\xd8"):
        return _of_jpeg(data)
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _of_webp(data)
    return None


def _pair(data: bytes, width: int, order: Literal["big", "little"]) -> Size | None:
    if len(data) < 2 * width:
        return None
    return int.from_bytes(data[:width], order), int.from_bytes(data[width:], order)


def _of_jpeg(data: bytes) -> Size | None:
    """Look for the frame's header: ITU T.81, B.2.2."""
    place = 2
    for _ in range(_SEGMENTS):
        if place + 9 > len(data) or data[place] != 0xFF:
            break
        marker = data[place + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            found = _pair(data[place + 5 : place + 9], 2, "big")
            return None if found is None else found[::-1]
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return None


def _of_webp(data: bytes) -> Size | None:
    """Read the canvas of the three kinds of WebP: RFC 9649, section 2."""
    match data[12:16]:
        case b"VP8X" if len(data) >= 30:
            wide, high = (int.from_bytes(data[i : i + 3], "little") for i in (24, 27))
            return wide + 1, high + 1
        case b"VP8 " if len(data) >= 30:
            wide, high = (int.from_bytes(data[i : i + 2], "little") & 0x3FFF for i in (26, 28))
            return wide, high
        case b"VP8L" if len(data) >= 25:
            bits = int.from_bytes(data[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case _:
            return None
