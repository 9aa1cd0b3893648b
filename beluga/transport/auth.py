"""Who puts a key on a request, and where keys come from."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Awaitable, Callable
from typing import Final, Protocol, TypeAlias
from urllib.parse import quote, unquote, urlsplit

from beluga.errors import invalid_input
from beluga.schema.headers import carries_key, is_header_value
from beluga.transport.http import HttpRequest

__all__ = ["Auth", "Credentials", "KeyAuth", "NoAuth", "fixed", "secrets_of"]

SHORTEST: Final = 8
"""Of a shorter value than this it would be rash to say that it is a key wherever it stands."""

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
        """Return *request* with the key in its header.

        Raises:
            InvalidInputError: The credentials gave what is no key.
        """
        key = await self._credentials()
        if not isinstance(key, str) or not key or not is_header_value(key):
            raise invalid_input(f"credentials must give a key as text; they gave {_kind_of(key)}")
        return request.with_headers({self._header: f"{self._prefix}{key}"})


def secrets_of(plain: HttpRequest, signed: HttpRequest) -> list[str]:
    """Return the credentials on a request, in each form in which a server may echo them.

    They are the last words of what `authorize` has put on it and of headers that are named after a
    key, and what stands before an address's `@`.
    """
    words: list[str] = []
    for name, value in signed.headers.items():
        is_added = plain.headers.get(name) != value
        if is_added or (carries_key(name) and len(value) >= SHORTEST):
            words += value.split()[-1:]
    if "@" in signed.url:
        words += _in_address(signed.url)
    return [*dict.fromkeys([form for word in words for form in _forms(word)])]


def _in_address(url: str) -> list[str]:
    parts = urlsplit(url)
    name, password = unquote(parts.username or ""), unquote(parts.password or "")
    basic = b64encode(f"{name}:{password}".encode()).decode()
    return [parts.password or "", password, basic] if password else [name]


def _forms(secret: str) -> list[str]:
    return [secret, quote(secret, safe=""), secret.replace("/", "\\/")]


def _kind_of(key: object) -> str:
    """Say what is wrong with a key without showing it."""
    if not isinstance(key, str):
        return f"a {type(key).__name__}"
    return "one with a space or a line's end at its side, or beyond ASCII" if key else "nothing"


def fixed(key: str) -> Credentials:
    """Return credentials that are always *key*."""

    async def give() -> str:
        return key

    return give
