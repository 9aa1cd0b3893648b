"""Make the files of ranks in `beluga/tokens` from a wheel that carries OpenAI's.

`python -m tests.tokens.pack_ranks WHEEL`, where the wheel is litellm's, as `pip download --no-deps
litellm` fetches it. Ranks are numbered without a gap, so tokens in their order say everything: how
many there are, the length of each in a byte, and all their bytes.
"""

from __future__ import annotations

import base64
import hashlib
import lzma
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

from tests.architecture.source import ROOT

__all__ = ["OFFICIAL", "main", "official_text", "pack"]

OFFICIAL = {
    "cl100k": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    "o200k": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
}
"""The SHA-256 of the text that OpenAI publishes, by encoding, as tiktoken checks it."""


def official_text(tokens: Iterable[bytes]) -> bytes:
    """Return *tokens*, by rank, in the form in which OpenAI publishes them."""
    return b"".join([b"%s %d\n" % (base64.b64encode(t), rank) for rank, t in enumerate(tokens)])


def pack(text: bytes) -> bytes:
    """Return the ranks of a published *text*, small."""
    tokens = [base64.b64decode(line.split()[0]) for line in text.splitlines()]
    assert official_text(tokens) == text
    laid_out = len(tokens).to_bytes(4, "big") + bytes([len(token) for token in tokens])
    return lzma.compress(laid_out + b"".join(tokens), preset=9 | lzma.PRESET_EXTREME)


def main(wheel: str) -> None:
    """Write the files."""
    names = {digest: name for name, digest in OFFICIAL.items()}
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.namelist():
            text = archive.read(entry) if "/tokenizers/" in entry else b""
            name = names.get(hashlib.sha256(text).hexdigest())
            if name is not None:
                path = Path(ROOT, "beluga", "tokens", f"{name}.bin")
                path.write_bytes(pack(text))
                print(path.name, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main(sys.argv[1])
