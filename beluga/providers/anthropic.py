"""Anthropic: Claude, through the Messages API."""

from __future__ import annotations

from typing import Final

import msgspec

from beluga.dialects.anthropic import AnthropicDialect
from beluga.model import ChatModel
from beluga.providers.endpoint import (
    Endpoint,
    base_url_of,
    check_settings,
    environment,
    model_of,
    setting,
)
from beluga.registry import ProviderConfig

__all__ = ["KEY", "TOKEN", "anthropic"]

KEY: Final = Endpoint(
    provider="anthropic",
    base_url="https://api.anthropic.com",
    url_variables=("ANTHROPIC_BASE_URL",),
    key_variables=("ANTHROPIC_API_KEY",),
    header="x-api-key",
    prefix="",
)
TOKEN: Final = msgspec.structs.replace(
    KEY, key_variables=("ANTHROPIC_AUTH_TOKEN",), header="authorization", prefix="Bearer "
)


def anthropic(config: ProviderConfig) -> ChatModel:
    """Return a model of Anthropic's, or of a server that speaks its Messages.

    The key is `ANTHROPIC_API_KEY`, sent as `x-api-key`. Without one, `ANTHROPIC_AUTH_TOKEN` is sent
    as a bearer token; `settings={"auth": "token"}` sends what `api_key` or `credentials` give so.
    """
    check_settings(config, "auth")
    endpoint = _endpoint(config)
    url = f"{base_url_of(endpoint, config)}/v1/messages"
    return model_of(endpoint, config, AnthropicDialect(endpoint.provider, config.model, url))


def _endpoint(config: ProviderConfig) -> Endpoint:
    chosen = setting(config, "auth", ("key", "token"))
    if chosen is not None:
        return TOKEN if chosen == "token" else KEY
    given = config.api_key is not None or config.credentials is not None
    if given or environment(KEY.key_variables) is not None:
        return KEY
    return TOKEN if environment(TOKEN.key_variables) is not None else KEY
