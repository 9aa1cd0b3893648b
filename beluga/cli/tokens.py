"""`beluga tokens`."""

from __future__ import annotations

import anyio
from anyio import to_thread

from beluga.cli.show import say
from beluga.cli.standard_input import StandardInput
from beluga.tokens import tokenizer_for

__all__ = ["tokens"]


async def tokens(model: str, path: str) -> int:
    """Print how many tokens the text in a file has for *model*, or that on standard input: `-`."""
    tokenizer = tokenizer_for(model)
    if path == "-":
        text = await StandardInput().rest()
    else:
        text = (await anyio.Path(path).read_bytes()).decode("utf-8", "replace")
    count = await to_thread.run_sync(tokenizer.count, text)
    unit = "token" if count == 1 else "tokens"
    say(f"{count} {unit}" if tokenizer.exact else f"about {count} {unit}", end=", ")
    say(f"{'counted exactly' if tokenizer.exact else 'estimated'} for {model}")
    return 0
