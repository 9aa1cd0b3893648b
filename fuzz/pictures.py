# Any bytes are a picture of at least a pixel either way, which costs a bounded number of tokens.
"""The sizes of pictures."""

from __future__ import annotations

from collections.abc import Sequence

from beluga.tokens import FAMILIES
from beluga.tokens.images import size_of
from fuzz.harness import Harness

RULES = {family.images for family in FAMILIES}
MOST = 10**9


def check(whole: bytes, pieces: Sequence[bytes]) -> None:
    for data in (whole, *pieces):
        size = size_of(data)
        assert min(size) >= 1
        for rule in RULES:
            assert 0 < rule.tokens(size, None) < MOST


HARNESS = Harness(
    [
        b"\x89PNG\r\n\x1a\n", b"\x00\x00\x00\rIHDR", b"GIF89a", b"GIF87a", b"\xff\xd8",
        b"\xff\xe0\x00\x04ab", b"\xff\xc0\x00\x11\x08", b"\xff\xc4\x00\x02", b"RIFF\x00\x00\x00\x00WEBP",
        b"VP8 \x00\x00\x00\x00", b"VP8L\x00\x00\x00\x00/", b"VP8X\x00\x00\x00\x00", b"\x00\x01",
        b"\xff\xff\xff\xff", b"\x00\x00\x00\x00",
    ],
    check,
)  # fmt: skip
