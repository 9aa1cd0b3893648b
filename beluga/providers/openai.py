"""OpenAI."""

from __future__ import annotations

from typing import Final

from beluga.dialects.chat import Quirks as ChatQuirks
from beluga.dialects.responses import Quirks as ResponsesQuirks
from beluga.model import ChatModel
from beluga.providers.endpoint import Endpoint, base_url_of, environment
from beluga.providers.record import Record
from beluga.registry import ProviderConfig

__all__ = ["RECORD", "openai"]

RECORD: Final = Record(
    endpoint=Endpoint(
        provider="openai",
        base_url="https://api.openai.com/v1",
        url_variables=("OPENAI_BASE_URL",),
        key_variables=("OPENAI_API_KEY",),
    ),
    chat=ChatQuirks(
        codec="openai",
        max_tokens="max_completion_tokens",
        media=frozenset({"image", "audio", "file"}),
        cache="openai",
        openai_models=True,
    ),
    responses=ResponsesQuirks(),
    api="responses",
)


def openai(config: ProviderConfig) -> ChatModel:
    """Return a model of OpenAI's, by Responses, or with `settings={"api": "chat"}` by chat.

    Read from the environment, where not given: `OPENAI_API_KEY`, `OPENAI_BASE_URL`, `OPENAI_ORG_ID`
    and `OPENAI_PROJECT_ID`.
    """
    named = {
        "OpenAI-Organization": environment(("OPENAI_ORG_ID",)),
        "OpenAI-Project": environment(("OPENAI_PROJECT_ID",)),
    }
    headers = {name: value for name, value in named.items() if value is not None}
    return RECORD.model_at(base_url_of(RECORD.endpoint, config), config, headers=headers)
