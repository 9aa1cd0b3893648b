"""No option is dropped in silence: it changes what is sent, or it is refused before."""

from __future__ import annotations

from typing import Any, Final, cast

import pytest

import beluga
from beluga import (
    JsonObject,
    JsonSchema,
    ModelError,
    NamedTool,
    Options,
    PromptCache,
    TextFormat,
    ToolSpec,
    UnsupportedError,
)
from tests.providers.stored import StoredHttp

TOOLS: Final = (ToolSpec("f", "F."), ToolSpec("g", "G."))
SCHEMA: Final = JsonSchema("n", {"type": "object", "properties": {}, "additionalProperties": False})

SET: Final[dict[str, dict[str, object]]] = {
    "temperature": {"temperature": 0.25},
    "top_p": {"top_p": 0.5},
    "top_k": {"top_k": 7},
    "max_tokens": {"max_tokens": 77},
    "stop": {"stop": ["END"]},
    "seed": {"seed": 7},
    "presence_penalty": {"presence_penalty": 0.5},
    "frequency_penalty": {"frequency_penalty": 0.5},
    "tools": {"tools": TOOLS},
    "tool_choice required": {"tools": TOOLS, "tool_choice": "required"},
    "tool_choice none": {"tools": TOOLS, "tool_choice": "none"},
    "tool_choice named": {"tools": TOOLS, "tool_choice": NamedTool("g")},
    "parallel_tool_calls": {"tools": TOOLS, "parallel_tool_calls": False},
    "strict": {"tools": [ToolSpec("f", "F.", strict=True)]},
    "JsonObject": {"response_format": JsonObject()},
    "JsonSchema": {"response_format": SCHEMA},
    "reasoning": {"reasoning": "high"},
    "reasoning none": {"reasoning": "none"},
    "extra": {"extra": {"some_key": 1}},
    "extra_headers": {"extra_headers": {"x-some": "1"}},
    "prompt_cache ttl": {"prompt_cache": PromptCache(ttl="24h")},
}
BESIDE: Final[dict[str, dict[str, object]]] = {
    "tool_choice required": {"tools": TOOLS},
    "tool_choice none": {"tools": TOOLS},
    "tool_choice named": {"tools": TOOLS},
    "parallel_tool_calls": {"tools": TOOLS},
    "strict": {"tools": [ToolSpec("f", "F.")]},
}
"""What an option is compared with, where it needs company."""

LOCAL: Final[dict[str, object]] = {
    "metadata": {"team": "whales"},
    "cache": "skip",
    "timeout": 5.0,
    "unsupported": "warn",
    "response_format": TextFormat(),
    "tool_choice": "auto",
    "prompt_cache": "auto",
}
"""Tags, what is this library's own, and what says the provider's default: never refused."""

PROVIDERS: Final = [name for name in beluga.list_providers() if name != "mock"]

MODELS: Final = {
    "anthropic": "claude-sonnet-4-5",
    "azure": "gpt-4o",
    "bedrock": "anthropic.claude-sonnet-4-5-20250929-v1:0",
    "google": "gemini-2.5-flash",
    "openai": "gpt-4o",
}

AS_IT_IS: Final = {"prompt_cache ttl", "reasoning none"}
"""What may be so already: nothing is cached there, or the model thinks only when it is asked to."""


async def sent(provider: str, options: dict[str, object]) -> tuple[bytes, dict[str, str]] | None:
    """What goes over the wire, or `None` if it was refused before."""
    http = StoredHttp("{}")
    model = beluga.new(
        provider,
        model=MODELS.get(provider, "some-model"),
        api_key="test-key",
        base_url="http://localhost/v1",
        http=http,
        settings={"region": "us-east-1"} if provider == "bedrock" else {},
    )
    with pytest.raises(ModelError) as raised:  # the stored answer is none
        await model.generate("Hi.", **cast("Options", options))
    if isinstance(raised.value, UnsupportedError):
        assert raised.value.local
        assert not http.requests
        return None
    [request] = http.requests
    headers: dict[str, Any] = {**request.headers}
    return request.body, headers


@pytest.mark.parametrize("option", SET)
@pytest.mark.parametrize("provider", PROVIDERS)
async def test_an_option_is_sent_or_refused(provider: str, option: str) -> None:
    with_it = await sent(provider, SET[option])
    without = await sent(provider, BESIDE.get(option, {}))
    if with_it is None or (option in AS_IT_IS and with_it == without):
        return
    assert with_it != without


@pytest.mark.parametrize("option", LOCAL)
@pytest.mark.parametrize("provider", PROVIDERS)
async def test_what_is_local_is_never_refused(provider: str, option: str) -> None:
    assert await sent(provider, {option: LOCAL[option]}) is not None
