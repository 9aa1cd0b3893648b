"""OpenRouter's reasoning details: opaque items, which a stream cuts into pieces."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

__all__ = ["ReasoningDetails"]

_JOINED = ("text", "summary", "data")


class ReasoningDetails:
    """Collect the items of one answer, so that they can go back as they came.

    A whole answer's items are kept byte for byte. Of a stream, pieces with the same type and index
    are one item: what they hold as text is joined, and anything else is the last that was said.
    """

    def __init__(self) -> None:
        self._raw: list[bytes] = []

    def take(self, items: Sequence[msgspec.Raw]) -> None:
        """Take in the items of a message, or of a delta."""
        self._raw += [bytes(item) for item in items]

    def text(self) -> str | None:
        """Return the JSON array of all items, or `None` if there are none."""
        if not self._raw:
            return None
        items: dict[tuple[object, object], list[bytes]] = {}
        for position, raw in enumerate(self._raw):
            items.setdefault(_identity(raw, position), []).append(raw)
        whole = [raws[0] if len(raws) == 1 else _joined(raws) for raws in items.values()]
        return f"[{b','.join(whole).decode()}]"


class _Identity(msgspec.Struct, frozen=True):
    type: object = None
    index: object = None


_identify = msgspec.json.Decoder(_Identity).decode


def _identity(raw: bytes, position: int) -> tuple[object, object]:
    try:
        found = _identify(raw)
    except msgspec.MsgspecError:
        return None, position
    return str(found.type), position if found.index is None else str(found.index)


def _joined(raws: Sequence[bytes]) -> bytes:
    whole: dict[str, object] = {}
    for raw in raws:
        for key, value in msgspec.json.decode(raw, type=dict[str, object]).items():
            before = whole.get(key)
            if key in _JOINED and isinstance(before, str) and isinstance(value, str):
                whole[key] = before + value
            elif value is not None or key not in whole:
                whole[key] = value
    return msgspec.json.encode(whole)
