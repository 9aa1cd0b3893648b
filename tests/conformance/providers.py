"""Whose recordings they are, and how that provider is reached through the registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

import msgspec

from beluga.model import ChatModel
from beluga.registry import list_providers, new
from beluga.schema import JsonValue
from tests.conformance.corpus import Recording
from tests.conformance.reasons import Wire
from tests.conformance.usage import Counting

__all__ = ["BY_FOLDER", "Row", "row_of_provider"]


class Row(msgspec.Struct, frozen=True):
    """One provider's way in.

    Attributes:
        provider: Its name in the registry.
        wire: The format it speaks.
        model: Which of its models to ask.
        counting: What its token counts mean.
        base: What stands between the host and the format's own path.
        settings: What else the registry is told.
    """

    provider: str
    wire: Wire
    model: str
    counting: Counting
    base: str = ""
    settings: Mapping[str, JsonValue] = {}

    @property
    def entry(self) -> str:
        """The name under which the registry knows it; others speak chat completions or nothing."""
        fallback = "openai-compatible" if self.wire == "chat" else self.provider
        return self.provider if self.provider in list_providers() else fallback

    @property
    def spoken(self) -> bool:
        """Whether there is a provider that speaks the format."""
        return self.entry in list_providers()

    def model_at(self, url: str, model: str | None = None) -> ChatModel:
        """Return the model, served at *url*."""
        return new(
            self.entry,
            model=model or self.model,
            api_key="test-key",
            base_url=url + self.base,
            settings=self.settings,
        )

    def path(self, recording: Recording) -> str:
        """Return where the request belongs, below the host."""
        whole, streamed = _PATHS[self.wire]
        path = streamed if recording.streaming else whole
        return self.base + path.format(model=quote(self.model, safe=""))


_PATHS: Final[Mapping[Wire, tuple[str, str]]] = {
    "chat": ("/chat/completions", "/chat/completions"),
    "mistral": ("/chat/completions", "/chat/completions"),
    "responses": ("/responses", "/responses"),
    "anthropic": ("/v1/messages", "/v1/messages"),
    "google": (
        "/v1beta/models/{model}:generateContent",
        "/v1beta/models/{model}:streamGenerateContent?alt=sse",
    ),
    "bedrock": ("/model/{model}/converse", "/model/{model}/converse-stream"),
    "cohere": ("/v2/chat", "/v2/chat"),
    "ollama": ("/api/chat", "/api/chat"),
}


def _chat(provider: str, model: str, counting: Counting = "chat", **settings: JsonValue) -> Row:
    return Row(provider, "chat", model, counting, "/v1", settings)


def _responses(provider: str, model: str) -> Row:
    return Row(provider, "responses", model, "responses", "/v1", {"api": "responses"})


_NATIVE: Final[Mapping[str, Row]] = {
    "anthropic": Row("anthropic", "anthropic", "claude-sonnet-4-5", "anthropic"),
    "google": Row("google", "google", "gemini-2.5-flash", "google"),
    "bedrock": Row(
        "bedrock",
        "bedrock",
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "bedrock",
        settings={"region": "us-east-1"},
    ),
    "cohere": Row("cohere", "cohere", "command-a-03-2025", "cohere"),
    "mistral": Row("mistral", "mistral", "mistral-small-latest", "chat", "/v1"),
    "ollama": Row("ollama", "ollama", "llama3.2", "ollama"),
    "openai": _responses("openai", "gpt-5-mini"),
}

BY_FOLDER: Final[Mapping[str, Row]] = {
    **_NATIVE,
    "openai_chat": _chat("openai", "gpt-4o-mini", api="chat"),
    "groq": _chat("groq", "llama-3.3-70b-versatile"),
    "openrouter": _chat("openrouter", "openai/gpt-4o-mini"),
    "deepseek": _chat("deepseek", "deepseek-chat"),
    "together": _chat("together", "meta-llama/Llama-3.3-70B-Instruct-Turbo"),
    "xai": _chat("xai", "grok-3-mini", "chat, reasoning apart"),
    "azure": _chat("azure", "gpt-4o-mini"),
    "cerebras": _chat("cerebras", "llama-3.3-70b"),
    "huggingface": _chat("huggingface", "meta-llama/Llama-3.3-70B-Instruct"),
    "qwen": _chat("qwen", "qwen-plus"),
    "perplexity": _chat("perplexity", "sonar"),
    "moonshot": _chat("moonshot", "kimi-k2"),
    "zai": _chat("zai", "glm-4.6"),
    "crusoe": _chat("crusoe", "gpt-oss-120b"),
    "litellm-proxy": _chat("litellm", "gpt-3.5-turbo"),
    "ollama_compat": _chat("openai-compatible", "llama3.2"),
    "openai-compatible": _chat("openai-compatible", "grok-3-mini"),
    "google_openai_compat": _chat("openai-compatible", "gemini-2.5-flash", "chat, reasoning apart"),
    "openai_responses": _responses("openai", "gpt-5-mini"),
    "azure_responses": _responses("azure", "gpt-5-mini"),
    "deepseek_responses": _responses("openai", "deepseek-chat"),
    "lmstudio_responses": _responses("openai", "gpt-oss-20b"),
    "xai_responses": _responses("openai", "grok-4"),
    "openrouter_responses": _responses("openai", "openai/gpt-5-mini"),
    "bedrock-mantle_responses": _responses("openai", "openai.gpt-oss-120b"),
}


def row_of_provider(provider: str) -> Row:
    """Return the row of a provider by its registered name; one that has none speaks chat."""
    return _NATIVE.get(provider) or BY_FOLDER.get(provider) or _chat(provider, "some-model")
