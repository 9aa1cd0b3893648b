"""What a model has made of a conversation's beginning, so that it is asked only of what is new.

What was made is known by a digest of all the messages it was made of: two conversations share it
only where they are the same, word for word.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from itertools import accumulate
from typing import TypeAlias

import msgspec

from beluga.context.arguments import check_count
from beluga.context.transcript import portions
from beluga.context.turns import Turn
from beluga.effects import Effects
from beluga.schema import Message, ToolMessage
from beluga.stores import KeyValue, MemoryStore

__all__ = ["Advance", "Rolling"]

Advance: TypeAlias = Callable[[str, Sequence[Turn], Effects], Awaitable[str]]
"""Make of what was made before, and the turns after it, what stands for both."""

_BRANCHES = 8
"""How many conversations with the same first turn are kept apart."""


class _Made(msgspec.Struct, frozen=True, array_like=True):
    turns: int
    digest: str
    text: str


class Rolling:
    """Work through a growing conversation, each turn once.

    Args:
        advance: What makes the next text.
        namespace: Stands before the keys in the store.
        store: Where it is kept; `None` for this process's memory.
        portion: Tokens that are worked on at once.
        shared: Where in the store the newest text is kept, for conversations to begin with; `None`
            if each begins with nothing.

    Raises:
        InvalidInputError: *portion* is below 1.
    """

    def __init__(
        self,
        advance: Advance,
        namespace: str,
        store: KeyValue | None,
        portion: int,
        *,
        shared: str | None = None,
    ) -> None:
        check_count("portion", portion)
        self._advance = advance
        # What began with shared knowledge holds it: nobody else may find it by the same words.
        self._namespace = namespace if shared is None else f"{namespace}-of:{shared}"
        self._store: KeyValue = MemoryStore() if store is None else store
        self._portion = portion
        self._shared = None if shared is None else self._namespace

    async def of(self, turns: Sequence[Turn], fx: Effects) -> str:
        """Return what stands for *turns*; the model is asked of new turns only."""
        if not turns:
            return await self._start()
        digests = _digests(turns)
        key = f"{self._namespace}:{digests[0]}"
        branches = await self._branches(key)
        made = max(
            [one for one in branches if _stands_for(one, digests)],
            key=lambda one: one.turns,
            default=None,
        )
        made = made or _Made(0, "", await self._start())
        for portion in portions(turns[made.turns :], self._portion):
            text = await self._advance(made.text, portion, fx)
            place = made.turns + len(portion)
            grown = _Made(place, digests[place - 1], text)
            branches = [grown, *[one for one in branches if one is not made]][:_BRANCHES]
            await self._store.set(key, msgspec.msgpack.encode(branches))
            if self._shared is not None:
                await self._store.set(self._shared, text.encode())
            made = grown
        return made.text

    async def _start(self) -> str:
        stored = None if self._shared is None else await self._store.get(self._shared)
        return "" if stored is None else stored.decode()

    async def _branches(self, key: str) -> list[_Made]:
        stored = await self._store.get(key)
        return [] if stored is None else msgspec.msgpack.decode(stored, type=list[_Made])


def _stands_for(made: _Made, digests: Sequence[str]) -> bool:
    return 0 < made.turns <= len(digests) and digests[made.turns - 1] == made.digest


def _digests(turns: Sequence[Turn]) -> list[str]:
    """Return for each turn a digest of all that was said up to it."""
    links = accumulate(turns, _link, initial=b"")
    return [link.hex() for link in links][1:]


def _link(before: bytes, turn: Turn) -> bytes:
    link = hashlib.sha256(before)
    for message in turn.messages:
        link.update(hashlib.sha256(_said(message)).digest())
    return link.digest()


def _said(message: Message) -> bytes:
    answers = message.tool_call_id if isinstance(message, ToolMessage) else ""
    return repr((type(message).__name__, message.content, answers)).encode("utf-8", "replace")
