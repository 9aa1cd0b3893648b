"""Where a provider is and how one gets in: the part that all of them share."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from beluga.errors import AuthError, invalid_input
from beluga.providers.address import checked_url
from beluga.registry import ProviderConfig
from beluga.schema import Failure, GenerateOptions, ModelInfo
from beluga.schema.headers import is_header_value
from beluga.transport.auth import Auth, KeyAuth, NoAuth, fixed
from beluga.transport.dialect import Dialect
from beluga.transport.http_model import HttpModel

__all__ = [
    "Endpoint",
    "auth_of",
    "base_url_of",
    "check_settings",
    "environment",
    "model_of",
    "setting",
]

_QUOTES: Final = "\"'`"


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's public address and its way of asking for a key.

    Attributes:
        provider: Its name in the registry.
        base_url: Its public address; `None` if everybody runs their own.
        url_variables: Environment variables that name another address, the first one set wins.
        key_variables: Environment variables that hold the key, the first one set wins.
        key: Whether it needs one.
        header: The header that carries the key.
        prefix: What stands before it.
    """

    provider: str
    base_url: str | None = None
    url_variables: tuple[str, ...] = ()
    key_variables: tuple[str, ...] = ()
    key: Literal["required", "optional"] = "required"
    header: str = "authorization"
    prefix: str = "Bearer "


def environment(names: tuple[str, ...]) -> str | None:
    """Return the first of these environment variables that is set to something."""
    values = [os.environ.get(name, "").strip() for name in names]
    return next((value for value in values if value), None)


def base_url_of(endpoint: Endpoint, config: ProviderConfig) -> str:
    """Return the address to use, without a slash at its end.

    Raises:
        InvalidInputError: None is known, or it is no URL.
    """
    if config.base_url:
        return checked_url(config.base_url, "base_url")
    for variable in endpoint.url_variables:
        url = environment((variable,))
        if url is not None:
            return checked_url(url, variable)
    if endpoint.base_url is None:
        variables = f" or set {endpoint.url_variables[0]}" if endpoint.url_variables else ""
        raise invalid_input(f"{endpoint.provider} needs an address: give base_url{variables}")
    return endpoint.base_url.rstrip("/")


def auth_of(endpoint: Endpoint, config: ProviderConfig) -> Auth:
    """Return who puts the key on requests.

    Raises:
        AuthError: The provider needs a key, and there is none; the text names the variable.
    """
    if config.credentials is not None:
        return KeyAuth(config.credentials, header=endpoint.header, prefix=endpoint.prefix)
    key = config.api_key or environment(endpoint.key_variables)
    if key is not None:
        return KeyAuth(fixed(_checked_key(key)), header=endpoint.header, prefix=endpoint.prefix)
    if endpoint.key == "optional":
        return NoAuth()
    variables = " or ".join(endpoint.key_variables)
    message = f"{endpoint.provider} needs a key: set {variables}, or give api_key or credentials"
    raise AuthError(Failure("auth_error", message, endpoint.provider, config.model, local=True))


def _checked_key(key: str) -> str:
    """Refuse what is no key, without showing it."""
    if not is_header_value(key):
        raise invalid_input(
            "the key holds a line's end, a space at a side, or a character beyond ASCII; "
            "give it without what stands around it"
        )
    if key[0] in _QUOTES or key[-1] in _QUOTES:
        raise invalid_input("the key is in quotes; give it without them")
    return key


def model_of(
    endpoint: Endpoint,
    config: ProviderConfig,
    dialect: Dialect,
    *,
    auth: Auth | None = None,
    headers: Mapping[str, str] | None = None,
    api: str | None = None,
    region: str | None = None,
) -> HttpModel:
    """Return the model that a configuration asks for, by one of the provider's wires: *api*."""
    # httpx is imported with the first model that needs it, not with the registry.
    from beluga.transport.httpx_http import HttpxHttp

    timeouts = GenerateOptions(timeout=config.timeouts)
    return HttpModel(
        ModelInfo(model=config.model, provider=endpoint.provider, api=api),
        dialect,
        config.http if config.http is not None else HttpxHttp(),
        auth if auth is not None else auth_of(endpoint, config),
        defaults=timeouts.merge(config.defaults),
        headers={**(headers or {}), **config.headers},
        owns_http=config.http is None,
        region=region,
    )


def check_settings(config: ProviderConfig, *known: str) -> None:
    """Refuse a setting of a name that the provider does not know.

    Raises:
        InvalidInputError: There is one.
    """
    unknown = [name for name in config.settings if name not in known]
    if unknown:
        there = f"there are {', '.join(known)}" if known else "there are none"
        raise invalid_input(f"unknown setting {unknown[0]!r}; {there}")


def setting(config: ProviderConfig, name: str, allowed: tuple[str, ...]) -> str | None:
    """Return a setting that takes one of a few words.

    Raises:
        InvalidInputError: It is another word.
    """
    value = config.settings.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or value not in allowed:
        raise invalid_input(f"setting {name} takes {' or '.join(allowed)}; got {value!r}")
    return value
