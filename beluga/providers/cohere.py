"""Cohere, as a service or on one's own machines."""

from __future__ import annotations

from typing import Final

from beluga.dialects.cohere import CohereDialect
from beluga.model import ChatModel
from beluga.providers.endpoint import Endpoint, base_url_of, check_settings, model_of
from beluga.registry import ProviderConfig

__all__ = ["ENDPOINT", "cohere"]

ENDPOINT: Final = Endpoint(
    provider="cohere",
    base_url="https://api.cohere.com",
    url_variables=("CO_API_URL", "CO_BASE_URL"),
    key_variables=("CO_API_KEY", "COHERE_API_KEY"),
)


def cohere(config: ProviderConfig) -> ChatModel:
    """Return a model of Cohere's.

    Documents to cite go through `extra={"documents": [...]}`, or are text files in a tool's
    result. What a model means to do with its tools is reasoning, and goes back with the calls.

    Raises:
        AuthError: There is no key: `api_key`, `CO_API_KEY` or `COHERE_API_KEY`.
    """
    check_settings(config)
    url = f"{base_url_of(ENDPOINT, config)}/v2/chat"
    return model_of(ENDPOINT, config, CohereDialect(ENDPOINT.provider, config.model, url))
