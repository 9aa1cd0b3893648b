"""Providers that speak OpenAI's wires: a record each."""

from __future__ import annotations

from typing import Final

from beluga.dialects.chat import Quirks
from beluga.providers.endpoint import Endpoint
from beluga.providers.record import Record

__all__ = [
    "RECORDS",
    "bifrost",
    "cerebras",
    "deepseek",
    "fireworks",
    "groq",
    "huggingface",
    "litellm",
    "llama",
    "mistral",
    "openai_compatible",
    "openrouter",
    "perplexity",
    "qwen",
    "sambanova",
    "together",
    "xai",
]

_NO_PLACE: Final = "this provider has no place for it"

_RECORDS: Final = (
    Record(
        endpoint=Endpoint(
            provider="groq",
            base_url="https://api.groq.com/openai/v1",
            key_variables=("GROQ_API_KEY",),
        ),
        chat=Quirks(
            codec="openai", max_tokens="max_completion_tokens", reasoning_replay="reasoning"
        ),
    ),
    Record(
        endpoint=Endpoint(
            provider="openrouter",
            base_url="https://openrouter.ai/api/v1",
            key_variables=("OPENROUTER_API_KEY",),
        ),
        chat=Quirks(
            codec="openai",
            top_k="top_k",
            media=frozenset({"image", "audio", "file", "video"}),
            file_urls=True,
            reasoning="object",
            reasoning_replay="reasoning",
            details=True,
            cache="marks",
        ),
    ),
    Record(
        endpoint=Endpoint(
            provider="deepseek",
            base_url="https://api.deepseek.com",
            key_variables=("DEEPSEEK_API_KEY",),
        ),
        chat=Quirks(
            media=frozenset(),
            missing={"seed": _NO_PLACE},
            reasoning="switch",
            reasoning_replay="reasoning_content",
            schema=False,
            parallel=False,
        ),
    ),
    Record(
        endpoint=Endpoint(
            provider="together",
            base_url="https://api.together.xyz/v1",
            key_variables=("TOGETHER_API_KEY",),
        ),
        chat=Quirks(top_k="top_k", reasoning_replay="reasoning"),
    ),
    Record(
        endpoint=Endpoint(
            provider="xai",
            base_url="https://api.x.ai/v1",
            key_variables=("XAI_API_KEY",),
        ),
        chat=Quirks(
            codec="openai", max_tokens="max_completion_tokens", reasoning_replay="reasoning_content"
        ),
    ),
    Record(
        endpoint=Endpoint(
            provider="mistral",
            base_url="https://api.mistral.ai/v1",
            key_variables=("MISTRAL_API_KEY",),
        ),
        chat=Quirks(
            seed="random_seed",
            media=frozenset({"image", "audio", "file"}),
            result_media=frozenset({"image"}),
            parts="mistral",
            efforts=frozenset({"none", "minimal", "low", "medium", "high", "xhigh"}),
            stream_usage=False,
            call_id_length=9,
            tool_names=True,
            none_drops_tools=True,
            metadata=True,
        ),
    ),
    Record(
        endpoint=Endpoint(
            provider="fireworks",
            base_url="https://api.fireworks.ai/inference/v1",
            key_variables=("FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY"),
        ),
        chat=Quirks(top_k="top_k", reasoning_replay="reasoning_content", strict=False),
        verified="documentation",
    ),
    Record(
        endpoint=Endpoint(
            provider="perplexity",
            base_url="https://api.perplexity.ai",
            key_variables=("PERPLEXITY_API_KEY",),
        ),
        chat=Quirks(
            missing=dict.fromkeys(("stop", "seed", "tools"), _NO_PLACE),
            stream_usage=False,
            json_object=False,
            merge_turns=True,
        ),
    ),
    Record(
        endpoint=Endpoint(
            provider="huggingface",
            base_url="https://router.huggingface.co/v1",
            key_variables=("HF_TOKEN",),
        ),
        chat=Quirks(reasoning_replay="reasoning"),
    ),
    Record(
        endpoint=Endpoint(
            provider="cerebras",
            base_url="https://api.cerebras.ai/v1",
            key_variables=("CEREBRAS_API_KEY",),
        ),
        chat=Quirks(
            codec="openai", max_tokens="max_completion_tokens", reasoning_replay="reasoning"
        ),
    ),
    Record(
        endpoint=Endpoint(
            provider="sambanova",
            base_url="https://api.sambanova.ai/v1",
            url_variables=("SAMBANOVA_BASE_URL",),
            key_variables=("SAMBANOVA_API_KEY",),
        ),
        chat=Quirks(top_k="top_k", reasoning_replay="reasoning"),
        verified="documentation",
    ),
    Record(
        endpoint=Endpoint(
            provider="qwen",
            base_url="https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
            key_variables=("DASHSCOPE_API_KEY", "ALIBABA_API_KEY"),
        ),
        chat=Quirks(
            top_k="top_k",
            media=frozenset({"image", "audio", "video"}),
            audio_url=True,
            reasoning="enable",
            reasoning_replay="reasoning_content",
            required=False,
            cache="marks",
        ),
    ),
    Record(
        endpoint=Endpoint(
            provider="llama",
            base_url="https://api.llama.com/compat/v1",
            key_variables=("LLAMA_API_KEY",),
        ),
        chat=Quirks(max_tokens="max_completion_tokens", json_object=False),
        verified="documentation",
    ),
    Record(
        endpoint=Endpoint(
            provider="litellm",
            base_url="http://localhost:4000/v1",
            url_variables=("LITELLM_PROXY_API_BASE",),
            key_variables=("LITELLM_PROXY_API_KEY",),
            key="optional",
        ),
        chat=Quirks(
            codec="openai", media=frozenset({"image", "audio", "file"}), reasoning_replay="as_sent"
        ),
    ),
    Record(
        endpoint=Endpoint(
            provider="bifrost",
            base_url="http://localhost:8080/v1",
            url_variables=("BIFROST_BASE_URL",),
            key_variables=("BIFROST_API_KEY",),
            key="optional",
        ),
        chat=Quirks(
            codec="openai", media=frozenset({"image", "audio", "file"}), reasoning_replay="as_sent"
        ),
        verified="documentation",
    ),
    Record(
        endpoint=Endpoint(
            provider="openai-compatible",
            url_variables=("OPENAI_COMPATIBLE_BASE_URL",),
            key_variables=("OPENAI_COMPATIBLE_API_KEY",),
            key="optional",
        ),
        chat=Quirks(
            top_k="top_k",
            media=frozenset({"image", "audio", "file", "video"}),
            reasoning_replay="as_sent",
        ),
    ),
)

RECORDS: Final[dict[str, Record]] = {record.endpoint.provider: record for record in _RECORDS}

bifrost: Final = RECORDS["bifrost"].model
cerebras: Final = RECORDS["cerebras"].model
deepseek: Final = RECORDS["deepseek"].model
fireworks: Final = RECORDS["fireworks"].model
groq: Final = RECORDS["groq"].model
huggingface: Final = RECORDS["huggingface"].model
litellm: Final = RECORDS["litellm"].model
llama: Final = RECORDS["llama"].model
mistral: Final = RECORDS["mistral"].model
openai_compatible: Final = RECORDS["openai-compatible"].model
openrouter: Final = RECORDS["openrouter"].model
perplexity: Final = RECORDS["perplexity"].model
qwen: Final = RECORDS["qwen"].model
sambanova: Final = RECORDS["sambanova"].model
together: Final = RECORDS["together"].model
xai: Final = RECORDS["xai"].model
