"""Values under keys, for a time: the protocol, and an implementation in memory."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Final, Protocol

from beluga.effects import Clock
from beluga.errors import invalid_input
from beluga.stores.clock import SteadyClock

__all__ = ["KeyValue", "MemoryStore"]

MEBIBYTE: Final = 1024 * 1024


class KeyValue(Protocol):
    """Keep bytes under keys, for a time. An implementation may forget at any time."""

    async def get(self, key: str, /) -> bytes | None:
        """Return what is kept under *key*, or `None`."""

    async def set(self, key: str, value: bytes, /, ttl: float | None = None) -> None:
        """Keep *value* under *key*, for *ttl* seconds if given."""

    async def delete(self, key: str, /) -> None:
        """Forget *key*, if it is known."""


class MemoryStore:
    """Keep values in this process; the least recently used ones go first.

    Args:
        max_entries: How many values at most.
        max_bytes: How many bytes all values may have together; one that is larger is not kept.
        clock: What time to live is measured by; by default that of the running event loop.

    Raises:
        InvalidInputError: A bound is below 1.
    """

    def __init__(
        self,
        max_entries: int = 1024,
        max_bytes: int = 64 * MEBIBYTE,
        *,
        clock: Clock | None = None,
    ) -> None:
        for name, bound in (("max_entries", max_entries), ("max_bytes", max_bytes)):
            if bound < 1:
                raise invalid_input(f"{name} must be at least 1; got {bound!r}")
        self._max_entries, self._max_bytes = max_entries, max_bytes
        self._clock = SteadyClock(clock)
        self._entries: OrderedDict[str, tuple[bytes, float]] = OrderedDict()
        self._bytes = 0

    async def get(self, key: str, /) -> bytes | None:
        """Return what is kept under *key*, or `None`."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        value, expiry = entry
        if expiry <= self._clock.now():
            self._forget(key)
            return None
        self._entries.move_to_end(key)
        return value

    async def set(self, key: str, value: bytes, /, ttl: float | None = None) -> None:
        """Keep *value* under *key*, for *ttl* seconds if given."""
        self._forget(key)
        if len(value) > self._max_bytes:
            return
        expiry = math.inf if ttl is None else self._clock.now() + ttl
        self._entries[key] = value, expiry
        self._bytes += len(value)
        while len(self._entries) > self._max_entries or self._bytes > self._max_bytes:
            self._forget(next(iter(self._entries)))

    async def delete(self, key: str, /) -> None:
        """Forget *key*, if it is known."""
        self._forget(key)

    def __len__(self) -> int:
        return len(self._entries)

    def _forget(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= len(entry[0])
