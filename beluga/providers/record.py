"""A provider whose wire is one of OpenAI's two, as a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from beluga.dialects.chat import ChatDialect
from beluga.dialects.chat import Quirks as ChatQuirks
from beluga.dialects.responses import Quirks as ResponsesQuirks
from beluga.dialects.responses import ResponsesDialect
from beluga.model import ChatModel
from beluga.providers.endpoint import Endpoint, base_url_of, check_settings, model_of, setting
from beluga.registry import ProviderConfig
from beluga.transport.auth import Auth
from beluga.transport.dialect import Dialect

__all__ = ["Record"]


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Describe a provider: where it is, and how its wire differs.

    Attributes:
        endpoint: Where it is and how one gets in.
        chat: How its chat completions differ.
        responses: How its Responses differ; where it has none, the server says so itself.
        api: Which of the two is used unless `settings={"api": …}` says otherwise.
        verified: Whether recordings of real exchanges stand behind it, or only documentation.
    """

    endpoint: Endpoint
    chat: ChatQuirks = ChatQuirks()
    responses: ResponsesQuirks = ResponsesQuirks(encrypted=False, openai_models=False)
    api: Literal["chat", "responses"] = "chat"
    verified: Literal["recordings", "documentation"] = "recordings"

    def model(self, config: ProviderConfig) -> ChatModel:
        """Return the model that *config* asks for.

        Raises:
            AuthError: The provider needs a key, and there is none.
            InvalidInputError: A setting or the address is wrong.
        """
        return self.model_at(base_url_of(self.endpoint, config), config)

    def model_at(
        self,
        base_url: str,
        config: ProviderConfig,
        *,
        auth: Auth | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> ChatModel:
        """Return the model that *config* asks for, at an address of the caller's."""
        check_settings(config, "api")
        provider, model = self.endpoint.provider, config.model
        api = setting(config, "api", ("chat", "responses")) or self.api
        dialect: Dialect
        if api == "chat":
            dialect = ChatDialect(provider, model, f"{base_url}/chat/completions", self.chat)
        else:
            dialect = ResponsesDialect(provider, model, f"{base_url}/responses", self.responses)
        return model_of(self.endpoint, config, dialect, auth=auth, headers=headers, api=api)
