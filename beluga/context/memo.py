"""What has been computed of a message, kept for when the history comes again, a turn longer."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

from beluga.schema import Message

__all__ = ["Memo"]

T = TypeVar("T")

_LIMIT = 1 << 14


class Memo(Generic[T]):
    """Values by message.

    A message is known by its identity: hashing its text again would cost as much as the value.
    The memo holds the message, so that no other one can take its identity.

    Args:
        limit: The most messages it holds; beyond, the oldest are forgotten.
    """

    def __init__(self, limit: int = _LIMIT) -> None:
        self._limit = limit
        self._values: dict[int, tuple[Message, T]] = {}
        self._lock = threading.Lock()

    def get(self, message: Message) -> T | None:
        """Return what is known of *message*."""
        found = self._values.get(id(message))
        return None if found is None else found[1]

    def put(self, message: Message, value: T) -> T:
        """Remember *value*, and return it."""
        with self._lock:
            while len(self._values) >= self._limit:
                del self._values[next(iter(self._values))]
            self._values[id(message)] = (message, value)
        return value
