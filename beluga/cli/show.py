"""What a person sees of an answer: its text as it comes, and what it took."""

from __future__ import annotations

import sys
from typing import Final

from beluga.errors import error_for
from beluga.schema import AIMessage, ReasoningDelta, Restarted, TextDelta
from beluga.streams import ChunkStream

__all__ = ["one_line", "say", "show_account", "show_stream"]

_CONTROLS: Final = dict.fromkeys([*range(9), *range(11, 32), *range(127, 160)])
"""Characters that move a terminal's cursor, colour it, or have it do worse; not TAB and LF."""


def say(text: str = "", end: str = "\n") -> None:
    """Print at once, so that a stream is seen to stream."""
    print(text, end=end, flush=True)


def one_line(error: BaseException) -> str:
    """Return what an error says, in one line, whatever a server has put into it."""
    return " ".join(str(error).split()).translate(_CONTROLS) or type(error).__name__


async def show_stream(chunks: ChunkStream) -> AIMessage:
    """Print the text of *chunks* as it comes, reasoning dimmed; return the whole message.

    To a terminal only text is printed: a model may have been told to write control characters.
    """
    thinking, terminal = False, sys.stdout.isatty()
    async for chunk in chunks:
        if isinstance(chunk, ReasoningDelta) and terminal:
            say("" if thinking else "\033[2m", end="")
            thinking = True
            say(chunk.text.translate(_CONTROLS), end="")
            continue
        if thinking:
            say("\033[0m")
            thinking = False
        if isinstance(chunk, TextDelta):
            say(chunk.text.translate(_CONTROLS) if terminal else chunk.text, end="")
        elif isinstance(chunk, Restarted):
            say(f"\n  [{chunk.failure.code}: {one_line(error_for(chunk.failure))}; anew:]")
    say("\033[0m" if thinking else "")
    return chunks.partial


def show_account(message: AIMessage) -> None:
    """Print who answered and what it took."""
    usage, spent = message.usage, message.spent
    counts = f"{_number(usage.input_tokens)} in, {_number(usage.output_tokens)} out"
    attempts = f"{spent.attempts} attempt{'' if spent.attempts == 1 else 's'}"
    cost = "" if message.cost is None else f", ${message.cost:.6f}"
    who = f"{message.provider}:{message.model}"
    say(f"  [{who}: {counts} tokens, {attempts}{cost}, ended with {message.finish_reason}]")


def _number(count: int | None) -> str:
    return "?" if count is None else str(count)
