"""Costs against those of genai-prices, which reads bodies and prices them by itself."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import pytest

from beluga import Usage, cost
from beluga.catalog import dated, table
from beluga.errors import ModelError
from beluga.model import ChatModel
from beluga.schema import AIMessage
from tests.conformance.corpus import Recording, recordings
from tests.conformance.providers import BY_FOLDER
from tests.conformance.server import Reply, Server, serving

genai_prices = pytest.importorskip("genai_prices", reason="genai-prices is not installed")

PROVIDERS = {
    "anthropic": "anthropic",
    "cerebras": "cerebras",
    "cohere": "cohere",
    "fireworks": "fireworks",
    "google": "google",
    "groq": "groq",
    "mistral": "mistral",
    "openai": "openai",
    "together": "together",
    "xai": "x-ai",
}
AT = datetime.fromisoformat(f"{dated()}T12:00:00+00:00")

ANOTHER_WAY: Mapping[str, str] = {
    "claude-sonnet-4-5-20250929": "prices of prompts that it no longer takes",
    "gpt-5.6-cyber": "the price of a long prompt is in one list only",
    "magistral-medium-latest": "it takes the name for one of a family with another price",
    "magistral-small-latest": "likewise",
}


def usages() -> Iterator[Usage]:
    yield Usage(1000, 200)
    yield Usage(50_000, 10_000, cached_tokens=40_000)
    yield Usage(150_000, 1, cache_write_tokens=100_000)
    yield Usage(300_000, 20_000, cached_tokens=1000, cache_write_tokens=2000)


def quietly(ask: Callable[[], Any]) -> Any:
    """Return what genai-prices says, or nothing if it does not know the model."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ask()
        except (LookupError, ValueError):  # an unknown model; a body without usage
            return None


def theirs(provider: str, model: str, usage: Usage) -> float | None:
    counts = genai_prices.Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cached_tokens,
        cache_write_tokens=usage.cache_write_tokens,
    )
    price = quietly(
        lambda: genai_prices.calc_price(
            counts, model, provider_id=PROVIDERS[provider], genai_request_timestamp=AT
        )
    )
    if price is None:
        return None
    known = price.model_price
    if usage.cached_tokens and known.cache_read_mtok is None:
        return None  # it takes the price of what is not cached
    if usage.cache_write_tokens and known.cache_write_mtok is None:
        return None
    return float(price.total_price)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_model_that_both_know(provider: str) -> None:
    differing, compared = [], 0
    for name in table.names(provider):
        for usage in usages():
            mine, other = cost(usage, f"{provider}:{name}"), theirs(provider, name, usage)
            if mine is None or other is None or name in ANOTHER_WAY:
                continue
            compared += 1
            if mine != pytest.approx(other, rel=1e-9):
                differing.append(f"{name} {usage}: {mine:g} and {other:g}")
    assert not differing, "\n".join(differing)
    assert compared >= 5


FLAVOURS = {
    "anthropic": "default",
    "google": "default",
    "groq": "default",
    "mistral": "default",
    "openai_chat": "chat",
    "openai_responses": "responses",
}


@pytest.mark.real_time
@pytest.mark.parametrize("folder", FLAVOURS)
async def test_answers_out_of_recordings(folder: str) -> None:
    stored = [r for r in recordings(folder) if r.status == 200 and not r.streaming and r.request]
    if not stored:
        pytest.skip(f"no recordings of {folder} beside the repository")
    row = BY_FOLDER[folder]
    differing, compared = [], 0

    async def use(server: Server) -> None:
        nonlocal compared
        for recording in stored:
            server.reply = Reply(200, recording.headers, recording.body)
            name = asked(recording)
            message = await answer(row.model_at(server.url, name))
            other = billed(PROVIDERS[row.provider], FLAVOURS[folder], name, recording, message)
            if message.cost is None or other is None or name in ANOTHER_WAY:
                continue
            compared += 1
            if message.cost != pytest.approx(other, rel=1e-9):
                differing.append(f"{recording.place} {name}: {message.cost:g} and {other:g}")

    await serving(use)
    assert not differing, "\n".join(differing)
    assert compared >= 8


async def answer(model: ChatModel) -> AIMessage:
    async with model:
        try:
            return await model.generate("Hi")
        except ModelError:
            return AIMessage("")  # a refusal, which is recorded too


def asked(recording: Recording) -> str:
    assert recording.request is not None
    named = recording.request.get("model")
    if isinstance(named, str):
        return named
    return recording.url.partition("/models/")[2].partition(":")[0] or "unknown"


def billed(
    provider: str, flavour: str, model: str, recording: Recording, message: AIMessage
) -> float | None:
    body = json.loads(recording.body)
    if any(word in recording.body for word in (b'"AUDIO"', b'"VIDEO"')):
        return None  # what was asked of it is not asked here again

    def ask() -> Any:
        found = genai_prices.extract_usage(body, provider_id=provider, api_flavor=flavour)
        read = found.usage.cache_read_tokens
        if message.usage.cached_tokens and not read:
            return None  # it does not know where Mistral tells them
        return genai_prices.calc_price(
            found.usage, model, provider_id=provider, genai_request_timestamp=AT
        )

    price = quietly(ask) if body.get("usage") or body.get("usageMetadata") else None
    if price is None or (message.usage.cached_tokens and not price.model_price.cache_read_mtok):
        return None
    return float(price.total_price)
