"""What a person sees of an answer: its text as it comes, and what it took."""

from __future__ import annotations

import sys

from beluga.schema import AIMessage, ReasoningDelta, Restarted, TextDelta
from beluga.streams import ChunkStream

__all__ = ["say", "show_account", "show_stream"]


def say(text: str = "", end: str = "\n") -> None:
    """Print at once, so that a stream is seen to stream."""
    print(text, end=end, flush=True)


async def show_stream(chunks: ChunkStream) -> AIMessage:
    """Print the text of *chunks* as it comes, reasoning dimmed; return the whole message."""
    thinking = False
    async for chunk in chunks:
        if isinstance(chunk, ReasoningDelta) and sys.stdout.isatty():
            say("" if thinking else "\033[2m", end="")
            thinking = True
            say(chunk.text, end="")
            continue
        if thinking:
            say("\033[0m")
            thinking = False
        if isinstance(chunk, TextDelta):
            say(chunk.text, end="")
        elif isinstance(chunk, Restarted):
            say("\n[the answer begins anew]")
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
