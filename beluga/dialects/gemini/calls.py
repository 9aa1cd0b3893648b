"""Calls as Gemini sends them: whole in one part, or step by step, and often without an id."""

from __future__ import annotations

import msgspec

from beluga.dialects.calls import synthetic_id
from beluga.dialects.gemini.arguments import Arguments
from beluga.dialects.gemini.wire import ABSENT, FunctionCall
from beluga.schema import Emission, FinishReason, PartDone, ToolCall, ToolCallDelta

__all__ = ["Calls"]


class Calls:
    """Keep the last call open until something after it proves it complete.

    Args:
        origin: Whose signatures they carry.
    """

    def __init__(self, origin: str) -> None:
        self.seed = ""
        self._origin = origin
        self._ids: set[str] = set()
        self._open: _Call | None = None

    def __len__(self) -> int:
        """How many calls there are so far."""
        return len(self._ids)

    def take(self, wire: FunctionCall, signature: str | None, chunks: list[Emission]) -> None:
        """Take in a call, or a step of one: a step after the first has no name."""
        if wire.name:
            self.settle(chunks)
            self._open = self._begin(wire)
            chunks.append(ToolCallDelta(self._open.index, self._open.id, wire.name))
        call = self._open
        if call is None:
            return
        call.signature = call.signature or signature
        added = call.add(wire)
        if added and wire.name:
            chunks[-1] = ToolCallDelta(call.index, call.id, call.name, added)
        elif added:
            chunks.append(ToolCallDelta(call.index, arguments=added))

    def settle(self, chunks: list[Emission]) -> None:
        """Something follows the open call: it is complete."""
        call, self._open = self._open, None
        if call is None:
            return
        missing = call.end()
        if missing:
            chunks.append(ToolCallDelta(call.index, arguments=missing))
        chunks.append(PartDone(call.index, call.whole(self._origin)))

    def close(self, reason: FinishReason, chunks: list[Emission]) -> None:
        """The answer ends: the open call is complete unless `length` cut it."""
        if reason != "length":
            self.settle(chunks)

    def _begin(self, wire: FunctionCall) -> _Call:
        index = len(self._ids)
        own = wire.id or synthetic_id(self.seed, index)
        unique = own if own not in self._ids else f"{own}_{index}"
        self._ids.add(unique)
        return _Call(index, unique, wire.name or "", Arguments())


class _Call(msgspec.Struct):
    index: int
    id: str
    name: str
    steps: Arguments
    text: str | None = None
    signature: str | None = None

    def add(self, wire: FunctionCall) -> str:
        """Return what of the arguments' text *wire* adds."""
        if wire.partial_args:
            return self.steps.add(wire.partial_args)
        if self.text is not None or self.steps.began:
            return ""
        if wire.args not in (ABSENT, msgspec.Raw(b"null")):
            self.text = bytes(wire.args).decode()
            return self.text
        return ""

    def end(self) -> str:
        return self.steps.end() if self.text is None else ""

    def whole(self, origin: str) -> ToolCall:
        arguments = self.steps.whole() if self.text is None else self.text
        by = None if self.signature is None else origin
        return ToolCall(self.id, self.name, arguments, signature=self.signature, origin=by)
