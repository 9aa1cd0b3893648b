"""`beluga tokens`."""

from __future__ import annotations

import os
import stat
import sys
from typing import Final

import anyio
from anyio import to_thread

from beluga.cli.show import say
from beluga.tokens import tokenizer_for

__all__ = ["tokens"]

_PIECE: Final = 1 << 16


async def tokens(model: str, path: str) -> int:
    """Print how many tokens the text in a file has for *model*, or that on standard input: `-`."""
    tokenizer = tokenizer_for(model)
    data = await (_standard_input() if path == "-" else anyio.Path(path).read_bytes())
    count = await to_thread.run_sync(tokenizer.count, data.decode("utf-8", "replace"))
    unit = "token" if count == 1 else "tokens"
    say(f"{count} {unit}" if tokenizer.exact else f"about {count} {unit}", end=", ")
    say(f"{'counted exactly' if tokenizer.exact else 'estimated'} for {model}")
    return 0


async def _standard_input() -> bytes:
    """Read to the end, and be interruptible while nothing comes: a thread that reads is not."""
    source = sys.stdin.fileno()
    mode = os.fstat(source).st_mode
    waits = sys.stdin.isatty() or stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
    if not waits or sys.platform == "win32":
        return await to_thread.run_sync(sys.stdin.buffer.read)
    pieces: list[bytes] = []
    while True:
        await anyio.wait_readable(source)
        piece = os.read(source, _PIECE)
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)
