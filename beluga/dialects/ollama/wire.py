"""What an Ollama server sends: lenient, and only what is read."""

from __future__ import annotations

from typing import Final

import msgspec

__all__ = ["DURATIONS", "CallWire", "Function", "Line", "Message"]

DURATIONS: Final = ("total_duration", "load_duration", "prompt_eval_duration", "eval_duration")
"""How long the server took for what, in nanoseconds."""


class Function(msgspec.Struct, frozen=True):
    """The called function; its arguments are an object, kept as it was written."""

    name: str | None = None
    arguments: msgspec.Raw = msgspec.Raw(b"{}")


class CallWire(msgspec.Struct, frozen=True):
    """A tool call, always whole; old servers give it no id."""

    id: str | None = None
    function: Function | None = None


class Message(msgspec.Struct, frozen=True):
    """A whole message, or the next piece of one."""

    content: str | None = None
    thinking: str | None = None
    tool_calls: list[CallWire] | None = None
    images: list[str] | None = None


class Line(msgspec.Struct, frozen=True):
    """A whole answer, or one line of a stream; counts stand on the last line alone."""

    model: str | None = None
    created_at: str | None = None
    message: Message | None = None
    done: bool | None = None
    done_reason: str | None = None
    error: object = None
    prompt_eval_count: int | None = None
    eval_count: int | None = None
    total_duration: int | None = None
    load_duration: int | None = None
    prompt_eval_duration: int | None = None
    eval_duration: int | None = None
    logprobs: list[object] | None = None
