"""Azure OpenAI: OpenAI's wires, at an address and with keys of one's own."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final
from urllib.parse import quote

import anyio.to_thread

from beluga.dialects.chat import ChatDialect
from beluga.dialects.chat import Quirks as ChatQuirks
from beluga.dialects.responses import Quirks as ResponsesQuirks
from beluga.errors import invalid_input
from beluga.model import ChatModel
from beluga.providers.address import checked_url
from beluga.providers.endpoint import (
    Endpoint,
    auth_of,
    check_settings,
    environment,
    model_of,
    setting,
)
from beluga.providers.record import Record
from beluga.registry import ProviderConfig
from beluga.transport.auth import Auth, Credentials, KeyAuth

__all__ = ["RECORD", "azure"]

RECORD: Final = Record(
    endpoint=Endpoint(
        provider="azure",
        url_variables=("AZURE_OPENAI_ENDPOINT",),
        key_variables=("AZURE_OPENAI_API_KEY",),
        header="api-key",
        prefix="",
    ),
    chat=ChatQuirks(
        codec="openai",
        max_tokens="max_completion_tokens",
        media=frozenset({"image", "audio"}),
        cache="openai",
        openai_models=True,
    ),
    responses=ResponsesQuirks(),
)

_SCOPE: Final = "https://cognitiveservices.azure.com/.default"


def azure(config: ProviderConfig) -> ChatModel:
    """Return a deployment on Azure; the model's name is the deployment's.

    The address is `base_url` as it is (it ends in `/openai/v1`), or the resource that
    `AZURE_OPENAI_ENDPOINT` names. The key is `api_key` or `AZURE_OPENAI_API_KEY`; `credentials`
    give Entra ID tokens, and without either they come from azure-identity, if it is installed.

    `settings={"api_version": "2024-10-21"}` uses the older form of address, by deployment.
    """
    auth = _auth(config)
    version = config.settings.get("api_version")
    if version is None:
        return RECORD.model_at(_base_url(config), config, auth=auth)
    check_settings(config, "api", "api_version")
    if setting(config, "api", ("chat", "responses")) == "responses":
        raise invalid_input("azure has Responses at its address without an api_version only")
    root = _base_url(config).removesuffix("/openai/v1")
    deployment = f"{root}/openai/deployments/{quote(config.model, safe='')}"
    path = f"{deployment}/chat/completions?api-version={version}"
    dialect = ChatDialect(RECORD.endpoint.provider, config.model, path, RECORD.chat)
    return model_of(RECORD.endpoint, config, dialect, auth=auth, api="chat")


def _base_url(config: ProviderConfig) -> str:
    if config.base_url:
        return checked_url(config.base_url, "base_url")
    resource = environment(RECORD.endpoint.url_variables)
    if resource is None:
        raise invalid_input(
            "azure needs an address: set AZURE_OPENAI_ENDPOINT to the resource, or give base_url"
        )
    root = checked_url(resource, RECORD.endpoint.url_variables[0])
    return root if root.endswith("/v1") else f"{root}/openai/v1"


def _auth(config: ProviderConfig) -> Auth:
    if config.credentials is not None:
        return KeyAuth(config.credentials)
    given = config.api_key or environment(RECORD.endpoint.key_variables)
    if given is None and find_spec("azure") is not None and find_spec("azure.identity") is not None:
        return KeyAuth(_entra())
    return auth_of(RECORD.endpoint, config)


def _entra() -> Credentials:
    """Tokens of the running identity. The library caches and refreshes them, in blocking code."""
    from azure.identity import DefaultAzureCredential

    identity = DefaultAzureCredential()

    async def token() -> str:
        given = await anyio.to_thread.run_sync(identity.get_token, _SCOPE)
        return str(given.token)

    return token
