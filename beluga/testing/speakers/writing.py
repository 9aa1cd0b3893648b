"""What several dialects write alike: server-sent events, pieces of texts, arguments as objects."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from beluga.schema import AIMessage, JsonValue, RefusalPart, ToolCall

__all__ = ["arguments_of", "json_line", "json_pieces", "refusal_of", "server_sent"]


def server_sent(data: Mapping[str, object], event: str | None = None) -> bytes:
    """Write a server-sent event."""
    name = "" if event is None else f"event: {event}\n"
    return name.encode() + b"data: " + msgspec.json.encode(data) + b"\n\n"


def json_line(data: Mapping[str, object]) -> bytes:
    """Write a line of JSON."""
    return msgspec.json.encode(data) + b"\n"


def json_pieces(text: str) -> list[str]:
    """Cut the JSON text of arguments as providers do, without regard to what it says."""
    return re.findall(r".{1,8}", text, re.DOTALL)


def arguments_of(call: ToolCall) -> dict[str, JsonValue]:
    """Return a call's arguments for a wire that has them as an object; what is none is empty."""
    try:
        return call.parse()
    except ValueError:
        return {}


def refusal_of(reply: AIMessage) -> str:
    """Return the words of a refusal."""
    return "".join([part.text for part in reply.parts if isinstance(part, RefusalPart)])
