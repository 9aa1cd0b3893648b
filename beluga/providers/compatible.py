"""Providers that speak chat completions: a record each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from beluga.dialects.chat import ChatDialect, Quirks
from beluga.model import ChatModel
from beluga.providers.endpoint import Endpoint, base_url_of, model_of
from beluga.registry import ProviderConfig

__all__ = [
    "RECORDS",
    "Compatible",
    "deepseek",
    "groq",
    "openai_compatible",
    "openrouter",
    "together",
    "xai",
]


class Compatible(msgspec.Struct, frozen=True):
    """A provider on the chat-completions wire.

    Attributes:
        endpoint: Where it is and how one gets in.
        quirks: How its wire differs.
    """

    endpoint: Endpoint
    quirks: Quirks

    def model(self, config: ProviderConfig) -> ChatModel:
        """Return the model that *config* asks for."""
        url = f"{base_url_of(self.endpoint, config)}/chat/completions"
        dialect = ChatDialect(self.endpoint.provider, config.model, url, self.quirks)
        return model_of(self.endpoint, config, dialect)


_NO_BUDGET: Final = "this server takes no such option"

RECORDS: Final[dict[str, Compatible]] = {
    record.endpoint.provider: record
    for record in (
        Compatible(
            Endpoint(
                provider="groq",
                base_url="https://api.groq.com/openai/v1",
                key_variables=("GROQ_API_KEY",),
            ),
            Quirks(
                max_tokens="max_completion_tokens",
                reasoning_replay="reasoning",
                stream_usage=True,
            ),
        ),
        Compatible(
            Endpoint(
                provider="openrouter",
                base_url="https://openrouter.ai/api/v1",
                key_variables=("OPENROUTER_API_KEY",),
            ),
            Quirks(
                top_k="top_k",
                media=frozenset({"image", "audio", "file", "file_url", "video"}),
                reasoning="object",
                reasoning_replay="reasoning",
                details=True,
                cache="marks",
            ),
        ),
        Compatible(
            Endpoint(
                provider="deepseek",
                base_url="https://api.deepseek.com",
                key_variables=("DEEPSEEK_API_KEY",),
            ),
            Quirks(
                media=frozenset(),
                missing={"seed": _NO_BUDGET},
                reasoning="switch",
                reasoning_replay="reasoning_content",
                schema=False,
                parallel=False,
            ),
        ),
        Compatible(
            Endpoint(
                provider="together",
                base_url="https://api.together.xyz/v1",
                key_variables=("TOGETHER_API_KEY",),
            ),
            Quirks(top_k="top_k", reasoning_replay="reasoning"),
        ),
        Compatible(
            Endpoint(
                provider="xai",
                base_url="https://api.x.ai/v1",
                key_variables=("XAI_API_KEY",),
            ),
            Quirks(max_tokens="max_completion_tokens", reasoning_replay="reasoning_content"),
        ),
        Compatible(
            Endpoint(
                provider="openai-compatible",
                url_variables=("OPENAI_COMPATIBLE_BASE_URL",),
                key_variables=("OPENAI_COMPATIBLE_API_KEY",),
                key="optional",
            ),
            Quirks(
                top_k="top_k",
                media=frozenset({"image", "audio", "file", "video"}),
                reasoning_replay="reasoning_content",
            ),
        ),
    )
}


def _factory(name: str) -> Callable[[ProviderConfig], ChatModel]:
    return RECORDS[name].model


groq: Final = _factory("groq")
openrouter: Final = _factory("openrouter")
deepseek: Final = _factory("deepseek")
together: Final = _factory("together")
xai: Final = _factory("xai")
openai_compatible: Final = _factory("openai-compatible")
