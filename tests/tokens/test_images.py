import struct

import pytest

from beluga.tokens.families import family_of
from beluga.tokens.images import Patches, Tiles, size_of


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height)


def jpeg(width: int, height: int) -> bytes:
    start = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(10)
    table = b"\xff\xc4\x00\x05abc"
    return start + table + b"\xff\xc2\x00\x11\x08" + struct.pack(">HH", height, width) + bytes(10)


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + bytes(3)


def webp(kind: bytes, header: bytes) -> bytes:
    return b"RIFF\x00\x00\x00\x00WEBP" + kind + b"\x00\x00\x00\x00" + header


def lossy(width: int, height: int) -> bytes:
    return webp(b"VP8 ", b"\x00\x00\x00\x9d\x01\x2a" + struct.pack("<HH", width, height))


def lossless(width: int, height: int) -> bytes:
    return webp(b"VP8L", b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14))


def extended(width: int, height: int) -> bytes:
    sides = [struct.pack("<I", side - 1)[:3] for side in (width, height)]
    return webp(b"VP8X", b"\x00\x00\x00\x00" + b"".join(sides))


@pytest.mark.parametrize("made", [png, jpeg, gif, lossy, lossless, extended])
@pytest.mark.parametrize("size", [(640, 480), (1, 1000), (3008, 2000)])
def test_a_pictures_size_is_read(made: object, size: tuple[int, int]) -> None:
    assert callable(made)
    assert size_of(made(*size)) == size


@pytest.mark.parametrize("made", [png, jpeg, gif, lossy, lossless, extended])
def test_a_broken_picture_has_a_usual_size(made: object) -> None:
    assert callable(made)
    whole = made(640, 480)
    for end in range(len(whole)):
        assert size_of(whole[:end]) in ((1024, 1024), (640, 480))


def test_what_is_no_picture_has_a_usual_size() -> None:
    assert size_of(None) == size_of(b"") == size_of(b"<svg/>") == size_of(png(0, 5)) == (1024, 1024)
    assert size_of(b"\xff\xd8" + b"\xff\xe0\x00\x00" * 9) == (1024, 1024)


@pytest.mark.parametrize(
    ("model", "size", "billed"),
    [
        ("gpt-4o", (3008, 2000), 1105),
        ("gpt-4.1-nano", (540, 360), 502),
        ("claude-sonnet-4-5", (540, 360), 260),
        ("gemini-2.5-flash", (540, 360), 258),
        ("gemini-2.0-flash", (540, 360), 1806),
        ("gemini-2.0-flash", (3008, 2000), 3354),
        ("gemini-2.0-flash", (384, 384), 258),
    ],
)
def test_pictures_cost_what_was_billed(model: str, size: tuple[int, int], billed: int) -> None:
    assert family_of(model).images.tokens(size, None) == billed


def test_the_examples_of_openais_guide() -> None:
    tiles = Tiles(85, 170)
    assert tiles.tokens((1024, 1024), "high") == 765
    assert tiles.tokens((2048, 4096), "high") == 1105
    assert tiles.tokens((4096, 8192), "low") == 85
    patches = Patches(side=32, most=1536, longest=10**6)
    assert patches.tokens((1024, 1024), None) == 1024
    assert patches.tokens((1800, 2400), None) in range(1452, 1537)


def test_a_large_picture_costs_no_more_than_the_most() -> None:
    for model in ("claude-sonnet-4-5", "claude-opus-4-8", "gpt-5-mini"):
        rule = family_of(model).images
        assert isinstance(rule, Patches)
        assert rule.tokens((20_000, 300), None) <= round(rule.most * rule.factor)
