"""A count of tokens where no tokenizer was given and no model is known."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from beluga.schema import Message, TextPart, ToolMessage, ToolSpec

__all__ = ["Estimate"]

_BYTES = 4
_MESSAGE = 4
_MEDIA = 1024


class Estimate:
    """Four bytes of UTF-8 to a token: a tenth off for most European text, more for other things."""

    exact: bool = False

    def count(self, text: str) -> int:
        """Return about how many tokens *text* has."""
        return -(-len(text.encode("utf-8", "replace")) // _BYTES)

    def count_messages(self, messages: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> int:
        """Return about how many tokens a request has."""
        offered = msgspec.json.encode(tools) if tools else b""
        return sum([self._cost(message) for message in messages]) + len(offered) // _BYTES

    def _cost(self, message: Message) -> int:
        cost = _MESSAGE
        for part in message.parts:
            if isinstance(part, TextPart):
                cost += self.count(part.text)
            elif getattr(part, "data", None) is not None or getattr(part, "url", None) is not None:
                cost += _MEDIA
            else:
                cost += len(msgspec.json.encode(part)) // _BYTES
        return cost + (self.count(message.tool_call_id) if isinstance(message, ToolMessage) else 0)
