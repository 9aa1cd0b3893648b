"""Who puts a key on a request, and where keys come from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

from beluga.transport.http import HttpRequest

__all__ = ["Auth", "Credentials", "KeyAuth", "NoAuth", "added_secrets", "fixed"]

Credentials: TypeAlias = Callable[[], Awaitable[str]]
"""Give a key or token that is valid now. It is asked before every request, and may refresh."""


class Auth(Protocol):
    """Whoever can make a request acceptable to a provider."""

    async def authorize(self, request: HttpRequest, /) -> HttpRequest:
        """Return *request* with credentials on it."""


class NoAuth:
    """Send requests as they are: for servers that ask for no key."""

    async def authorize(self, request: HttpRequest, /) -> HttpRequest:
        """Return *request*."""
        return request


class KeyAuth:
    """Put a key into a header.

    Args:
        credentials: Where the key comes from.
        header: The header's name.
        prefix: What stands before the key.
    """

    def __init__(
        self, credentials: Credentials, *, header: str = "authorization", prefix: str = "Bearer "
    ) -> None:
        self._credentials, self._header, self._prefix = credentials, header, prefix

    async def authorize(self, request: HttpRequest, /) -> HttpRequest:
        """Return *request* with the key in its header."""
        key = await self._credentials()
        return request.with_headers({self._header: f"{self._prefix}{key}"})


def added_secrets(plain: HttpRequest, signed: HttpRequest) -> list[str]:
    """Return the credentials that `authorize` has put on a request: a header's last word."""
    values = [value for name, value in signed.headers.items() if plain.headers.get(name) != value]
    return [word for value in values for word in value.split()[-1:]]


def fixed(key: str) -> Credentials:
    """Return credentials that are always *key*."""

    async def give() -> str:
        return key

    return give
