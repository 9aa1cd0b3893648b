"""Limits that many share: how much may be asked of a provider in a minute, and at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from beluga.errors import invalid_input
from beluga.events import RateWindow

__all__ = ["LimitStore", "ProviderLimits", "Refusal", "Reservation"]


class ProviderLimits(msgspec.Struct, frozen=True):
    """Say how much may be asked of a provider; `None` is no limit.

    Attributes:
        rpm: Requests in any minute.
        tpm: Tokens in any minute, input and output together.
        max_concurrent: Requests under way at once.
        cooldown_on_retry: Seconds without admissions after a 429 that carries no hint.

    Raises:
        InvalidInputError: A limit is not above zero.
    """

    rpm: int | None = None
    tpm: int | None = None
    max_concurrent: int | None = None
    cooldown_on_retry: float | None = None

    def __post_init__(self) -> None:
        for name in ("rpm", "tpm", "max_concurrent"):
            value = getattr(self, name)
            whole = isinstance(value, int) and not isinstance(value, bool)
            if value is not None and not (whole and value > 0):
                raise invalid_input(
                    f"{name} must be a whole number above 0; got {value!r}. "
                    "Leave it out for no limit"
                )
        pause = self.cooldown_on_retry
        number = isinstance(pause, int | float) and not isinstance(pause, bool)
        if pause is not None and not (number and 0 <= pause < float("inf")):
            raise invalid_input(
                f"cooldown_on_retry must be a number of seconds, 0 or more; got {pause!r}"
            )


class Reservation(msgspec.Struct, frozen=True):
    """A place that a request holds in a limit.

    Attributes:
        key: Which limit.
        id: Which reservation of that limit.
        tokens: How many tokens were reserved.
    """

    key: str
    id: int
    tokens: int


class Refusal(msgspec.Struct, frozen=True):
    """There is no place at present.

    Attributes:
        seconds: When to ask again; `None` if that depends on a request that is under way.
        why: What is exhausted, in words.
    """

    seconds: float | None
    why: str


class LimitStore(Protocol):
    """Keep the account of limits, each under a key; those who share a key share the limit.

    Each method takes effect as a whole or, if it is cancelled, not at all. In no minute do
    reserved and used tokens together exceed the limit, but for what a settlement finds to have
    been used beyond its reservation; that is a debt on the minute that follows.
    """

    async def reserve(self, key: str, limits: ProviderLimits, tokens: int) -> Reservation | Refusal:
        """Take a place for a request of so many tokens, or tell when to ask again."""

    async def settle(self, reservation: Reservation, tokens: int) -> None:
        """Give back the slot, and replace the reserved tokens by those that were used."""

    async def release(self, reservation: Reservation) -> None:
        """Give back everything, since nothing was sent."""

    async def pause(self, key: str, seconds: float) -> None:
        """Admit nobody for *seconds*; a longer pause that is open stays."""

    async def learn(self, key: str, windows: Sequence[RateWindow]) -> None:
        """Take note of where the provider says that its own limits stand."""
