"""Ollama, on one's own machine or as a service."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

import msgspec

from beluga.dialects.ollama import Loading, OllamaDialect
from beluga.errors import invalid_input
from beluga.model import ChatModel
from beluga.providers.address import checked_url
from beluga.providers.endpoint import Endpoint, base_url_of, environment, model_of
from beluga.registry import ProviderConfig
from beluga.schema.redaction import shown_url

__all__ = ["ENDPOINT", "ollama"]

ENDPOINT: Final = Endpoint(
    provider="ollama",
    base_url="http://127.0.0.1:11434",
    key_variables=("OLLAMA_API_KEY",),
    key="optional",
)

VARIABLE: Final = "OLLAMA_HOST"
PORT: Final = 11434
SERVICE: Final = "ollama.com"
_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # nothing is bound here
_SCHEME_PORTS: Final = {"http": 80, "https": 443}


def ollama(config: ProviderConfig) -> ChatModel:
    """Return a model of an Ollama server.

    The server is `base_url`, else what `OLLAMA_HOST` says, else this machine. A key is sent if
    there is one: `api_key` or `OLLAMA_API_KEY`, as the service at `https://ollama.com` wants it.

    Settings: `num_ctx`, the tokens of context to load the model with, since a server cuts longer
    conversations without a word; and `keep_alive`, how long to keep it loaded, in seconds or as
    `"10m"`. Other options of the server's go through `extra={"options": {"mirostat": 2}}`, and an
    effort for a model that knows levels, other than gpt-oss, through `extra={"think": "high"}`.

    Raises:
        InvalidInputError: An address or a setting is none.
    """
    url = f"{base_url_of(_endpoint(), config)}/api/chat"
    dialect = OllamaDialect(ENDPOINT.provider, config.model, url, _loading(config))
    return model_of(ENDPOINT, config, dialect)


def _endpoint() -> Endpoint:
    host = environment((VARIABLE,))
    return (
        msgspec.structs.replace(ENDPOINT, base_url=checked_url(_address(host), VARIABLE))
        if host
        else ENDPOINT
    )


def _address(host: str) -> str:
    """Return the address that `OLLAMA_HOST` stands for: `host`, `host:port`, `:port` or a URL.

    Servers read the same variable, where `0.0.0.0` means all addresses; a client takes its own.
    """
    scheme, found, rest = host.partition("://")
    if not found:
        scheme, rest = "https" if host == SERVICE else "http", host
    try:
        parts = urlsplit(f"//{rest}")
        port = parts.port
    except ValueError:
        raise invalid_input(f"{VARIABLE} names no host and port: {shown_url(host)!r}") from None
    if any(mark in host for mark in "?#@"):
        raise invalid_input(f"{VARIABLE} is a host, host:port, :port or a URL, and no more")
    name = parts.hostname or "127.0.0.1"
    name = _EVERYWHERE.get(name, name)
    if port is None:
        port = _SCHEME_PORTS.get(scheme, PORT) if found or host == SERVICE else PORT
    shown = f"[{name}]" if ":" in name else name
    return f"{scheme}://{shown}:{port}{parts.path}"


def _loading(config: ProviderConfig) -> Loading:
    unknown = config.settings.keys() - set(Loading.__struct_fields__)
    if unknown:
        known = " and ".join(Loading.__struct_fields__)
        raise invalid_input(f"ollama takes the settings {known}; got {min(unknown)!r}")
    try:
        return msgspec.convert(dict(config.settings), Loading)
    except msgspec.ValidationError as error:
        raise invalid_input(f"setting of ollama: {error}") from None
