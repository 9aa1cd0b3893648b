"""OpenAI."""

from __future__ import annotations

from typing import Final

from beluga.dialects.chat import ChatDialect, Quirks
from beluga.model import ChatModel
from beluga.providers.endpoint import Endpoint, base_url_of, environment, model_of
from beluga.registry import ProviderConfig

__all__ = ["ENDPOINT", "QUIRKS", "openai"]

ENDPOINT: Final = Endpoint(
    provider="openai",
    base_url="https://api.openai.com/v1",
    url_variables=("OPENAI_BASE_URL",),
    key_variables=("OPENAI_API_KEY",),
)

QUIRKS: Final = Quirks(
    max_tokens="max_completion_tokens",
    media=frozenset({"image", "audio", "file"}),
    cache="openai",
    openai_models=True,
)


def openai(config: ProviderConfig) -> ChatModel:
    """Return a model of OpenAI's.

    Read from the environment, where not given: `OPENAI_API_KEY`, `OPENAI_BASE_URL`, `OPENAI_ORG_ID`
    and `OPENAI_PROJECT_ID`.
    """
    url = f"{base_url_of(ENDPOINT, config)}/chat/completions"
    dialect = ChatDialect(ENDPOINT.provider, config.model, url, QUIRKS)
    return model_of(ENDPOINT, config, dialect, headers=_account())


def _account() -> dict[str, str]:
    named = {
        "OpenAI-Organization": environment(("OPENAI_ORG_ID",)),
        "OpenAI-Project": environment(("OPENAI_PROJECT_ID",)),
    }
    return {name: value for name, value in named.items() if value is not None}
