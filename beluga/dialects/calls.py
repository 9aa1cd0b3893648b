"""Tool calls as they come over a wire: whole, in fragments, with and without ids and indices."""

from __future__ import annotations

import hashlib

import msgspec

from beluga.schema import Emission, FinishReason, PartDone, ToolCall, ToolCallDelta
from beluga.schema.parts import load_object

__all__ = ["CallAssembler", "argument_object", "is_synthetic", "synthetic_id"]

_SYNTHETIC = "beluga_"


def synthetic_id(seed: str, index: int) -> str:
    """Return an id for a call that its provider gave none; the same for the same answer.

    Args:
        seed: What tells this answer from others, such as the response's id.
        index: Which call of the answer it is.
    """
    digest = hashlib.blake2b(seed.encode(), digest_size=8).hexdigest()
    return f"{_SYNTHETIC}{digest}_{index}"


def is_synthetic(call_id: str) -> bool:
    """Whether `synthetic_id` made this id, so that its provider has never seen it."""
    return call_id.startswith(_SYNTHETIC)


def argument_object(text: str) -> object:
    """Return a call's arguments, byte for byte, for a wire that takes nothing but objects.

    What is no object goes back in a wrapper that says so, as Anthropic's guide to fine-grained tool
    streaming has it.
    """
    try:
        return msgspec.Raw(text.encode()) if load_object(text) else {}
    except ValueError:
        return {"INVALID_JSON": text}


class CallAssembler:
    """Assemble calls from fragments, told apart by index, id and the end of a JSON object.

    No fragment is lost: what cannot be told apart belongs to the last call.
    """

    def __init__(self) -> None:
        self.seed = ""
        self._calls: list[_Open] = []
        self._by_index: dict[int, _Open] = {}
        self._by_given_id: dict[str, _Open] = {}
        self._ids: set[str] = set()
        self._last: _Open | None = None

    def __len__(self) -> int:
        """How many calls there are so far."""
        return len(self._calls)

    def fragment(
        self, index: int | None, call_id: str | None, name: str | None, arguments: str | None
    ) -> list[Emission]:
        """Take in a fragment and return its delta; an empty one that opens no call gives none."""
        identity, name, arguments = call_id or "", name or "", arguments or ""
        call = self._find(index, identity, name, arguments)
        if call is None:
            if not (identity or name or arguments):
                return []
            call = self._open(index, identity)
        self._last = call
        call.name = call.name or name
        if arguments:
            call.pieces.append(arguments)
        shown = "" if call.shown else call.id
        if not (shown or name or arguments):
            return []
        call.shown = True
        return [ToolCallDelta(call.index, shown, name, arguments)]

    def sign(self, signature: str, origin: str) -> None:
        """Attach an opaque proof to the last call."""
        if self._last is not None:
            self._last.signature, self._last.origin = signature, origin

    def close(self, reason: FinishReason) -> list[Emission]:
        """Return the calls that the end of the answer proves complete.

        An answer cut by `length` cuts its last call; one before it is whole if it is JSON.
        """
        calls, self._calls = self._calls, []
        if reason == "length":
            calls = [c for c in calls if c is not self._last and c.is_complete()]
        return [PartDone(call.index, call.whole()) for call in calls]

    def _find(self, index: int | None, id: str, name: str, arguments: str) -> _Open | None:
        if index is not None:
            call = self._by_index.get(index)
        elif id:
            call = self._by_given_id.get(id)
        else:
            call = self._last
        if call is None or self._begins_another(call, id, name, arguments):
            return None
        return call

    @staticmethod
    def _begins_another(call: _Open, id: str, name: str, arguments: str) -> bool:
        """Whether a fragment that points to *call* is the start of another one all the same."""
        if id and call.given_id and id != call.given_id:
            return True
        starts_anew = bool(name) and arguments.lstrip().startswith("{")
        return (starts_anew or (bool(name) and name != call.name)) and call.is_complete()

    def _open(self, index: int | None, id: str) -> _Open:
        position = len(self._calls)
        unique = id or synthetic_id(self.seed, position)
        while unique in self._ids:
            unique = f"{unique}_{position}"
        self._ids.add(unique)
        call = _Open(position, unique, id)
        self._calls.append(call)
        if id:
            self._by_given_id[id] = call
        if index is not None:
            self._by_index[index] = call
        return call


class _Open(msgspec.Struct):
    index: int
    id: str
    given_id: str
    name: str = ""
    pieces: list[str] = []
    shown: bool = False
    signature: str | None = None
    origin: str | None = None

    def is_complete(self) -> bool:
        text = "".join(self.pieces)
        if not text.strip():
            return False
        try:
            load_object(text)
        except ValueError:
            return False
        return True

    def whole(self) -> ToolCall:
        return ToolCall(
            self.id,
            self.name,
            "".join(self.pieces),
            signature=self.signature,
            origin=self.origin,
        )
