"""Limits in the memory of this process: a log of what the last minute has seen."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import Final

import msgspec

from beluga.effects import Clock
from beluga.events import RateWindow
from beluga.stores.clock import SteadyClock
from beluga.stores.limits import ProviderLimits, Refusal, Reservation

__all__ = ["MemoryLimits"]

WINDOW: Final = 60.0


class MemoryLimits:
    """Keep limits for the tasks of one process, exactly: any 60 seconds count, not clock minutes.

    Args:
        clock: What a minute is measured by; by default that of the running event loop.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = SteadyClock(clock)
        self._accounts: dict[str, _Account] = {}

    async def reserve(self, key: str, limits: ProviderLimits, tokens: int) -> Reservation | Refusal:
        """Take a place for a request of so many tokens, or tell when to ask again."""
        account, now = self._account(key), self._clock.now()
        refusal = account.refusal(limits, tokens, now)
        if refusal is not None:
            return refusal
        return Reservation(key, account.admit(tokens, now), tokens)

    async def settle(self, reservation: Reservation, tokens: int) -> None:
        """Give back the slot, and replace the reserved tokens by those that were used."""
        self._account(reservation.key).settle(reservation, tokens, self._clock.now())

    async def release(self, reservation: Reservation) -> None:
        """Give back everything, since nothing was sent."""
        self._account(reservation.key).release(reservation.id)

    async def pause(self, key: str, seconds: float) -> None:
        """Admit nobody for *seconds*; a longer pause that is open stays."""
        account = self._account(key)
        account.paused_until = max(account.paused_until, self._clock.now() + seconds)

    async def learn(self, key: str, windows: Sequence[RateWindow]) -> None:
        """Take note of where the provider says that its own limits stand."""
        account, now = self._account(key), self._clock.now()
        for window in windows:
            told = _Told.of(window, now) if window.name in ("requests", "tokens") else None
            if told is not None:
                account.told[window.name] = told

    def _account(self, key: str) -> _Account:
        account = self._accounts.get(key)
        if account is None:
            account = self._accounts[key] = _Account()
        return account


class _Entry(msgspec.Struct, eq=False):
    """What one moment of the log has taken."""

    time: float
    amount: int


class _Log:
    """Amounts of the last minute, oldest first."""

    def __init__(self) -> None:
        self.entries: deque[_Entry] = deque()
        self.total = 0

    def add(self, now: float, amount: int) -> _Entry:
        entry = _Entry(now, amount)
        self.entries.append(entry)
        self.total += amount
        return entry

    def change(self, entry: _Entry, amount: int) -> None:
        if entry.amount >= 0:
            self.total += amount - entry.amount
            entry.amount = amount

    def forget_before(self, now: float) -> None:
        entries = self.entries
        while entries and entries[0].time + WINDOW <= now:
            entry = entries.popleft()
            self.total -= entry.amount
            entry.amount = -1  # no change to it counts any more

    def wait(self, amount: int, limit: int, now: float) -> float:
        """Return seconds until *amount* fits, if nothing is added until then; 0 if it does now."""
        self.forget_before(now)
        surplus = self.total + amount - limit
        if surplus <= 0:
            return 0.0
        for entry in self.entries:
            surplus -= entry.amount
            if surplus <= 0:
                return entry.time + WINDOW - now
        return math.inf


class _Told(msgspec.Struct):
    """One of the provider's own limits: what it said was left, and what was taken since."""

    left: float
    since: float
    full_at: float
    rate: float

    @classmethod
    def of(cls, window: RateWindow, now: float) -> _Told | None:
        if window.remaining is None or window.reset is None or window.reset <= 0:
            return None
        missing = (window.limit or 0) - window.remaining
        rate = missing / window.reset if missing > 0 else 0.0
        return cls(float(max(0, window.remaining)), now, now + window.reset, rate)

    def wait(self, amount: int, now: float) -> float:
        """Return seconds until *amount* is left; at the reset everything is."""
        lacking = amount - (self.left + self.rate * (now - self.since))
        if lacking <= 0 or now >= self.full_at:
            return 0.0
        until_full = self.full_at - now
        return min(lacking / self.rate, until_full) if self.rate > 0 else until_full


class _Held(msgspec.Struct, eq=False):
    request: _Entry
    tokens: _Entry


class _Account:
    """Everything known under one key."""

    def __init__(self) -> None:
        self.requests, self.tokens = _Log(), _Log()
        self.held: dict[int, _Held] = {}
        self.next_id = 0
        self.paused_until = -math.inf
        self.told: dict[str, _Told] = {}

    def refusal(self, limits: ProviderLimits, tokens: int, now: float) -> Refusal | None:
        """Return why a request cannot be admitted now, and when to ask again."""
        self.requests.forget_before(now)
        self.tokens.forget_before(now)
        waits = [(self.paused_until - now, "a cooldown is open")]
        if limits.rpm is not None:
            waits.append((self.requests.wait(1, limits.rpm, now), f"{limits.rpm} requests/min"))
        if limits.tpm is not None:
            waits.append((self.tokens.wait(tokens, limits.tpm, now), f"{limits.tpm} tokens/min"))
        for name, amount in (("requests", 1), ("tokens", tokens)):
            told = self.told.get(name)
            if told is not None:
                waits.append((told.wait(amount, now), f"the provider's limit of {name}"))
        seconds, why = max(waits)
        if seconds > 0:
            return Refusal(seconds, why)
        if limits.max_concurrent is not None and len(self.held) >= limits.max_concurrent:
            return Refusal(None, f"{limits.max_concurrent} requests at once")
        return None

    def admit(self, tokens: int, now: float) -> int:
        """Take a place and return its id."""
        self.next_id += 1
        self.held[self.next_id] = _Held(self.requests.add(now, 1), self.tokens.add(now, tokens))
        self._take_from_told(1, tokens)
        return self.next_id

    def settle(self, reservation: Reservation, tokens: int, now: float) -> None:
        """Give back the slot; what was used beyond the reservation counts from now on."""
        held = self.held.pop(reservation.id, None)
        if held is None:
            return
        if tokens <= reservation.tokens:
            self.tokens.change(held.tokens, tokens)
        else:
            self.tokens.add(now, tokens - reservation.tokens)

    def release(self, id: int) -> None:
        """Give back the slot, the request and its tokens."""
        held = self.held.pop(id, None)
        if held is not None:
            self._take_from_told(-held.request.amount, -held.tokens.amount)
            self.requests.change(held.request, 0)
            self.tokens.change(held.tokens, 0)

    def _take_from_told(self, requests: int, tokens: int) -> None:
        for name, amount in (("requests", requests), ("tokens", tokens)):
            told = self.told.get(name)
            if told is not None:
                told.left -= amount
