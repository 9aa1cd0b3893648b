"""Addresses of providers, as a user or the environment gives them."""

from __future__ import annotations

from urllib.parse import urlsplit

from beluga.errors import InvalidInputError, invalid_input
from beluga.schema.redaction import shown_url

__all__ = ["checked_url"]

_LONGEST_LABEL = 63  # RFC 1035, 2.3.4


def checked_url(url: str, source: str) -> str:
    """Return an address without a slash at its end.

    Args:
        url: The address.
        source: Where it was given: `base_url`, or the name of a variable.

    Raises:
        InvalidInputError: No request can go there; the text names the source, and shows neither a
            password nor a query.
    """
    if not url.startswith(("http://", "https://")):
        raise _wrong(source, url, "must begin with http:// or https://")
    if not url.isprintable() or " " in url or "\\" in url:
        raise _wrong(source, url, "holds a space, a backslash or what cannot be seen")
    if "?" in url or "#" in url:
        raise _wrong(source, url, "ends where the path does: a provider's own path follows it")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise _wrong(source, url, "is no URL") from None
    if not host or not (":" in host or _is_host(host)):
        raise _wrong(source, url, "names no host")
    return url.rstrip("/")


def _is_host(host: str) -> bool:
    return all(0 < len(label) <= _LONGEST_LABEL for label in host.removesuffix(".").split("."))


def _wrong(source: str, url: str, what: str) -> InvalidInputError:
    got = "one with a name or a password" if "@" in url else repr(shown_url(url))
    return invalid_input(f"{source} {what}; got {got}")
